"""Drawn QKeras models: shapes, formats, layers and reuse factors from one seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from accel.qkeras_compat import keras, qkeras

Choice = TypeVar("Choice")

KINDS = (
    "mlp", "lstm", "gru before", "gru after", "quantizers", "recurrent", "convolutional", "graph",
)  # fmt: skip


@dataclass(frozen=True)
class DrawnModel:
    """A model and the reuse factors to convert it with."""

    kind: str
    model: keras.Model
    hls_config: dict[str, object]


class Draw:
    """Choices from one seed."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def pick(self, choices: Sequence[Choice]) -> Choice:
        """Return one of `choices`."""
        return choices[int(self._rng.integers(len(choices)))]

    def number(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both possible."""
        return int(self._rng.integers(low, high, endpoint=True))

    def bits(self, low: int = 2, high: int = 8, integer: int = 2) -> qkeras.quantized_bits:
        """Return a `quantized_bits`: signed, symmetric or unsigned."""
        form = self.pick([{}, {}, {"symmetric": 1}, {"keep_negative": False}])
        return qkeras.quantized_bits(
            self.number(low, high), self.number(0, integer), **{"alpha": 1, **form}
        )

    def squashing(self) -> object:
        """Return an activation for a candidate or between layers."""
        return self.pick([
            qkeras.quantized_tanh(self.number(2, 8), symmetric=self.pick([False, True])),
            qkeras.quantized_relu(self.number(1, 8), self.number(0, 2)),
            self.bits(),
            qkeras.hard_tanh,
        ])  # fmt: skip

    def gate(self) -> object:
        """Return an activation for a gate."""
        return self.pick([
            qkeras.quantized_sigmoid(self.number(1, 8)),
            qkeras.quantized_sigmoid(self.number(4, 8)),
            qkeras.hard_sigmoid,
            qkeras.quantized_relu(self.number(2, 6), 0),
        ])  # fmt: skip

    def input_quantizer(self) -> object:
        """Return what brings the input onto its grid."""
        return self.pick([
            self.bits(), self.bits(4), qkeras.quantized_relu(self.number(2, 8), self.number(0, 2)),
            qkeras.quantized_tanh(self.number(2, 8), symmetric=self.pick([False, True])),
        ])  # fmt: skip

    def dense(self) -> qkeras.QDense:
        """Return a `QDense`, with an activation argument or without."""
        return qkeras.QDense(
            self.number(1, 6),
            activation=self.pick([None, self.squashing(), self.gate()]),
            use_bias=self.pick([True, True, False]),
            kernel_quantizer=self.bits(),
            bias_quantizer=self.bits(integer=3),
        )

    def recurrent(self, kind: str) -> keras.layers.RNN:
        """Return a `QLSTM` or `QGRU`."""
        options = {"reset_after": kind == "gru after"} if kind.startswith("gru") else {}
        state = self.pick([self.bits(2, 8, 1), self.bits(4, 8, 1),
                           qkeras.quantized_tanh(self.number(3, 8))])  # fmt: skip
        return (qkeras.QLSTM if kind == "lstm" else qkeras.QGRU)(
            self.number(1, 6),
            activation=self.squashing(),
            recurrent_activation=self.gate(),
            use_bias=self.pick([True, True, True, False]),
            kernel_quantizer=self.bits(high=6),
            recurrent_quantizer=self.bits(high=6),
            bias_quantizer=self.bits(integer=1),
            state_quantizer=state,
            **options,
        )

    def weights(self, model: keras.Model) -> None:
        """Give `model` weights of all sizes, some of them saturating.

        Layers without quantizers of their own get weights on a grid, and variances are positive.
        """
        scale = self.pick([0.4, 0.8, 1.5])
        for layer in model.layers:
            drawn = [self._rng.normal(0, scale, w.shape) for w in layer.get_weights()]
            if isinstance(layer, keras.layers.DepthwiseConv1D):
                drawn = [np.round(w * 16) / 16 for w in drawn]
            if isinstance(layer, qkeras.QBatchNormalization):
                drawn[-1] = np.abs(drawn[-1]) + 0.1
            layer.set_weights(drawn)

    def reuse(self, products: int) -> int:
        """Return a reuse factor: unrolled, odd, all, or more than all."""
        return self.pick([1, 2, 3, self.number(1, products), products, products + 3])


def draw_model(seed: int) -> DrawnModel:
    """Return the model of `seed`; kinds alternate."""
    from tests.flow.families import FAMILIES

    draw = Draw(seed)
    kind = KINDS[seed % len(KINDS)]
    if kind in FAMILIES:
        model = FAMILIES[kind](draw)
    else:
        steps, features = draw.number(1, 5), draw.number(1, 4)
        model = keras.Sequential([keras.layers.Input((steps, features)), *_chain(draw, kind)])
    draw.weights(model)
    return DrawnModel(kind, model, _settings(draw, model))


def _chain(draw: Draw, kind: str) -> list[keras.layers.Layer]:
    body: list[keras.layers.Layer] = [qkeras.QActivation(draw.input_quantizer())]
    if draw.number(0, 3) == 0:
        body.append(qkeras.QActivation(draw.squashing()))
    body.append(keras.layers.Flatten() if kind == "mlp" else draw.recurrent(kind))
    if draw.number(0, 1):
        body.append(qkeras.QActivation(draw.squashing()))
    body += [draw.dense() for _ in range(draw.number(kind == "mlp", 2))]
    if draw.number(0, 1):
        body.append(qkeras.QActivation(draw.bits()))
    return body


def _settings(draw: Draw, model: keras.Model) -> dict[str, object]:
    """Return reuse factors for all layers, and now and then another strategy."""
    layers: dict[str, dict[str, object]] = {}
    for layer in model.layers:
        cell = getattr(getattr(layer, "forward_layer", layer), "cell", layer)
        kernel = getattr(cell, "kernel", getattr(cell, "depthwise_kernel", None))
        if kernel is None:
            continue
        # The gates of a unit are computed at once and do not count.
        units = int(getattr(cell, "units", kernel.shape[-1]))
        products = int(np.prod(kernel.shape[:-1])) * units
        layers[layer.name] = {"ReuseFactor": draw.reuse(products)}
        if cell is not layer:
            layers[layer.name]["RecurrentReuseFactor"] = draw.reuse(units * units)
        else:
            layers[layer.name] |= draw.pick([
                {}, {}, {}, {"SkipZeros": True}, {"Strategy": "Shared"},
                {"Strategy": "Latency", "ReuseFactor": 1},
            ])  # fmt: skip
    return {"LayerName": layers}
