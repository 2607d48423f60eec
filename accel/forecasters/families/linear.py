"""Linear: one dense layer over the window, trained by gradients."""

from typing import Literal

from accel.forecasters.linear_layer import LinearLayer


class LinearModel(LinearLayer):
    """``family = "linear"``."""

    family: Literal["linear"]


FAMILY = LinearModel
