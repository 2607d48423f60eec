"""Cures of QKeras's quantizers: float64, complete configurations, quiet parsing."""

import sys
import warnings
from collections.abc import Callable

import numpy as np

from accel.qkeras_compat.stack import keras, qkeras, tf

Parsed = tuple[list[object], dict[str, object]]
"""Arguments of a quantizer written as a string."""


def mend() -> None:
    """Apply the cures."""
    _mend_quantized_relu()
    _mend_powers_of_two()
    _mend_configurations()
    _mend_string_parser()


def _mend_configurations() -> None:
    # What a saved quantizer needs to come back as it was: two arguments are left out, and one is
    # written that its own constructor does not take.
    for quantizer, added, dropped in (
        (qkeras.quantized_relu, "is_quantized_clip", ""),
        (qkeras.quantized_bits, "scale_axis", ""),
        (qkeras.quantized_hswish, "", "keep_negative"),
    ):
        quantizer.get_config = _configuration(quantizer.get_config, added, dropped)


def _configuration(
    stock: Callable[..., dict[str, object]], added: str, dropped: str
) -> Callable[..., dict[str, object]]:
    def get_config(self: object) -> dict[str, object]:
        kept = {key: value for key, value in stock(self).items() if key != dropped}
        return {**kept, added: getattr(self, added)} if added else kept

    return get_config


def _mend_quantized_relu() -> None:
    stock: Callable[..., tf.Tensor] = qkeras.quantized_relu.__call__

    def call(self: qkeras.quantized_relu, x: tf.Tensor) -> tf.Tensor:
        """Quantize as stock QKeras does, in float64 where that is the floatx."""
        unusual = self.use_stochastic_rounding or self.qnoise_factor != 1
        if keras.backend.floatx() != "float64" or unusual:
            return stock(self, x)
        if self.use_sigmoid:
            return _relu_by_sigmoid(self, tf.cast(x, tf.float64))
        slope = float(self.negative_slope)
        steps = 2.0 ** (self.bits - (slope != 0))
        step = 2.0 ** int(self.integer) / steps
        x = tf.cast(x, tf.float64) / step
        result = step * tf.clip_by_value(tf.round(x), 0.0, steps - 1)
        if slope:
            result += step * tf.clip_by_value(tf.round(x * slope), -steps * slope, 0.0)
        if self.relu_upper_bound and not self.is_quantized_clip:
            result = tf.minimum(result, tf.constant(self.relu_upper_bound, tf.float64))
        return result

    qkeras.quantized_relu.__call__ = call


def _relu_by_sigmoid(quantizer: qkeras.quantized_relu, x: tf.Tensor) -> tf.Tensor:
    """Return ``quantized_relu(use_sigmoid=1)`` as stock QKeras computes it, in float64."""
    slope, most = float(quantizer.negative_slope), 2.0 ** int(quantizer.integer)
    steps = 2.0 ** (quantizer.bits - (slope != 0))
    share = qkeras.quantizers._sigmoid(x / most) * steps
    result = tf.clip_by_value(2 * tf.round(share) / steps - 1, 0.0, 1 - 1 / steps)
    if slope:
        below = 2 * tf.round(share * slope) / (slope * steps) - 1
        result += slope * tf.clip_by_value(below, -1.0, 0.0)
    return most * result


def _mend_powers_of_two() -> None:
    # In a graph, stock mixes float64 with a float32 epsilon.
    module = sys.modules["qkeras.quantizers"]
    stock: Callable[..., tf.Tensor] = vars(module)["_clip_power_of_two"]

    def clip(
        magnitude: tf.Tensor,
        least: int,
        most: int,
        max_value: float | None,
        quadratic: bool,
        stochastic: bool,
        log2_rounding: str,
    ) -> tf.Tensor:
        """Return the exponents of the powers of two beside `magnitude`, as stock QKeras does."""
        if stochastic or magnitude.dtype != tf.float64:
            return stock(magnitude, least, most, max_value, quadratic, stochastic, log2_rounding)
        epsilon = tf.constant(keras.backend.epsilon(), tf.float64)
        kept = tf.maximum(magnitude, epsilon)
        if max_value is not None:
            kept = tf.minimum(kept, tf.constant(max_value, tf.float64))
        logarithm = tf.math.log(tf.sqrt(kept) if quadratic else kept) / np.log(2.0)
        rounded = tf.floor(logarithm) if log2_rounding == "floor" else tf.round(logarithm)
        clipped = tf.clip_by_value(rounded, float(least), float(most)) * (1.0 + quadratic)
        return tf.where(magnitude < epsilon, tf.constant(float(least), tf.float64), clipped)

    vars(module)["_clip_power_of_two"] = clip


def _mend_string_parser() -> None:
    # 'quantized_bits(8,0)' is parsed with names that pyparsing 3.3 declares deprecated.
    # (`qkeras.safe_eval` is the function of that name, which hides its module.)
    parser = sys.modules["qkeras.safe_eval"]
    stock: Callable[[str], Parsed] = vars(parser)["GetParams"]

    def parse(text: str) -> Parsed:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return stock(text)

    vars(parser)["GetParams"] = parse
