"""Scores of their own for returns and for intermittent demand, where the data are such."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from accel.config import Config
from accel.demand_scores import (
    DemandScores,
    best_smoothing,
    croston_forecast,
    is_demand,
    mase,
    season_errors,
)
from accel.price_scores import PriceScores, score_prices
from hw.network.metadata import Feature

if TYPE_CHECKING:
    from accel.training import PreparedData


def prices_of(config: Config, data: "PreparedData", forecasts: np.ndarray) -> PriceScores | None:
    """Return the test forecasts' errors as prices; ``None`` unless the series are returns."""
    if data.series.prices is None:
        return None
    return score_prices(forecasts, data.test, data.series, data.targets, config.training.seed)


def demand_of(
    config: Config, data: "PreparedData", forecasts: np.ndarray, baselines: Mapping[str, np.ndarray]
) -> DemandScores | None:
    """Return the scaled errors of demand; ``None`` unless a target is intermittent in training.

    Parameters
    ----------
    forecasts
        Of the model on the test windows, in scaled units.
    baselines
        Those of last value, seasonal naive and ridge, by the names in `DemandScores`.
    """
    columns = data.series.columns(tuple(target.name for target in data.targets))
    values = data.series.values[:, columns]
    training = values[data.split.start : data.split.train]
    if data.series.prices is not None or not is_demand(training):
        return None
    horizon = config.forecast.horizon
    smoothing = best_smoothing(
        values, _in_units(data.validation.targets, data.targets), data.validation, horizon
    )
    scaled = {"model": forecasts, **baselines}
    every = {name: _in_units(forecast, data.targets) for name, forecast in scaled.items()}
    every["croston"] = croston_forecast(values, data.test, horizon, smoothing)
    every["zero"] = np.zeros_like(every["croston"])
    truth = _in_units(data.test.targets, data.targets)
    scale = season_errors(training, config.forecast.season)
    return DemandScores(**mase(every, truth, data.test.mask, scale), smoothing=smoothing)


def _in_units(scaled: np.ndarray, targets: tuple[Feature, ...]) -> np.ndarray:
    scale = np.array([target.scale for target in targets])
    offset = np.array([target.offset for target in targets])
    values = scaled.reshape(len(scaled), -1, len(targets)) * scale + offset
    return values.reshape(scaled.shape)
