"""Drawn QKeras models: shapes, formats, layers, reuse factors and modes from one seed.

Every choice is a whole number of a known range, and is kept: the same choices give the same model,
smaller ones a smaller model (`tests.fuzz.shrink`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from accel.qkeras_compat import keras, qkeras

Choice = TypeVar("Choice")

KINDS = (
    "mlp", "lstm", "gru before", "gru after", "quantizers", "recurrent", "convolutional", "graph",
)  # fmt: skip
FUZZED = (*KINDS, "stream")
"""Kinds that `tests.fuzz` draws."""

ROUNDINGS = ("TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "RND_CONV")
OVERFLOWS = ("WRAP", "SAT", "SAT_ZERO", "SAT_SYM")

SERIES = 3
"""Series that a model of the kind ``stream`` takes at once, its batch."""


@dataclass(frozen=True)
class DrawnModel:
    """A model and the configuration to convert it with; `choices` made it."""

    kind: str
    model: keras.Model
    hls_config: dict[str, object]
    choices: tuple[int, ...] = ()


class Draw:
    """Choices from one seed, or those of an earlier draw.

    Parameters
    ----------
    seed
        Of the choices and of the weights.
    choices
        Distances of every choice from its least value, to be made again; 0 where they end.
    broad
        Whether to draw wide formats, inputs without a quantizer, modes and targets, too.
    """

    def __init__(
        self, seed: int, choices: Sequence[int] | None = None, broad: bool = False
    ) -> None:
        self._rng = np.random.default_rng(seed)
        self._weights = np.random.default_rng([seed, 1])
        self._given = None if choices is None else list(choices)
        self.choices: list[int] = []
        self.broad = broad
        self.precision = ""
        """Of the input, where no layer quantizes it."""

    def pick(self, choices: Sequence[Choice]) -> Choice:
        """Return one of `choices`."""
        return choices[self.number(0, len(choices) - 1)]

    def number(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both possible."""
        if self._given is None:
            chosen = int(self._rng.integers(low, high, endpoint=True)) - low
        else:
            chosen = min(self._given.pop(0), high - low) if self._given else 0
        self.choices.append(chosen)
        return low + chosen

    def bits(self, low: int = 2, high: int = 8, integer: int = 2) -> qkeras.quantized_bits:
        """Return a `quantized_bits`: signed, symmetric or unsigned."""
        form = self.pick([{}, {}, {"symmetric": 1}, {"keep_negative": False}])
        if self.broad and self.number(0, 15) == 15:
            high = 16
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

    def start(self) -> list[keras.layers.Layer]:
        """Return the layer that quantizes the input, or none: then `precision` does it."""
        if self.broad and self.number(0, 3) == 3:
            width = self.number(2, 9)
            modes = f"{self.pick(ROUNDINGS)},{self.pick(OVERFLOWS)}"
            kind = self.pick(["fixed", "fixed", "ufixed"])
            self.precision = f"{kind}<{width},{self.number(-1, width + 1)},{modes}>"
            return []
        return [qkeras.QActivation(self.input_quantizer())]

    def dense(self) -> qkeras.QDense:
        """Return a `QDense`, with an activation argument or without."""
        return qkeras.QDense(
            self.number(1, 6),
            activation=self.pick([None, self.squashing(), self.gate()]),
            use_bias=self.pick([True, True, False]),
            kernel_quantizer=self.bits(),
            bias_quantizer=self.bits(integer=3),
        )

    def recurrent(self, kind: str, **more: object) -> keras.layers.RNN:
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
            **more,
        )

    def weights(self, model: keras.Model) -> None:
        """Give `model` weights of all sizes, some of them saturating.

        Layers without quantizers of their own get weights on a grid, and variances are positive.
        """
        scale = self.pick([0.4, 0.8, 1.5])
        for layer in model.layers:
            drawn = [self._weights.normal(0, scale, w.shape) for w in layer.get_weights()]
            if isinstance(layer, keras.layers.DepthwiseConv1D):
                drawn = [np.round(w * 16) / 16 for w in drawn]
            if isinstance(layer, qkeras.QBatchNormalization):
                drawn[-1] = np.abs(drawn[-1]) + 0.1
            layer.set_weights(drawn)

    def reuse(self, products: int) -> int:
        """Return a reuse factor: unrolled, odd, all, or more than all."""
        return self.pick([1, 2, 3, self.number(1, products), products, products + 3])


def draw_model(seed: int, choices: Sequence[int] | None = None) -> DrawnModel:
    """Return the model of `seed`; kinds alternate."""
    return _drawn(KINDS[seed % len(KINDS)], Draw(seed, choices))


def draw_fuzzed(seed: int, choices: Sequence[int] | None = None) -> DrawnModel:
    """Return the model of `seed` with any mode, input and target; kinds alternate."""
    return _drawn(FUZZED[seed % len(FUZZED)], Draw(seed, choices, broad=True))


def _drawn(kind: str, draw: Draw) -> DrawnModel:
    from tests.flow.families import FAMILIES

    if kind in FAMILIES:
        model = FAMILIES[kind](draw)
    else:
        steps, features = draw.number(1, 5), draw.number(1, 4)
        model = keras.Sequential([keras.layers.Input((steps, features)), *_chain(draw, kind)])
    draw.weights(model)
    settings = _settings(draw, model)
    if draw.broad:
        settings |= _whole_model(draw, kind)
    if draw.precision:
        name = model.input_names[0]
        settings["LayerName"][name] = {"Precision": draw.precision}
    return DrawnModel(kind, model, settings, tuple(draw.choices))


def _chain(draw: Draw, kind: str) -> list[keras.layers.Layer]:
    body = draw.start()
    if body and draw.number(0, 3) == 0:
        body.append(qkeras.QActivation(draw.squashing()))
    body.append(keras.layers.Flatten() if kind == "mlp" else draw.recurrent(kind))
    if draw.number(0, 1) and not (draw.precision and kind == "mlp"):  # it would be the input's
        body.append(qkeras.QActivation(draw.squashing()))
    body += [draw.dense() for _ in range(draw.number(kind == "mlp", 2))]
    if draw.number(0, 1):
        body.append(qkeras.QActivation(draw.bits()))
    return body


def _settings(draw: Draw, model: keras.Model) -> dict[str, dict[str, dict[str, object]]]:
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
            if draw.broad:
                layers[layer.name] |= draw.pick([
                    {}, {}, {}, {"SkipZeros": True}, {"Strategy": "Shared"},
                ])  # fmt: skip
        else:
            layers[layer.name] |= draw.pick([
                {}, {}, {}, {"SkipZeros": True}, {"Strategy": "Shared"},
                {"Strategy": "Latency", "ReuseFactor": 1},
            ])  # fmt: skip
    return {"LayerName": layers}


def _whole_model(draw: Draw, kind: str) -> dict[str, dict[str, object]]:
    """Return the mode, the number of series and a target, most often none."""
    mode: dict[str, object] = {}
    if kind != "stream" and draw.number(0, 9) == 9:
        mode["Mode"] = "Sliding"
    elif draw.number(0, 9) == 9:
        mode["Series"] = draw.number(2, SERIES)
    if draw.number(0, 11) == 11:
        mode["TargetInterval"] = draw.number(30, 300)
    return {"Model": mode} if mode else {}
