"""Scores: the errors of forecasts over every window, step and target that was observed."""

from dataclasses import dataclass

import numpy as np

from accel.datasets.windows import Windows
from hw.network.metadata import Feature


@dataclass(frozen=True)
class TargetScore:
    """Errors of one target in its own unit.

    Parameters
    ----------
    name, unit
        The column and its unit.
    mse, mae
        Mean squared error in the unit squared, and mean absolute error in the unit.
    """

    name: str
    unit: str
    mse: float
    mae: float


@dataclass(frozen=True)
class Scores:
    """Errors of a forecaster.

    Parameters
    ----------
    mse, mae
        Mean squared and mean absolute error in scaled units, over all windows, steps and targets.
    targets
        The same for each target, in its own unit.
    """

    mse: float
    mae: float
    targets: tuple[TargetScore, ...]


def score(forecasts: np.ndarray, windows: Windows, targets: tuple[Feature, ...]) -> Scores:
    """Return the errors of forecasts.

    Parameters
    ----------
    forecasts
        float64 ``(N, horizon * targets)`` in scaled units.
    windows
        The truth; what its mask leaves out is not scored.
    targets
        The columns forecast, with their scaling.
    """
    return score_arrays(forecasts, windows.targets, windows.mask, targets)


def score_arrays(
    forecasts: np.ndarray, truth: np.ndarray, mask: np.ndarray, targets: tuple[Feature, ...]
) -> Scores:
    """Return the errors of forecasts against the arrays of ``test_windows.npz``.

    Parameters
    ----------
    forecasts, truth
        float64 ``(N, horizon * targets)`` in scaled units.
    mask
        bool, as `truth`: True where the value counts.
    """
    errors = (forecasts - truth).reshape(len(truth), -1, len(targets))
    counted = mask.reshape(errors.shape)
    every = errors[counted]
    return Scores(
        mse=float(np.mean(every**2)),
        mae=float(np.mean(np.abs(every))),
        targets=tuple(
            _target_score(errors[..., k][counted[..., k]] * target.scale, target)
            for k, target in enumerate(targets)
        ),
    )


def _target_score(errors: np.ndarray, target: Feature) -> TargetScore:
    return TargetScore(
        target.name, target.unit, float(np.mean(errors**2)), float(np.mean(np.abs(errors)))
    )
