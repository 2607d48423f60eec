"""GRU: one recurrent layer over the window, dense layers on its last state."""

from typing import TYPE_CHECKING, Literal

from accel.forecasters.recurrent import Gated

if TYPE_CHECKING:
    from accel.qkeras_compat import keras


class GruModel(Gated):
    """``family = "gru"``.

    Parameters
    ----------
    reset_after
        The form of cuDNN and Keras; otherwise the reset comes before the product.
    """

    family: Literal["gru"]
    reset_after: bool = True

    def quantized(self) -> "keras.layers.Layer":
        from accel.forecasters.kit import quantizer
        from accel.qkeras_compat import qkeras

        formats = self.formats
        return qkeras.QGRU(
            self.units,
            activation=qkeras.quantized_tanh(formats.gates),
            recurrent_activation=qkeras.quantized_sigmoid(formats.gates),
            kernel_quantizer=quantizer(formats.kernel),
            recurrent_quantizer=quantizer(formats.recurrent),
            bias_quantizer=quantizer(formats.bias),
            state_quantizer=quantizer(formats.state),
            reset_after=self.reset_after,
            implementation=2,  # one product for all gates: trains twice as fast, the same numbers
            name=self.family,
        )

    def floating(self) -> "keras.layers.Layer":
        from accel.qkeras_compat import keras

        # The cell in a plain loop: XLA compiles Keras's fused GRU for minutes.
        cell = keras.layers.GRUCell(self.units, reset_after=self.reset_after)
        return keras.layers.RNN(cell, name=self.family)


FAMILY = GruModel
