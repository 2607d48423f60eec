"""Refusals that need only the Keras model: what the hardware cannot do exactly, by layer name."""

from collections.abc import Callable

from accel.conversion.canonical import is_canonical
from accel.keras_models.calls import input_shapes
from accel.qkeras_compat import keras
from hw.errors import ChronogateError

SUPPORTED = (
    "InputLayer", "QActivation", "Activation", "ReLU", "LeakyReLU",
    "QDense", "Dense", "TimeDistributed",
    "QSimpleRNN", "QLSTM", "QGRU", "Bidirectional", "QBidirectional",
    "QConv1D", "Conv1D", "DepthwiseConv1D", "QSeparableConv1D", "SeparableConv1D",
    "MaxPooling1D", "AveragePooling1D", "GlobalMaxPooling1D", "GlobalAveragePooling1D",
    "QBatchNormalization", "BatchNormalization",
    "Add", "Subtract", "Multiply", "Average", "Concatenate",
    "Flatten", "Reshape", "Permute", "RepeatVector", "Cropping1D", "ZeroPadding1D",
    "Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout",
)  # fmt: skip
"""Class names; the last row does nothing after training."""

INTERNAL = ("CellState",)
"""Class names of layers that only `accel.conversion.canonical` makes."""

EXTENSIONS: set[str] = set()
"""Class names that `accel.conversion.layers.registry.register_layer` added."""


def check_model(model: object) -> None:
    """Refuse a model that is no graph of supported layers.

    Raises
    ------
    ChronogateError
        Naming the layer, what is unsupported and what to write instead.
    """
    if not isinstance(model, keras.Model):
        raise ChronogateError(
            f"a {type(model).__module__}.{type(model).__name__} is no Keras 2 model: build it with "
            "tf_keras (TF_USE_LEGACY_KERAS=1) and QKeras layers"
        )
    _check_graph(model)
    for layer in model.layers:
        _check_layer(layer)


def _check_graph(model: keras.Model) -> None:
    name = model.name
    sequential = isinstance(model, keras.Sequential)
    if not sequential and not model._is_graph_network:
        raise ChronogateError(
            f"model {name!r} is a subclass of keras.Model: write it as "
            "keras.Sequential or with the functional API"
        )
    if not model.built or not model.inputs:
        raise ChronogateError(
            f"model {name!r} has no input shape yet: begin it with "
            "keras.layers.Input((look_back, features))"
        )
    for shape in input_shapes(model):
        if None in shape[1:]:
            raise ChronogateError(
                f"model {name!r} takes inputs of shape {shape}: "
                "give the look-back a fixed length in keras.layers.Input"
            )


def check_canonical(model: keras.Model) -> None:
    """Refuse what `accel.conversion.canonical` takes apart before hls4ml sees it."""
    if not is_canonical(model):
        raise ChronogateError(
            f"model {model.name!r} calls a layer more than once or has one with return_state=True, "
            "of which hls4ml reads the first call and the first result only: convert the model "
            "with accel.convert"
        )


def _check_layer(layer: keras.layers.Layer) -> None:
    kind = type(layer).__name__
    if layer.name == "input":
        raise ChronogateError(
            "layer 'input': hls4ml keeps this name for itself: give the layer another one"
        )
    if kind not in (*SUPPORTED, *INTERNAL) and kind not in EXTENSIONS:
        raise ChronogateError(
            f"layer {layer.name!r}: {kind} is not supported: build the model from "
            f"{', '.join(name for name in SUPPORTED if name != 'InputLayer')}"
        )
    if kind in _CHECKS:
        _CHECKS[kind](layer)


def _check_wrapper(layer: keras.layers.Bidirectional) -> None:
    for inner in (layer.forward_layer, layer.backward_layer):
        if type(inner).__name__ not in ("QSimpleRNN", "QLSTM", "QGRU"):
            raise ChronogateError(
                f"layer {layer.name!r}: {type(inner).__name__} in {type(layer).__name__} is not "
                "supported: use QSimpleRNN, QLSTM or QGRU"
            )
        if inner.return_state:
            raise ChronogateError(
                f"layer {layer.name!r}: return_state=True is not supported in "
                f"{type(layer).__name__}: let the layer return its output only"
            )
        _check_cell(layer.name, inner)


def _check_recurrent(layer: keras.layers.RNN) -> None:
    _check_cell(layer.name, layer)


def _check_cell(name: str, layer: keras.layers.RNN) -> None:
    if getattr(layer, "time_major", False):
        raise ChronogateError(
            f"layer {name!r}: time_major=True is not supported: put the batch first"
        )
    if layer.cell.state_quantizer_internal is None:
        raise ChronogateError(
            f"layer {name!r}: state_quantizer is missing, so the state would grow by several "
            "bits at every step: give it, for example quantized_bits(8, 0, alpha=1)"
        )
    if layer.cell.recurrent_quantizer_internal is None:
        reason = " (without it QKeras multiplies by the input kernel)" * (
            type(layer).__name__ == "QGRU"
        )
        raise ChronogateError(
            f"layer {name!r}: recurrent_quantizer is missing{reason}: "
            "give it, for example quantized_bits(8, 0, alpha=1)"
        )


_CHECKS: dict[str, Callable[..., None]] = {
    "QSimpleRNN": _check_recurrent,
    "QLSTM": _check_recurrent,
    "QGRU": _check_recurrent,
    "Bidirectional": _check_wrapper,
    "QBidirectional": _check_wrapper,
}
