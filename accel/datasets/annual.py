"""The course of the year: a smooth curve of each column, taken away before anything is forecast.

It is a function of the time stamp, fitted on the training rows, and is scaled data's third number
beside offset and scale: whoever has the forecast of the rest adds it again. Errors are the same
with it and without it.
"""

from dataclasses import dataclass, replace

import numpy as np

from accel.datasets.calendar import Cycle, phase
from accel.datasets.series import Series
from accel.datasets.split import Split
from hw.errors import ChronogateError

_DAYS = 350  # of training rows: what is missing of a year's 365 the curve's neighbours bridge


@dataclass(frozen=True, eq=False)
class AnnualCurve:
    """What was taken away from each column, in its unit.

    Parameters
    ----------
    weights
        ``(2 * harmonics, columns)``: of cosines and sines of the time of year.
    """

    weights: np.ndarray

    def at(self, times: np.ndarray) -> np.ndarray:
        """Return the curve ``(rows, columns)`` at time stamps."""
        return _waves(times, len(self.weights) // 2) @ self.weights


def fit_annual(
    series: Series, names: tuple[str, ...], split: Split, harmonics: int, weight: float
) -> AnnualCurve:
    """Return `weight` times the curve that fits the training rows best, in the named columns.

    Parameters
    ----------
    harmonics
        Waves in a year of the fastest.
    weight
        Less than 1 where one year says little about the next.

    Raises
    ------
    ChronogateError
        When the training rows are less than a year.
    """
    rows = slice(split.start, split.train)
    times = series.times[rows]
    if times[-1] - times[0] < np.timedelta64(_DAYS, "D"):
        raise ChronogateError(
            f"{series.source}: data.annual needs a year of training rows, and they end after "
            f"{(times[-1] - times[0]) / np.timedelta64(1, 'D'):.0f} days: leave it out, or make "
            "the training part longer"
        )
    waves = _waves(times, harmonics)
    with_mean = np.concatenate([waves, np.ones((len(waves), 1))], axis=1)
    found = np.zeros((2 * harmonics, len(series.names)))
    for column in series.columns(names):
        seen = series.observed[rows, column]
        fitted = np.linalg.lstsq(with_mean[seen], series.values[rows, column][seen], rcond=None)[0]
        found[:, column] = weight * fitted[:-1]
    return AnnualCurve(found)


def without_annual(series: Series, curve: AnnualCurve) -> Series:
    """Return the series without its course of the year."""
    return replace(series, values=series.values - curve.at(series.times))


def _waves(times: np.ndarray, harmonics: int) -> np.ndarray:
    angles = 2 * np.pi * phase(times, Cycle.YEAR)[:, None] * np.arange(1, harmonics + 1)
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
