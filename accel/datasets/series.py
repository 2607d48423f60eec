"""Series: a regular multivariate time series, cleaned, with a mask of what was really observed."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Series:
    """Columns sampled at a constant step, in the user's units.

    Parameters
    ----------
    names, units
        One of each per column.
    values
        float64 ``(rows, columns)``; finite everywhere.
    observed
        bool ``(rows, columns)``; False where a value was filled forward. Such a value may be seen
        as an input and is never scored as a target.
    times
        datetime64[s] ``(rows,)``, local time as in the file, one step apart (or one row).
    step_seconds
        The sampling step.
    source
        Where the rows come from, for messages.
    prices
        Of a series of returns: the values ``(rows, columns)`` that they are returns of; NaN where a
        column is none.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    values: np.ndarray
    observed: np.ndarray
    times: np.ndarray
    step_seconds: float
    source: str
    prices: np.ndarray | None = None

    @property
    def rows(self) -> int:
        """Number of time steps."""
        return len(self.values)

    def columns(self, names: tuple[str, ...]) -> list[int]:
        """Return the positions of the named columns."""
        return [self.names.index(name) for name in names]
