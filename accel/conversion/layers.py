"""One handler per layer: a Keras layer and the port that feeds it become a block of `hw`.

A new layer is one function here and one line in `HANDLERS`.
"""

from collections.abc import Callable

import numpy as np

from accel.conversion.draft import LayerDraft
from accel.conversion.formats import Place, activation_of, format_of
from accel.conversion.settings import HlsConfig, reuse_factor
from accel.conversion.weights import layer_weight, weight_codes
from accel.qkeras_compat import keras
from hw.block import Spec
from hw.errors import ChronogateError
from hw.function.quantizer import Quantizer
from hw.layer.activation import Activation
from hw.layer.dense import Dense
from hw.layer.flatten import Flatten
from hw.layer.gru import GRU
from hw.layer.lstm import LSTM
from hw.number.fixed_point import FixedPoint
from hw.stream import Port

Handler = Callable[[LayerDraft, Port, HlsConfig], Spec]


def activation(layer: LayerDraft, source: Port, config: HlsConfig) -> Spec:
    """`QActivation`, or the activation argument of another layer."""
    return Activation(source.channels, source.format, quantizer_of(layer), source.steps)


def quantizer_of(layer: LayerDraft) -> Quantizer:
    """Return what a `QActivation` computes."""
    return activation_of(layer.quantizer, Place(layer.name, "activation"))


def flatten(layer: LayerDraft, source: Port, config: HlsConfig) -> Spec:
    """`Flatten`, or a `Reshape` of all time steps into one vector."""
    if source.steps is None or layer.shape != (source.steps * source.channels,):
        raise ChronogateError(
            f"layer {layer.name!r}: a reshape to {layer.shape} is not supported: "
            "reshape the window before the model, or use Flatten"
        )
    return Flatten(source.steps, source.channels, source.format)


def dense(layer: LayerDraft, source: Port, config: HlsConfig) -> Spec:
    """`QDense` after a flat input."""
    if source.steps is not None:
        raise ChronogateError(
            f"layer {layer.name!r}: QDense on every time step is not supported: "
            "put a Flatten before it"
        )
    kernel, kernel_format = _weight(layer, "kernel", "kernel_quantizer")
    bias, bias_format = _bias(layer, (kernel.shape[1],), kernel_format)
    reuse = reuse_factor(config, layer.name, layer.types, "ReuseFactor")
    return Dense(kernel, bias, source.format, kernel_format, bias_format, reuse or kernel.shape[0])


def lstm(layer: LayerDraft, source: Port, config: HlsConfig) -> Spec:
    """`QLSTM`; Keras and `hw.layer.lstm` share the gate order i f c o."""
    kernel, kernel_format = _weight(layer, "kernel", "kernel_quantizer")
    recurrent, recurrent_format = _weight(layer, "recurrent_kernel", "recurrent_quantizer")
    bias, bias_format = _bias(layer, (kernel.shape[1],), kernel_format)
    input_reuse, recurrent_reuse = _recurrent_reuse(layer, config)
    return LSTM(
        kernel, recurrent, bias, source.format, kernel_format, recurrent_format, bias_format,
        _state(layer), _activation(layer, "activation"), _activation(layer, "recurrent_activation"),
        _steps(layer, source), input_reuse, recurrent_reuse,
    )  # fmt: skip


def gru(layer: LayerDraft, source: Port, config: HlsConfig) -> Spec:
    """`QGRU` of both forms; Keras and `hw.layer.gru` share the gate order z r h."""
    kernel, kernel_format = _weight(layer, "kernel", "kernel_quantizer")
    recurrent, recurrent_format = _weight(layer, "recurrent_kernel", "recurrent_quantizer")
    reset_after = bool(layer.source.cell.reset_after)
    rows = 1 + reset_after
    bias, bias_format = _bias(layer, (rows, kernel.shape[1]), kernel_format)
    bias = bias.reshape(rows, -1)
    input_reuse, recurrent_reuse = _recurrent_reuse(layer, config)
    return GRU(
        kernel, recurrent, bias[0], bias[1] if reset_after else np.zeros_like(bias[0]),
        source.format, kernel_format, recurrent_format, bias_format,
        _state(layer), _activation(layer, "activation"), _activation(layer, "recurrent_activation"),
        reset_after, _steps(layer, source), input_reuse, recurrent_reuse,
    )  # fmt: skip


HANDLERS: dict[str, Handler] = {
    "QActivation": activation,
    "Flatten": flatten,
    "Reshape": flatten,
    "QDense": dense,
    "QLSTM": lstm,
    "QGRU": gru,
}
"""By Keras class name."""


def _cell(layer: LayerDraft) -> keras.layers.Layer:
    return getattr(layer.source, "cell", layer.source)


def _weight(layer: LayerDraft, weight: str, argument: str) -> tuple[np.ndarray, FixedPoint]:
    quantizer = getattr(_cell(layer), f"{argument}_internal")
    return weight_codes(layer.name, weight, layer_weight(layer.source, weight), quantizer, argument)


def _bias(
    layer: LayerDraft, shape: tuple[int, ...], kernel_format: FixedPoint
) -> tuple[np.ndarray, FixedPoint]:
    if not _cell(layer).use_bias:
        return np.zeros(shape, dtype=np.int64), kernel_format
    return _weight(layer, "bias", "bias_quantizer")


def _state(layer: LayerDraft) -> FixedPoint:
    return format_of(_cell(layer).state_quantizer_internal, Place(layer.name, "state_quantizer"))


def _activation(layer: LayerDraft, argument: str) -> Quantizer:
    return activation_of(getattr(_cell(layer), argument), Place(layer.name, argument))


def _steps(layer: LayerDraft, source: Port) -> int:
    if source.steps is None:
        raise ChronogateError(
            f"layer {layer.name!r}: it needs one beat per time step: "
            "do not flatten the window before it"
        )
    return source.steps


def _recurrent_reuse(layer: LayerDraft, config: HlsConfig) -> tuple[int, int]:
    product = reuse_factor(config, layer.name, layer.types, "ReuseFactor")
    recurrent = reuse_factor(config, layer.name, layer.types, "RecurrentReuseFactor")
    default = _cell(layer).units
    return product or recurrent or default, recurrent or product or default
