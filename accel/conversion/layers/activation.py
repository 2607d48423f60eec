"""Activations: quantizers, exact float activations, hls4ml's tables where asked for."""

import numpy as np

from accel.conversion.draft import LayerDraft
from accel.conversion.layers.common import Context, quantizer_of, refuse
from accel.conversion.piece import Piece, Wire
from accel.conversion.settings import result_precision, table_size
from accel.conversion.weights import grid_codes
from accel.qkeras_compat import keras
from hw.function.leaky_relu import LeakyRelu
from hw.function.pointwise import Pointwise
from hw.function.table import Curve, make_table
from hw.layer.elementwise.activation import Activation

CURVES = {"sigmoid": Curve.SIGMOID, "tanh": Curve.TANH}


def activation(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`QActivation`, `Activation`, or the activation argument of another layer."""
    (wire,) = wires
    return _apply(layer, wire, _table(layer, context) or quantizer_of(layer))


def leaky_relu(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`LeakyReLU` with a slope of few bits."""
    (wire,) = wires
    return _apply(layer, wire, LeakyRelu(*_dyadic(layer, "alpha", float(layer.source.alpha))))


def relu(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`ReLU` with its slope and upper bound."""
    (wire,) = wires
    source = layer.source
    if float(source.threshold):
        raise refuse(layer, f"threshold={source.threshold} jumps", "leave threshold out")
    slope, places = _dyadic(layer, "negative_slope", float(source.negative_slope))
    highest = None if source.max_value is None else float(source.max_value)
    if highest is not None:
        _dyadic(layer, "max_value", highest)
    return _apply(layer, wire, LeakyRelu(slope, places, highest=highest))


def _apply(layer: LayerDraft, wire: Wire, function: Pointwise) -> Piece:
    spec = Activation(wire.port.channels, wire.port.format, function, wire.port.steps)
    return Piece.begin(wire).then(layer.name, spec)


def _table(layer: LayerDraft, context: Context) -> Pointwise | None:
    """Return hls4ml's table of a float sigmoid or tanh, for whoever asks for it."""
    name = getattr(layer.quantizer, "__name__", "")
    if name not in CURVES or layer.quantizer is not getattr(keras.activations, name):
        return None
    size = table_size(context.config, layer.name, layer.types)
    if size is None:
        raise refuse(
            layer,
            f"the float activation {name} has no exact hardware",
            f"write quantized_{name}(bits, use_real_{name}=True), put a QActivation behind it, or "
            "accept hls4ml's table by giving this layer a TableSize in hls_config, such as 1024",
        )
    return make_table(CURVES[name], result_precision(context.config, layer.name, layer.types), size)


def _dyadic(layer: LayerDraft, argument: str, value: float) -> tuple[int, int]:
    """Return a constant as code and fraction bits."""
    found = grid_codes(np.array([value]))
    if found is None:
        raise refuse(
            layer,
            f"{argument}={value:.6g} has no exact binary value of few bits",
            "use a power of two, such as 0.125",
        )
    codes, format = found
    code, places = int(codes[0]), format.fraction
    return (code, places) if places >= 0 else (code << -places, 0)
