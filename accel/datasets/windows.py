"""Windows: pairs of what a forecaster sees and what it should have said."""

from dataclasses import dataclass

import numpy as np

from accel.configuration.sections import ForecastConfig
from accel.datasets.scaling import Scaler
from accel.datasets.series import Series


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of a series, in scaled units.

    Parameters
    ----------
    inputs
        float64 ``(N, look_back, features)``.
    targets
        float64 ``(N, horizon * targets)``: horizon-major, the targets of one step side by side.
    mask
        bool, as `targets`: True where the value was observed and counts.
    times
        datetime64[s] ``(N,)``: the time of the last input row; the first target is a step later.
    origins
        int64 ``(N,)``: the row of the first target in the series.
    """

    inputs: np.ndarray
    targets: np.ndarray
    mask: np.ndarray
    times: np.ndarray
    origins: np.ndarray

    def __len__(self) -> int:
        return len(self.inputs)

    def picked(self, places: "np.ndarray | slice") -> "Windows":
        """Return some of them."""
        return Windows(
            self.inputs[places],
            self.targets[places],
            self.mask[places],
            self.times[places],
            self.origins[places],
        )


def cut_windows(
    series: Series,
    scaler: Scaler,
    features: tuple[str, ...],
    targets: tuple[str, ...],
    forecast: ForecastConfig,
    start: int,
    stop: int,
    stride: int = 1,
) -> Windows:
    """Return every window whose targets lie in the rows ``[start, stop)``.

    The inputs may begin up to look-back rows before `start`. None is dropped at the end.

    Parameters
    ----------
    stride
        Keep every n-th window; 1 wherever windows are scored.
    """
    first = max(start, forecast.look_back)
    origins = np.arange(first, stop - forecast.horizon + 1, stride)
    inputs = _inputs(series, scaler, features, forecast.look_back, origins)
    rows = origins[:, None] + np.arange(forecast.horizon)
    columns = series.columns(targets)
    scaled = scaler.to_scaled(series.values)[:, columns]
    count = len(origins)
    return Windows(
        inputs=inputs,
        targets=scaled[rows].reshape(count, -1),
        mask=series.observed[:, columns][rows].reshape(count, -1),
        times=series.times[origins - 1],
        origins=origins,
    )


def _inputs(
    series: Series,
    scaler: Scaler,
    features: tuple[str, ...],
    look_back: int,
    origins: np.ndarray,
) -> np.ndarray:
    scaled = scaler.to_scaled(series.values)[:, series.columns(features)]
    rows = origins[:, None] - look_back + np.arange(look_back)
    return scaled[rows]
