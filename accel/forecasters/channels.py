"""Layouts of a window: flat, or one channel after the other, so that all share their weights."""

from accel.forecasters.formats import Format
from accel.forecasters.kit import Kit, Tensor
from accel.forecasters.shape import Shape
from accel.qkeras_compat import keras


def targets_of(values: Tensor, shape: Shape, number: Format, kit: Kit) -> Tensor:
    """Return the target columns ``(steps, targets)`` of values ``(steps, channels)``.

    Parameters
    ----------
    number
        The format of the values.
    """
    if shape.features == shape.targets:
        return values
    return kit.wires(values, shape.picked, number, "targets")


def by_channel(values: Tensor, name: str = "by_channel") -> Tensor:
    """Return ``(channels, steps)``: a dense layer then has the same weights for each channel."""
    if values.shape[2] == 1:  # one channel is a flat window, which needs no other order
        return keras.layers.Flatten(name=name)(values)
    return keras.layers.Permute((2, 1), name=name)(values)


def by_step(forecast: Tensor, name: str = "by_step") -> Tensor:
    """Return the flat forecast ``(horizon * targets,)`` of ``(targets, horizon)``."""
    if len(forecast.shape) == 2:
        return forecast
    turned = keras.layers.Permute((2, 1), name=name)(forecast)
    return keras.layers.Flatten(name=f"{name}_values")(turned)
