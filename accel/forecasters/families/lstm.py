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
        from accel.qkeras_compat import qkeras

        return self.built(qkeras.QLSTM)

    def floating(self) -> "keras.layers.Layer":
        from accel.qkeras_compat import keras

        # The cell in a plain loop: XLA compiles Keras's fused LSTM for minutes.
        return keras.layers.RNN(keras.layers.LSTMCell(self.units), name=self.family)


FAMILY = LstmModel
