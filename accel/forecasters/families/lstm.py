"""LSTM: one recurrent layer over the window, dense layers on its last state."""

from typing import TYPE_CHECKING, Literal

from accel.forecasters.formats import LstmFormats
from accel.forecasters.recurrent import Gated

if TYPE_CHECKING:
    from accel.qkeras_compat import keras


class LstmModel(Gated):
    """``family = "lstm"``."""

    family: Literal["lstm"]
    formats: LstmFormats = LstmFormats()

    def quantized(self) -> "keras.layers.Layer":
        from accel.forecasters.kit import quantizer
        from accel.qkeras_compat import qkeras

        formats = self.formats
        return qkeras.QLSTM(
            self.units,
            activation=qkeras.quantized_tanh(formats.gates),
            recurrent_activation=qkeras.quantized_sigmoid(formats.gates),
            kernel_quantizer=quantizer(formats.kernel),
            recurrent_quantizer=quantizer(formats.recurrent),
            bias_quantizer=quantizer(formats.bias),
            state_quantizer=quantizer(formats.state),
            implementation=2,  # one product for all gates: trains twice as fast, the same numbers
            name=self.family,
        )

    def floating(self) -> "keras.layers.Layer":
        from accel.qkeras_compat import keras

        # The cell in a plain loop: XLA compiles Keras's fused LSTM for minutes.
        return keras.layers.RNN(keras.layers.LSTMCell(self.units), name=self.family)


FAMILY = LstmModel
