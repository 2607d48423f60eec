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
        from accel.qkeras_compat import qkeras

        return self.built(qkeras.QGRU, reset_after=self.reset_after)

    def floating(self) -> "keras.layers.Layer":
        from accel.qkeras_compat import keras

        # The cell in a plain loop: XLA compiles Keras's fused GRU for minutes.
        cell = keras.layers.GRUCell(self.units, reset_after=self.reset_after)
        return keras.layers.RNN(cell, name=self.family)


FAMILY = GruModel
