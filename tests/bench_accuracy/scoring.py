"""How a case study is judged on its test windows, and the forecasts that it is to beat."""

import numpy as np

from accel.configuration.config import Config
from accel.scoring.baselines import fit_ridge, last_value, seasonal_naive
from accel.scoring.cases import demand_values, demanded
from accel.scoring.demand import (
    best_smoothing,
    croston_forecast,
    is_demand,
    mase,
    season_errors,
)
from accel.scoring.prices import score_prices
from accel.training.fitting import mean_error
from accel.training.prepared import PreparedData


class Judge:
    """Errors on the test windows: of prices, of demand's medians (MASE), or else squared ones.

    Parameters
    ----------
    config, data
        The case.

    Attributes
    ----------
    others
        Errors of the other forecasts by name: the naive ones and ridge regression.
    """

    def __init__(self, config: Config, data: PreparedData) -> None:
        self._config, self._data = config, data
        self._prices = data.series.prices is not None
        self._absolute = config.training.loss == "absolute"
        self._rooted = config.data.transform == "sqrt"
        self.others = {name: self.error(found) for name, found in self._naive().items()}
        self.best_naive = min(self.others.values())
        ridge = fit_ridge(data.train, data.validation)
        self.others["ridge"] = self.error(ridge.predict(data.test.inputs))

    @property
    def measure(self) -> str:
        """What the errors are."""
        if self._prices:
            return "mean squared error of prices, in per cent squared"
        return "MASE" if self._absolute else "mean squared error, scaled"

    def error(self, forecasts: np.ndarray) -> float:
        """Return the error of forecasts ``(N, outputs)`` in scaled units."""
        test, targets = self._data.test, self._data.targets
        if self._prices:
            seed = self._config.training.seed
            return score_prices(forecasts, test.targets, test.mask, targets, seed).model
        if self._absolute:
            truth, found = (
                demanded(each, targets, self._rooted) for each in (test.targets, forecasts)
            )
            return mase({"it": found}, truth, test.mask, self._scale)["it"]
        return mean_error(forecasts, test)

    def _naive(self) -> dict[str, np.ndarray]:
        """Return naive forecasts in scaled units, those that suit the case."""
        data, forecast = self._data, self._config.forecast
        test, horizon = data.test, forecast.horizon
        found = {
            "seasonal naive": seasonal_naive(
                data.scaled_targets, test.origins, horizon, forecast.season
            ),
            "last value": last_value(data.scaled_targets, test.origins, horizon),
        }
        nothing = np.array([-each.offset / each.scale for each in data.targets])
        zero = np.tile(nothing, (len(test), horizon))
        if self._prices:
            # A return of zero repeats the last price; the last return again is no forecast of it.
            return {"seasonal naive": found["seasonal naive"], "last price": zero}
        if is_demand(self._values[data.split.start : data.split.train]):
            found |= {"zero": zero, "Croston": self._croston()}
        return found

    @property
    def _values(self) -> np.ndarray:
        return demand_values(self._data, self._rooted)

    @property
    def _scale(self) -> np.ndarray:
        split = self._data.split
        return season_errors(self._values[split.start : split.train], self._config.forecast.season)

    def _croston(self) -> np.ndarray:
        data, horizon = self._data, self._config.forecast.horizon
        truth = demanded(data.validation.targets, data.targets, self._rooted)
        smoothing = best_smoothing(self._values, truth, data.validation, horizon)
        found = croston_forecast(self._values, data.test, horizon, smoothing)
        scaled = (np.sqrt(found) if self._rooted else found).reshape(len(found), horizon, -1)
        for place, target in enumerate(data.targets):
            scaled[..., place] = (scaled[..., place] - target.offset) / target.scale
        return scaled.reshape(found.shape)
