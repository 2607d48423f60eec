"""MLP: dense layers over the whole window, or with `shared` over each target's own past."""

from typing import TYPE_CHECKING, Literal

from accel.forecasters.family import HiddenLayers
from accel.forecasters.linear_layer import LinearLayer
from accel.forecasters.shape import Shape

if TYPE_CHECKING:
    from accel.forecasters.kit import Kit, Tensor


class MlpModel(HiddenLayers, LinearLayer):
    """``family = "mlp"``."""

    family: Literal["mlp"]

    def core(self, values: "Tensor", shape: Shape, kit: "Kit") -> "Tensor":
        values = self.arranged_window(values, shape, kit)
        values = kit.hidden_layers(values, self.hidden, self.formats)
        return self.arranged_forecast(kit.output_layer(values, self.width(shape), self.formats))


FAMILY = MlpModel
