"""Weights as integer codes, by the model's own quantizers, in float64."""

from collections.abc import Callable

import numpy as np

from accel.conversion.formats import Place, weight_format_of
from accel.qkeras_compat import keras, quantize_float64, tf
from hw.errors import ChronogateError
from hw.number.fixed_point import FixedPoint

WeightQuantizer = Callable[[tf.Tensor], tf.Tensor]


def weight_codes(
    layer: str, weight: str, values: np.ndarray, quantizer: WeightQuantizer | None, argument: str
) -> tuple[np.ndarray, FixedPoint]:
    """Quantize one weight tensor.

    Parameters
    ----------
    layer, weight
        Their names, for messages.
    values
        The trained weights, any shape.
    quantizer
        The layer's own quantizer for them.
    argument
        The layer's argument that sets it, such as ``kernel_quantizer``.

    Returns
    -------
    tuple
        int64 codes of the same shape, and their format.

    Raises
    ------
    ChronogateError
        When the quantizer is missing or not exact, or a weight is NaN or infinite.
    """
    place = Place(layer, argument)
    format = weight_format_of(quantizer, place)
    if not np.isfinite(values).all():
        raise ChronogateError(
            f"layer {layer!r}: {weight} holds {np.count_nonzero(~np.isfinite(values))} NaN or "
            "infinite weights: train the model again, with a lower learning rate"
        )
    assert quantizer is not None  # weight_format_of refuses None
    scaled = np.ldexp(quantize_float64(quantizer, values), format.fraction)
    codes = np.rint(scaled).astype(np.int64)
    if (codes != scaled).any() or codes.min() < format.minimum or codes.max() > format.maximum:
        raise place.refuse(
            f"leaves values of {weight} off the grid of {format}",
            "train with weights of a size that float64 holds exactly",
        )
    return codes, format


def layer_weight(layer: keras.layers.Layer, name: str) -> np.ndarray:
    """Return the weights called `name` of a layer (or of its recurrent cell), as float64."""
    return np.asarray(getattr(getattr(layer, "cell", layer), name), dtype=np.float64)
