"""Low rank: two dense layers with few values between them, begun by reduced-rank regression."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from accel.forecasters.formats import Positive
from accel.forecasters.layer_names import OUTPUT, dense_name
from accel.forecasters.linear_layer import LinearLayer
from accel.forecasters.shape import Shape

if TYPE_CHECKING:
    from accel.forecasters.fit_data import FitData
    from accel.forecasters.kit import Kit, Tensor
    from accel.forecasters.level import Level
    from accel.qkeras_compat import keras


class LowRankModel(LinearLayer):
    """``family = "low_rank"``: rank x (inputs + outputs) weights instead of inputs x outputs.

    Parameters
    ----------
    rank
        Values between the layers, in the format ``hidden``.
    penalty
        Of the regression whose main directions the first layer takes; the second chooses its own.
    persistence
        With ``normalization = "mean"`` and ``shared``: the level goes to the last layer, too, which
        may so return to the training rows' mean the further it forecasts. The higher this
        penalty, the less it does; 0 leaves it to the training rows alone, and without it the
        level is given back whole.
    """

    closed_form: ClassVar[bool] = True

    family: Literal["low_rank"]
    rank: Positive
    penalty: Annotated[float, Field(gt=0)] = 10.0
    persistence: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _level_to_return_from(self) -> Self:
        if self.persistence is not None and not (self.shared and self.normalization == "mean"):
            raise ValueError(
                "persistence needs shared = true and normalization = 'mean': set both, or leave it "
                "out"
            )
        return self

    @property
    def dense_layers(self) -> tuple[str, ...]:
        return (dense_name(0), OUTPUT)

    def core_on_level(
        self, values: "Tensor", level: "Level | None", shape: Shape, kit: "Kit"
    ) -> "Tensor":
        from accel.forecasters.level import beside

        formats = self.formats
        values = self.arranged_window(values, shape, kit)
        values = kit.dense(values, self.rank, formats.kernel, formats.bias, dense_name(0))
        values = kit.quantize(values, formats.hidden, "factors")
        if level is not None and self.persistence is not None:
            values = beside(values, level, shape, kit)
        return self.arranged_forecast(kit.output_layer(values, self.width(shape), formats))

    def start(self, model: "keras.Model", data: "FitData") -> bool:
        from accel.forecasters.closed_form import Grid, Linear, low_rank
        from accel.forecasters.solving import rows, set_linear, silence, solve

        formats, first = self.formats, dense_name(0)
        silence(model, OUTPUT)
        train = rows(model, first, self.arrange(data.shape), data.train)
        kernel = None if data.exact else formats.kernel
        factor = low_rank(train, self.rank, self.penalty, kernel)
        set_linear(model, first, Linear(factor, np.zeros(self.rank)))
        grid = None if data.exact else Grid(formats.output_kernel, formats.bias)
        solve(model, OUTPUT, self.arrange(data.shape), data, grid, self.persistence)
        return True


FAMILY = LowRankModel
