"""The parts that every family shares: input, quantizers, and the dense layers at the end.

``alpha=1`` everywhere: a quantizer's step is then a power of two that never changes, and its format
is ``ap_fixed<bits, integer + 1, AP_RND_CONV, AP_SAT>``.
"""

from typing import cast

from accel.forecasters.layer_names import (
    INPUT,
    INPUT_QUANTIZER,
    OUTPUT,
    OUTPUT_QUANTIZER,
    dense_name,
    relu_name,
)
from accel.model_config import DenseFormats, Format, ModelConfig
from accel.qkeras_compat import keras, qkeras, tf


def quantizer(number: Format) -> qkeras.quantized_bits:
    """Return QKeras's signed quantizer of a format."""
    return qkeras.quantized_bits(number.bits, number.integer, alpha=1)


def quantized_input(
    look_back: int, features: int, formats: DenseFormats
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the model's input ``(look_back, features)`` and its quantized values."""
    window = cast(tf.Tensor, keras.Input((look_back, features), name=INPUT))
    return window, qkeras.QActivation(quantizer(formats.input), name=INPUT_QUANTIZER)(window)


def quantized_dense(
    values: tf.Tensor, model: ModelConfig, formats: DenseFormats, outputs: int
) -> tf.Tensor:
    """Return the forecast: hidden dense relu layers, the output layer and its quantizer."""
    for position, units in enumerate(model.hidden):
        values = qkeras.QDense(
            units,
            kernel_quantizer=quantizer(formats.kernel),
            bias_quantizer=quantizer(formats.bias),
            name=dense_name(position),
        )(values)
        relu = qkeras.quantized_relu(formats.hidden.bits, formats.hidden.integer)
        values = qkeras.QActivation(relu, name=relu_name(position))(values)
    values = qkeras.QDense(
        outputs,
        kernel_quantizer=quantizer(formats.output_kernel),
        bias_quantizer=quantizer(formats.bias),
        name=OUTPUT,
    )(values)
    return qkeras.QActivation(quantizer(formats.output), name=OUTPUT_QUANTIZER)(values)


def float_dense(values: tf.Tensor, model: ModelConfig, outputs: int) -> tf.Tensor:
    """Return the forecast of the float twin."""
    for position, units in enumerate(model.hidden):
        values = keras.layers.Dense(units, activation="relu", name=dense_name(position))(values)
    return keras.layers.Dense(outputs, name=OUTPUT)(values)
