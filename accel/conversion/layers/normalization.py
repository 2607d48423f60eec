"""Batch normalization, where what is left of it at inference is a scale and an offset of few bits.

Keras computes ``x * inv + (beta - mean * inv)`` with ``inv = gamma / sqrt(variance + epsilon)``.
Of trained float statistics both have 53 bits, which no hardware multiplies by; statistics that
QKeras quantizes to even powers of two, with ``epsilon=0``, are exact.
"""

import numpy as np

from accel.conversion.draft import LayerDraft
from accel.conversion.layers.common import Context, refuse, reuse
from accel.conversion.piece import Piece, Wire
from accel.conversion.weights import grid_codes
from accel.keras_models.float64 import float64
from accel.qkeras_compat import keras, tf
from hw.layer.elementwise.batch_normalization import BatchNormalization


def batch_normalization(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`QBatchNormalization`, `BatchNormalization`."""
    (wire,) = wires
    source = layer.source
    axis = list(source.axis)
    if axis not in ([-1], [len(layer.shape)]):
        raise refuse(
            layer, f"axis={axis[0]} normalizes time steps, which has no block",
            "normalize channels, axis=-1",
        )  # fmt: skip
    scale, offset = _scale_and_offset(source)
    codes = grid_codes(scale), grid_codes(offset)
    if codes[0] is None or codes[1] is None:
        raise refuse(
            layer,
            "its scale gamma / sqrt(variance + epsilon) or its offset has no exact binary value "
            "of few bits",
            "fold it into the weights of the layer before, or use QBatchNormalization with "
            "epsilon=0 and quantizers that give powers of two",
        )
    port = wire.port
    spec = BatchNormalization(
        codes[0][0], codes[1][0], port.format, codes[0][1], codes[1][1],
        reuse(layer, context, port.channels), port.steps,
    )  # fmt: skip
    return Piece.begin(wire).then(layer.name, spec)


def _scale_and_offset(source: keras.layers.Layer) -> tuple[np.ndarray, np.ndarray]:
    """Compute both as ``tf.nn.batch_normalization`` does, in float64."""
    with float64():
        mean, variance = (
            _value(source, "moving_mean", "mean"),
            _value(source, "moving_variance", "variance"),
        )
        scale = tf.math.rsqrt(variance + source.epsilon)
        if source.scale:
            scale *= _value(source, "gamma", "gamma")
        offset = -mean * scale
        if source.center:
            offset = _value(source, "beta", "beta") - mean * scale
    return np.asarray(scale), np.asarray(offset)


def _value(source: keras.layers.Layer, weight: str, quantized: str) -> tf.Tensor:
    value = tf.constant(np.asarray(getattr(source, weight)), tf.float64)
    quantizer = getattr(source, f"{quantized}_quantizer_internal", None)
    return value if quantizer is None else quantizer(value)
