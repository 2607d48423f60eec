"""MLP: dense layers over the whole window; without hidden ones, a linear forecaster."""

from typing import TYPE_CHECKING, Literal

from accel.forecasters.family import HiddenLayers
from accel.forecasters.shape import Shape

if TYPE_CHECKING:
    from accel.forecasters.kit import Kit, Tensor


class MlpModel(HiddenLayers):
    """``family = "mlp"``."""

    family: Literal["mlp"]

    def core(self, values: "Tensor", shape: Shape, kit: "Kit") -> "Tensor":
        from accel.qkeras_compat import keras

        values = keras.layers.Flatten(name="flatten")(values)
        values = kit.hidden_layers(values, self.hidden, self.formats)
        return kit.output_layer(values, shape.outputs, self.formats)


FAMILY = MlpModel
