"""Seasonal: each phase continues its own past, and a few values of the window correct that.

Three linear maps are added: one over the periods, the same for every phase of the season (as in
SparseTSF), one of low rank over the window, and what the level tells beside being given back.
"""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from accel.forecasters.formats import Positive
from accel.forecasters.layer_names import OUTPUT, dense_name
from accel.forecasters.linear_layer import LinearLayer
from accel.forecasters.shape import Shape
from hw.errors import ChronogateError

if TYPE_CHECKING:
    from accel.forecasters.fit_data import FitData
    from accel.forecasters.kit import Kit, Tensor
    from accel.forecasters.level import Level
    from accel.forecasters.solving import Arrange
    from accel.qkeras_compat import keras

SEASON = "season"


class SeasonalModel(LinearLayer):
    """``family = "seasonal"``: its period is ``forecast.season``.

    Penalties are for inputs of variance 1 and count once for each row that is fitted on, so that
    they mean the same for a short series and a long one.

    Parameters
    ----------
    rank
        Values between the window and its correction, in the format ``hidden``.
    season_penalty
        Of the weights over the periods.
    penalty
        Of the correction's weights, before the main directions of its forecasts are taken.
    persistence
        Of the level's own weights: the higher, the less a forecast returns to the training rows'
        mean.
    evenness
        Windows count by their variance to the power of minus this: 0 counts all alike, so that the
        wildest column decides, 1 makes columns even.
    """

    closed_form: ClassVar[bool] = True

    family: Literal["seasonal"]
    normalization: Literal["mean"] = "mean"
    shared: Literal[True] = True
    rank: Positive
    season_penalty: Annotated[float, Field(ge=0)] = 0.15
    penalty: Annotated[float, Field(gt=0)] = 0.6
    persistence: Annotated[float, Field(ge=0)] = 0.3
    evenness: Annotated[float, Field(ge=0, le=1)] = 0.5

    @property
    def dense_layers(self) -> tuple[str, ...]:
        return (SEASON, dense_name(0), OUTPUT)

    def core_on_level(
        self, values: "Tensor", level: "Level | None", shape: Shape, kit: "Kit"
    ) -> "Tensor":
        from accel.forecasters.channels import by_channel, targets_of
        from accel.forecasters.level import beside
        from accel.qkeras_compat import keras

        formats = self.formats
        values = targets_of(values, shape, self.seen, kit)
        continued = self._continued(values, shape, kit)
        values = by_channel(values)
        values = kit.dense(values, self.rank, formats.kernel, formats.bias, dense_name(0))
        values = kit.quantize(values, formats.hidden, "factors")
        assert level is not None  # there is always a mean to take away
        values = beside(values, level, shape, kit)
        corrected = self.arranged_forecast(kit.output_layer(values, self.width(shape), formats))
        return keras.layers.Add(name="corrected")([continued, corrected])

    def start(self, model: "keras.Model", data: "FitData") -> bool:
        from accel.forecasters.closed_form import Grid, Linear
        from accel.forecasters.correction import evened, low_rank_beside, projected, ridge
        from accel.forecasters.solving import rows, set_linear, silence

        shape, formats, first = data.shape, self.formats, dense_name(0)
        kernel = None if data.exact else formats.kernel
        arrange = self.arrange(shape)
        for layer in (first, OUTPUT):
            silence(model, layer)

        seen = rows(model, SEASON, _phases(shape), data.train)
        weights = evened(data.train, shape, self.evenness)
        each_phase = np.repeat(weights[:, None, :], shape.season, axis=1).ravel()
        found = ridge(seen, each_phase, self.season_penalty, kernel)
        set_linear(model, SEASON, Linear(found, np.zeros(found.shape[1])))

        windows = rows(model, first, arrange, data.train)
        levels = rows(model, OUTPUT, arrange, data.train).inputs[:, -1:]
        each = weights.ravel()
        penalties = (self.penalty, self.persistence)
        factor, told = low_rank_beside(windows, levels, each, self.rank, penalties, kernel)
        set_linear(model, first, Linear(factor, np.zeros(self.rank)))
        grid = None if data.exact else Grid(formats.output_kernel, formats.bias)
        set_linear(
            model, OUTPUT, projected(rows(model, OUTPUT, arrange, data.train), told, each, grid)
        )
        return True

    def _continued(self, values: "Tensor", shape: Shape, kit: "Kit") -> "Tensor":
        """Return the flat forecast that each phase of the targets makes of its own past."""
        from accel.qkeras_compat import keras

        layers, season, targets = keras.layers, shape.season, len(shape.targets)
        for key in ("look_back", "horizon"):
            if getattr(shape, key) % season:
                raise ChronogateError(
                    f"forecast.{key} = {getattr(shape, key)} is no multiple of forecast.season = "
                    f"{season}, which the family seasonal needs: change one of them"
                )
        past, future = shape.look_back // season, shape.horizon // season
        values = layers.Reshape((past, season * targets), name="periods")(values)
        values = layers.Permute((2, 1), name="by_phase")(values)
        values = kit.dense(values, future, self.formats.kernel, self.formats.bias, SEASON)
        if future > 1:
            values = layers.Permute((2, 1), name="by_period")(values)
        return layers.Flatten(name="continued")(values)


def _phases(shape: Shape) -> "Arrange":
    """Return how forecasts lie in the outputs of the layer over the periods."""
    rows, future = shape.season * len(shape.targets), shape.horizon // shape.season

    def arrange(forecasts: np.ndarray) -> np.ndarray:
        return forecasts.reshape(len(forecasts), future, rows).transpose(0, 2, 1)

    return arrange


FAMILY = SeasonalModel
