"""Calendar features: the time of day, week and year as points on a circle.

They are functions of a row's own time stamp, so they are known without a gap and leak nothing.
"""

from enum import StrEnum

import numpy as np


class Cycle(StrEnum):
    """A period of the calendar that a forecaster may be told its phase in."""

    DAY = "day"
    WEEK = "week"
    YEAR = "year"

    @property
    def columns(self) -> tuple[str, str]:
        """Names of the two features that a cycle adds."""
        return f"{self}_sin", f"{self}_cos"


_DAY_SECONDS = 86_400
_WEEK_SECONDS = 7 * _DAY_SECONDS
_YEAR_SECONDS = 365.2425 * _DAY_SECONDS  # the mean year of the calendar


def phase(times: np.ndarray, cycle: Cycle) -> np.ndarray:
    """Return the phase of each time stamp in turns, 0 at midnight, on Monday, on 1 January.

    Parameters
    ----------
    times
        datetime64 ``(rows,)``.
    """
    seconds = times.astype("datetime64[s]")
    if cycle is Cycle.YEAR:
        since = (seconds - seconds.astype("datetime64[Y]")).astype(np.int64)
        return since / _YEAR_SECONDS
    period = _DAY_SECONDS if cycle is Cycle.DAY else _WEEK_SECONDS
    monday = np.datetime64("1970-01-05T00:00:00")  # the epoch was a Thursday
    return np.mod((seconds - monday).astype(np.int64), period) / period


def calendar_features(
    times: np.ndarray, cycles: tuple[Cycle, ...]
) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the names and the values ``(rows, 2 * len(cycles))`` of the cycles' features."""
    names: list[str] = []
    values: list[np.ndarray] = []
    for cycle in cycles:
        angle = 2 * np.pi * phase(times, cycle)
        names += cycle.columns
        values += [np.sin(angle), np.cos(angle)]
    stacked = np.stack(values, axis=1) if values else np.empty((len(times), 0))
    return tuple(names), stacked
