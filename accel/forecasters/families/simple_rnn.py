"""Simple RNN: one recurrent layer without gates, dense layers on its last state."""

from typing import TYPE_CHECKING, Literal

from accel.forecasters.recurrent import Recurrent

if TYPE_CHECKING:
    from accel.qkeras_compat import keras


class SimpleRnnModel(Recurrent):
    """``family = "simple_rnn"``: a quarter of an LSTM's products, for short memories."""

    family: Literal["simple_rnn"]

    def quantized(self) -> "keras.layers.Layer":
        from accel.qkeras_compat import qkeras

        return self.built(qkeras.QSimpleRNN)

    def floating(self) -> "keras.layers.Layer":
        from accel.qkeras_compat import keras

        # The cell in a plain loop, as in the other recurrent families.
        return keras.layers.RNN(keras.layers.SimpleRNNCell(self.units), name=self.family)


FAMILY = SimpleRnnModel
