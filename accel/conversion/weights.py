"""Weights as integer codes, by the model's own quantizers, in float64.

What the layer multiplies by at inference is a fixed number, whatever quantizer it comes from: its
value is taken as it is. So every quantizer will do whose values lie on a grid of few bits, and a
scale that QKeras computes from the weights (``alpha='auto_po2'``) is folded into their format.
"""

from collections.abc import Callable

import numpy as np

from accel.conversion.formats import activation_of, plain_format
from accel.conversion.grid import MOST_BITS, grid_codes
from accel.conversion.place import Place, check_common
from accel.keras_models.float64 import quantize_float64
from accel.qkeras_compat import keras, qkeras, tf
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
        The layer's own quantizer for them; without one they have to lie on a grid themselves.
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
    if not np.isfinite(values).all():
        raise ChronogateError(
            f"layer {layer!r}: {weight} holds {np.count_nonzero(~np.isfinite(values))} NaN or "
            "infinite weights: train the model again, with a lower learning rate"
        )
    if quantizer is None:
        return _on_grid(values, place, "is missing", "give it, for example quantized_bits(8, 0, "
                        "alpha=1)")  # fmt: skip
    format = _plain(quantizer, place)
    quantized = quantize_float64(quantizer, values)
    if format is None:
        return _on_grid(
            quantized,
            place,
            f"is {_name(quantizer)}, which leaves values of {weight} that need more than "
            f"{MOST_BITS} bits",
            "use quantized_bits(bits, integer, alpha=1)",
        )
    scaled = np.ldexp(quantized, format.fraction)
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


def _plain(quantizer: WeightQuantizer, place: Place) -> FixedPoint | None:
    """Return the declared format of a `quantized_bits` without a scale; ``None`` for others."""
    if type(quantizer) is qkeras.quantized_bits:
        if isinstance(quantizer.alpha, str):
            check_common(quantizer, place)
            if quantizer.alpha == "auto":
                raise place.refuse(
                    "has alpha='auto', whose scales are no powers of two",
                    "write alpha=1, or alpha='auto_po2'",
                )
            return None
        return plain_format(activation_of(quantizer, place))
    check_common(quantizer, place)
    if type(quantizer) in (qkeras.bernoulli, qkeras.quantized_relu):
        activation_of(quantizer, place)  # refuses what draws at random, or leaves float64
    return None


def _on_grid(
    values: np.ndarray, place: Place, problem: str, remedy: str
) -> tuple[np.ndarray, FixedPoint]:
    found = grid_codes(values)
    if found is None:
        raise place.refuse(problem, remedy)
    return found


def _name(quantizer: object) -> str:
    return getattr(quantizer, "__name__", type(quantizer).__name__)
