"""Demand that is often zero: forecasts of zero and Croston's beside the model, errors as MASE.

The mean absolute scaled error divides by the error that repeating the last season makes on the
training rows (Hyndman and Koehler, 2006), so that items of any size count the same. Which series
are intermittent is seen on the training rows only.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from accel.datasets.windows import Windows

INTERMITTENT = 1.32
"""Steps from one demand to the next, on average, from which a series is intermittent (Syntetos and
Boylan, 2005)."""

SMOOTHING = (0.05, 0.1, 0.2, 0.3)
"""Smoothing factors of Croston's method that are tried on validation."""


@dataclass(frozen=True)
class DemandScores:
    """Mean absolute scaled errors over targets, steps and windows.

    Parameters
    ----------
    model, last_value, seasonal_naive, ridge, zero, croston
        Of each forecaster.
    smoothing
        Croston's factor, the best on validation.
    scale
        What the errors of each target are divided by, in its unit.
    rooted
        Whether the series are square roots of the demand, which is what is scored.
    """

    model: float
    last_value: float
    seasonal_naive: float
    ridge: float
    zero: float
    croston: float
    smoothing: float
    scale: tuple[float, ...] = ()
    rooted: bool = False


def is_demand(values: np.ndarray) -> bool:
    """Tell whether training rows ``(rows, targets)`` hold intermittent demand, at least one."""
    demanded = np.maximum((values > 0).mean(axis=0), 1e-9)
    return bool((values >= 0).all() and (1 / demanded >= INTERMITTENT).any())


def croston(values: np.ndarray, smoothing: float) -> np.ndarray:
    """Return Croston's forecast of each step from the steps before it.

    The size of a demand over the steps between two, both smoothed exponentially at each demand
    (Croston, 1972). Zero until the first demand.

    Parameters
    ----------
    values
        Demand ``(rows, targets)``.

    Returns
    -------
    numpy.ndarray
        ``(rows + 1, targets)``; the last is of the step behind the end.
    """
    found = np.zeros((len(values) + 1, values.shape[1]))
    size = np.zeros(values.shape[1])
    interval, since = np.ones_like(size), np.ones_like(size)
    for row, demand in enumerate(values):
        first, some = size == 0, demand > 0
        size = np.where(some, np.where(first, demand, size + smoothing * (demand - size)), size)
        smooth = np.where(first, since, interval + smoothing * (since - interval))
        interval = np.where(some, smooth, interval)
        since = np.where(some, 1.0, since + 1.0)
        found[row + 1] = size / interval
    return found


def croston_forecast(
    values: np.ndarray, windows: Windows, horizon: int, smoothing: float
) -> np.ndarray:
    """Return the same forecast for every step ahead ``(N, horizon * targets)``, in units."""
    once = croston(values, smoothing)[windows.origins]
    return np.repeat(once[:, None], horizon, axis=1).reshape(len(windows), -1)


def best_smoothing(
    values: np.ndarray, truth: np.ndarray, validation: Windows, horizon: int
) -> float:
    """Return Croston's factor of the least squared error on validation; `truth` in units."""

    def error(smoothing: float) -> float:
        errors = croston_forecast(values, validation, horizon, smoothing) - truth
        return float(np.mean(errors[validation.mask] ** 2))

    return min(SMOOTHING, key=error)


def season_errors(values: np.ndarray, season: int) -> np.ndarray:
    """Return the mean absolute error of repeating the season, for training rows of each target."""
    errors = np.abs(values[season:] - values[:-season]).mean(axis=0)
    return np.where(errors > 0, errors, 1.0)


def mase(
    forecasts: Mapping[str, np.ndarray], truth: np.ndarray, mask: np.ndarray, scale: np.ndarray
) -> dict[str, float]:
    """Return the mean absolute scaled error of each forecast.

    Parameters
    ----------
    forecasts, truth, mask
        ``(N, horizon * targets)``, in units.
    scale
        `season_errors` of each target.
    """
    found: dict[str, float] = {}
    for name, values in forecasts.items():
        errors = np.abs(values - truth).reshape(len(truth), -1, len(scale)) / scale
        found[name] = float(errors[mask.reshape(errors.shape)].mean())
    return found
