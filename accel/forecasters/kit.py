"""Kit: the layers that families are built of, quantized or in float.

A family is written once, and built twice: with `QuantizedKit` it is the forecaster, with
`FloatKit` the twin that shows what quantization costs.

``alpha=1`` everywhere: a quantizer's step is then a power of two that never changes, and its format
is ``ap_fixed<bits, integer + 1, AP_RND_CONV, AP_SAT>``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

from accel.forecasters.formats import DenseFormats, Format
from accel.forecasters.layer_names import OUTPUT, WIRES, dense_name, relu_name
from accel.qkeras_compat import keras, qkeras, tf

Tensor = tf.Tensor
Make = Callable[[], keras.layers.Layer]


def quantizer(number: Format) -> qkeras.quantized_bits:
    """Return QKeras's signed quantizer of a format."""
    return qkeras.quantized_bits(number.bits, number.integer, alpha=1)


class Kit(ABC):
    """What a family is built of."""

    @abstractmethod
    def quantize(self, values: Tensor, number: Format, name: str) -> Tensor:
        """Round and saturate to a format; in float, nothing."""

    @abstractmethod
    def relu(self, values: Tensor, number: Format, name: str) -> Tensor:
        """Clip at 0, and round to an unsigned format."""

    @abstractmethod
    def dense(self, values: Tensor, units: int, kernel: Format, bias: Format, name: str) -> Tensor:
        """Multiply the last axis by a matrix and add a bias, every bit kept."""

    @abstractmethod
    def layer(self, quantized: Make, floating: Make) -> keras.layers.Layer:
        """Return a layer that has a form of its own in float; only one of the two is made."""

    def wires(self, values: Tensor, matrix: np.ndarray, number: Format, name: str) -> Tensor:
        """Pick or repeat channels: fixed zeros and ones, which cost no adder once unrolled.

        Parameters
        ----------
        matrix
            Zeros and ones ``(channels, outputs)``, one 1 in each column.
        number
            The format of `values`, which the result has again.
        name
            What the layer's name begins with.
        """
        layer = keras.layers.Dense(
            matrix.shape[1], use_bias=False, trainable=False, name=name + WIRES
        )
        result = layer(values)
        layer.set_weights([matrix])
        return self.quantize(result, number, f"{name}_format")

    def hidden_layers(
        self, values: Tensor, sizes: tuple[int, ...], formats: DenseFormats
    ) -> Tensor:
        """Return dense layers, each with its relu."""
        for position, units in enumerate(sizes):
            values = self.dense(values, units, formats.kernel, formats.bias, dense_name(position))
            values = self.relu(values, formats.hidden, relu_name(position))
        return values

    def output_layer(self, values: Tensor, units: int, formats: DenseFormats) -> Tensor:
        """Return the last dense layer, whose quantizer is the family's."""
        return self.dense(values, units, formats.output_kernel, formats.bias, OUTPUT)


class QuantizedKit(Kit):
    """Stock QKeras layers."""

    def quantize(self, values: Tensor, number: Format, name: str) -> Tensor:
        return qkeras.QActivation(quantizer(number), name=name)(values)

    def relu(self, values: Tensor, number: Format, name: str) -> Tensor:
        relu = qkeras.quantized_relu(number.bits, number.integer)
        return qkeras.QActivation(relu, name=name)(values)

    def dense(self, values: Tensor, units: int, kernel: Format, bias: Format, name: str) -> Tensor:
        return qkeras.QDense(
            units, kernel_quantizer=quantizer(kernel), bias_quantizer=quantizer(bias), name=name
        )(values)

    def layer(self, quantized: Make, floating: Make) -> keras.layers.Layer:
        return quantized()


class FloatKit(Kit):
    """Stock Keras layers."""

    def quantize(self, values: Tensor, number: Format, name: str) -> Tensor:
        return values

    def relu(self, values: Tensor, number: Format, name: str) -> Tensor:
        return keras.layers.ReLU(name=name)(values)

    def dense(self, values: Tensor, units: int, kernel: Format, bias: Format, name: str) -> Tensor:
        return keras.layers.Dense(units, name=name)(values)

    def layer(self, quantized: Make, floating: Make) -> keras.layers.Layer:
        return floating()
