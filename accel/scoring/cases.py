"""Scores of their own for returns and for intermittent demand, where the data are such."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from accel.configuration.config import Config
from accel.scoring.demand import (
    DemandScores,
    best_smoothing,
    croston_forecast,
    is_demand,
    mase,
    season_errors,
)
from accel.scoring.prices import PriceScores, score_prices
from accel.training.prepared import PreparedData
from hw.network.metadata import Feature

if TYPE_CHECKING:
    from accel.training.result import TrainingResult


def prices_of(config: Config, data: PreparedData, forecasts: np.ndarray) -> PriceScores | None:
    """Return the test forecasts' errors as prices; ``None`` unless the series are returns."""
    if data.series.prices is None:
        return None
    return score_prices(
        forecasts, data.test.targets, data.test.mask, data.targets, config.training.seed
    )


def demand_of(
    config: Config, data: PreparedData, forecasts: np.ndarray, baselines: Mapping[str, np.ndarray]
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
        values, in_units(data.validation.targets, data.targets), data.validation, horizon
    )
    scaled = {"model": forecasts, **baselines}
    every = {name: in_units(forecast, data.targets) for name, forecast in scaled.items()}
    every["croston"] = croston_forecast(values, data.test, horizon, smoothing)
    every["zero"] = np.zeros_like(every["croston"])
    truth = in_units(data.test.targets, data.targets)
    scale = season_errors(training, config.forecast.season)
    errors = mase(every, truth, data.test.mask, scale)
    return DemandScores(**errors, smoothing=smoothing, scale=tuple(scale.tolist()))


def measured_again(
    training: "TrainingResult", forecasts: np.ndarray, truth: np.ndarray, mask: np.ndarray
) -> tuple[PriceScores | None, DemandScores | None]:
    """Return both scores of other forecasts of the test windows, such as the RTL's.

    Parameters
    ----------
    training
        Says which scores the data have, and how the baselines did.
    forecasts, truth, mask
        ``(N, horizon * targets)``, in scaled units.
    """
    prices, demand, targets = None, None, training.targets
    if training.prices is not None:
        prices = score_prices(forecasts, truth, mask, targets, training.seed)
    if training.demand is not None and training.demand.scale:
        scale = np.array(training.demand.scale)
        model = {"model": in_units(forecasts, targets)}
        demand = replace(training.demand, **mase(model, in_units(truth, targets), mask, scale))
    return prices, demand


def in_units(scaled: np.ndarray, targets: tuple[Feature, ...]) -> np.ndarray:
    """Return forecasts ``(N, horizon * targets)`` in the targets' own units."""
    scale = np.array([target.scale for target in targets])
    offset = np.array([target.offset for target in targets])
    values = scaled.reshape(len(scaled), -1, len(targets)) * scale + offset
    return values.reshape(scaled.shape)
