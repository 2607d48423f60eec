"""Scaling with the mean and the population standard deviation of the training rows only."""

from dataclasses import dataclass

import numpy as np

from accel.datasets.series import Series


@dataclass(frozen=True, eq=False)
class Scaler:
    """``scaled = (value - offset) / scale``, per column of a series.

    Parameters
    ----------
    offset, scale
        float64 ``(columns,)``, in the columns' units.
    """

    offset: np.ndarray
    scale: np.ndarray

    def to_scaled(self, values: np.ndarray) -> np.ndarray:
        """Scale values whose last axis is the series' columns."""
        return (values - self.offset) / self.scale


def fit_scaler(series: Series, train_rows: int, start: int = 0, center: bool = True) -> Scaler:
    """Return the scaler of a series, from what was observed in the rows ``[start, train_rows)``.

    A column that never changes, or is never observed, there keeps its scale (1).

    Parameters
    ----------
    center
        False: zero stays zero, only the standard deviation is divided by.
    """
    values, observed = series.values[start:train_rows], series.observed[start:train_rows]
    counts = np.maximum(observed.sum(axis=0), 1)
    offset = np.where(observed, values, 0.0).sum(axis=0) / counts
    variance = np.where(observed, (values - offset) ** 2, 0.0).sum(axis=0) / counts
    scale = np.sqrt(variance)
    offset = offset if center else np.zeros_like(offset)
    return Scaler(offset, np.where(scale > 0, scale, 1.0))
