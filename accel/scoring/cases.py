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
    rooted = config.data.transform == "sqrt"
    values = demand_values(data, rooted)
    training = values[data.split.start : data.split.train]
    if data.series.prices is not None or not is_demand(training):
        return None
    horizon = config.forecast.horizon
    smoothing = best_smoothing(
        values, demanded(data.validation.targets, data.targets, rooted), data.validation, horizon
    )
    scaled = {"model": forecasts, **baselines}
    every = {name: demanded(each, data.targets, rooted) for name, each in scaled.items()}
    every["croston"] = croston_forecast(values, data.test, horizon, smoothing)
    every["zero"] = np.zeros_like(every["croston"])
    truth = demanded(data.test.targets, data.targets, rooted)
    scale = season_errors(training, config.forecast.season)
    errors = mase(every, truth, data.test.mask, scale)
    return DemandScores(**errors, smoothing=smoothing, scale=tuple(scale.tolist()), rooted=rooted)


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
        scale, rooted = np.array(training.demand.scale), training.demand.rooted
        model = {"model": demanded(forecasts, targets, rooted)}
        wanted = demanded(truth, targets, rooted)
        demand = replace(training.demand, **mase(model, wanted, mask, scale))
    return prices, demand


def demand_values(data: PreparedData, rooted: bool) -> np.ndarray:
    """Return the targets' whole series ``(rows, targets)`` as demand."""
    columns = data.series.columns(tuple(target.name for target in data.targets))
    values = data.series.values[:, columns]
    return values**2 if rooted else values


def demanded(scaled: np.ndarray, targets: tuple[Feature, ...], rooted: bool) -> np.ndarray:
    """Return forecasts ``(N, horizon * targets)`` as demand, in the targets' own units.

    Parameters
    ----------
    rooted
        Whether they are of square roots, of which none is below 0.
    """
    scale = np.array([target.scale for target in targets])
    offset = np.array([target.offset for target in targets])
    values = scaled.reshape(len(scaled), -1, len(targets)) * scale + offset
    return (np.maximum(values, 0.0) ** 2 if rooted else values).reshape(scaled.shape)
