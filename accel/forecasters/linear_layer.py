"""A linear map of the window: of all channels together, or of each channel by the same weights."""

from typing import TYPE_CHECKING

import numpy as np

from accel.forecasters.family import Family
from accel.forecasters.shape import Shape

if TYPE_CHECKING:
    from accel.forecasters.kit import Kit, Tensor
    from accel.forecasters.solving import Arrange


class LinearLayer(Family):
    """A family that ends in one linear layer on the window.

    Parameters
    ----------
    shared
        True: each target is forecast from its own past, by weights that all targets share
        (look_back x horizon of them). False: every output sees every feature.
    """

    shared: bool = False

    def arranged_window(self, values: "Tensor", shape: Shape, kit: "Kit") -> "Tensor":
        """Return what a dense layer takes: the window flat, or a row for each target."""
        from accel.forecasters.channels import by_channel, targets_of
        from accel.qkeras_compat import keras

        if not self.shared:
            return keras.layers.Flatten(name="flatten")(values)
        return by_channel(targets_of(values, shape, self.seen, kit))

    def width(self, shape: Shape) -> int:
        """Return the outputs of that dense layer."""
        return shape.horizon if self.shared else shape.outputs

    def arranged_forecast(self, forecast: "Tensor") -> "Tensor":
        """Return the forecast ``(outputs,)`` of what the dense layer gives."""
        from accel.forecasters.channels import by_step

        return by_step(forecast)

    def arrange(self, shape: Shape) -> "Arrange":
        """Return how forecasts lie in the dense layer's outputs."""
        targets = len(shape.targets)

        def arrange(forecasts: np.ndarray) -> np.ndarray:
            if not self.shared or targets == 1:
                return forecasts
            return forecasts.reshape(len(forecasts), shape.horizon, targets).transpose(0, 2, 1)

        return arrange

    def core(self, values: "Tensor", shape: Shape, kit: "Kit") -> "Tensor":
        values = self.arranged_window(values, shape, kit)
        return self.arranged_forecast(kit.output_layer(values, self.width(shape), self.formats))
