"""The level of a window: taken away from each channel, given back to the forecast."""

from typing import Literal

from accel.forecasters.formats import DenseFormats
from accel.forecasters.kit import Kit, Tensor
from accel.forecasters.shape import Shape
from accel.qkeras_compat import keras

Level = tuple[Tensor, DenseFormats]


def take_away(
    values: Tensor,
    kind: Literal["none", "mean", "last"],
    shape: Shape,
    formats: DenseFormats,
    kit: Kit,
) -> tuple[Tensor, Level | None]:
    """Return values ``(look_back, channels)`` without their level ``(channels,)``, and that."""
    if kind == "none":
        return values, None
    _ = shape.picked  # refuses targets that are no features, before anything is built
    layers = keras.layers
    if kind == "mean":
        level = layers.GlobalAveragePooling1D(name="mean")(values)
    else:
        last = layers.Cropping1D((shape.look_back - 1, 0), name="last_step")(values)
        level = layers.Flatten(name="last")(last)
    level = kit.quantize(level, formats.level, "level")
    moved = layers.Subtract(name="without_level")([values, level])
    return kit.quantize(moved, formats.normalized, "normalized"), (level, formats)


def give_back(forecast: Tensor, level: Level, shape: Shape, kit: Kit) -> Tensor:
    """Return the forecast ``(outputs,)`` with the level of its channel added to each value."""
    values, formats = level
    repeated = kit.wires(values, shape.repeated, formats.level, "level_repeated")
    return keras.layers.Add(name="with_level")([forecast, repeated])


def beside(values: Tensor, level: Level, shape: Shape, kit: Kit) -> Tensor:
    """Return values ``(targets, n)``, or ``(n,)`` of one, with each target's level behind them."""
    levels, formats = level
    if shape.features != shape.targets:
        levels = kit.wires(levels, shape.picked, formats.level, "levels")
    if len(values.shape) > 2:
        levels = keras.layers.Reshape((len(shape.targets), 1), name="level_of_each")(levels)
    return keras.layers.Concatenate(name="factors_and_level")([values, levels])
