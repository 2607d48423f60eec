"""DLinear: a moving average splits the window into trend and season, each with a linear layer.

Zeng et al., *Are Transformers Effective for Time Series Forecasting?* (arXiv:2205.13504). Theirs
repeats the window's ends to average around each step; this one averages the steps up to each step,
so that the newest one is in both parts and nothing is made up.
"""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from accel.forecasters.layer_names import OUTPUT
from accel.forecasters.linear_layer import LinearLayer
from accel.forecasters.shape import Shape
from hw.errors import ChronogateError

if TYPE_CHECKING:
    from accel.forecasters.kit import Kit, Tensor

TREND, SEASON = "trend_forecast", "season_forecast"


class DLinearModel(LinearLayer):
    """``family = "dlinear"``.

    Parameters
    ----------
    average
        Steps of the moving average; its first steps are seen as averages only.
    """

    family: Literal["dlinear"]
    average: Annotated[int, Field(ge=2)] = 25
    shared: bool = True

    @property
    def dense_layers(self) -> tuple[str, ...]:
        return (TREND, SEASON)

    def core(self, values: "Tensor", shape: Shape, kit: "Kit") -> "Tensor":
        from accel.forecasters.channels import by_channel, targets_of
        from accel.qkeras_compat import keras

        if self.average >= shape.look_back:
            raise ChronogateError(
                f"model.average = {self.average} leaves no season of a window of "
                f"{shape.look_back} steps: lower it, or raise forecast.look_back"
            )
        layers, formats, width = keras.layers, self.formats, self.width(shape)
        if self.shared:
            values = targets_of(values, shape, self.seen, kit)
        trend = layers.AveragePooling1D(self.average, strides=1, name="average")(values)
        trend = kit.quantize(trend, formats.level, "trend")
        seen = layers.Cropping1D((self.average - 1, 0), name="averaged_steps")(values)
        season = layers.Subtract(name="without_trend")([seen, trend])
        season = kit.quantize(season, formats.normalized, "season")
        parts: list[Tensor] = []
        for part, name in ((trend, TREND), (season, SEASON)):
            row = by_channel(part, f"{name}_row") if self.shared else None
            flat = layers.Flatten(name=f"{name}_flat")(part) if row is None else row
            parts.append(kit.dense(flat, width, formats.output_kernel, formats.bias, name))
        return self.arranged_forecast(layers.Add(name=OUTPUT)(parts))


FAMILY = DLinearModel
