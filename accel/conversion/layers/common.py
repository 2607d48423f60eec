"""What handlers share: weights, activations, reuse factors, and the checks of what comes in."""

import numpy as np

from accel.conversion.draft import LayerDraft
from accel.conversion.formats import activation_of, plain_format
from accel.conversion.layers.context import Context, Handler, Weights, refuse, reuse, steps_of
from accel.conversion.place import Place
from accel.conversion.weights import layer_weight, weight_codes
from accel.qkeras_compat import keras
from hw.function.pointwise import Pointwise
from hw.number.fixed_point import FixedPoint

__all__ = [
    "Context",
    "Handler",
    "Weights",
    "bias",
    "cell_of",
    "quantizer_of",
    "refuse",
    "reuse",
    "rounding_of",
    "steps_of",
    "weight",
]


def cell_of(source: keras.layers.Layer) -> keras.layers.Layer:
    """Return where a layer's weights are: its recurrent cell, or itself."""
    cell = getattr(source, "cell", None)
    return cell if isinstance(cell, keras.layers.Layer) else source


def weight(
    layer: LayerDraft, name: str, argument: str, source: keras.layers.Layer | None = None
) -> Weights:
    """Return the codes of a weight and their format, by its own quantizer if it has one."""
    holder = source or layer.source
    quantizer = getattr(cell_of(holder), f"{argument}_internal", None)
    return weight_codes(layer.name, name, layer_weight(holder, name), quantizer, argument)


def bias(
    layer: LayerDraft,
    shape: tuple[int, ...],
    kernel_format: FixedPoint,
    source: keras.layers.Layer | None = None,
) -> Weights:
    """Return the bias as `weight` does; zeros where the layer has none."""
    holder = source or layer.source
    if not cell_of(holder).use_bias:
        return np.zeros(shape, dtype=np.int64), kernel_format
    return weight(layer, "bias", "bias_quantizer", holder)


def quantizer_of(layer: LayerDraft) -> Pointwise:
    """Return what a `QActivation` computes."""
    return activation_of(layer.quantizer, Place(layer.name, "activation"))


def rounding_of(layer: LayerDraft) -> FixedPoint | None:
    """Return the format into which a layer rounds its exact result, or ``None`` for every bit."""
    if layer.quantizer is None:
        return None
    return plain_format(quantizer_of(layer))
