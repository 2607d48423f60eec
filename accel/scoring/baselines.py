"""The forecasts that any model has to beat: last value, seasonal naive and ridge regression."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from accel.datasets.windows import Windows
from hw.errors import ChronogateError

PENALTIES = tuple(10.0**k for k in range(-4, 7))
"""Ridge penalties tried on validation, for sums of squares over the training windows."""

_CHUNK = 2048  # windows flattened at once; bounds the memory of long look-backs


def last_value(values: np.ndarray, origins: np.ndarray, horizon: int) -> np.ndarray:
    """Repeat the last value seen.

    Parameters
    ----------
    values
        Scaled targets of the whole series ``(rows, targets)``.
    origins
        Row of each window's first target ``(N,)``.

    Returns
    -------
    numpy.ndarray
        ``(N, horizon * targets)``, horizon-major.
    """
    return np.repeat(values[origins - 1][:, None, :], horizon, axis=1).reshape(len(origins), -1)


def seasonal_naive(
    values: np.ndarray, origins: np.ndarray, horizon: int, season: int
) -> np.ndarray:
    """Repeat the last season seen; arguments as `last_value`.

    Raises
    ------
    ChronogateError
        When a window begins before one season has passed.
    """
    if origins.min() < season:
        raise ChronogateError(
            f"forecast.season is {season} steps, and the first window to score has only "
            f"{origins.min()} before it: shorten the season"
        )
    rows = origins[:, None] - season + np.arange(horizon) % season
    return values[rows].reshape(len(origins), -1)


@dataclass(frozen=True, eq=False)
class Ridge:
    """A linear map of the whole window, fitted with a penalty on the squares of its weights.

    Parameters
    ----------
    weights
        ``(look_back * features, outputs)``.
    input_mean, output_mean
        Means over the training windows; the intercept is not penalized.
    penalty
        The one that did best on validation.
    """

    weights: np.ndarray
    input_mean: np.ndarray
    output_mean: np.ndarray
    penalty: float

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Return forecasts ``(N, outputs)`` for inputs ``(N, look_back, features)``."""
        parts = [
            (inputs[part].reshape(part.stop - part.start, -1) - self.input_mean) @ self.weights
            for part in _chunks(len(inputs))
        ]
        return np.concatenate(parts) + self.output_mean


def fit_ridge(
    train: Windows, validation: Windows, penalties: tuple[float, ...] = PENALTIES
) -> Ridge:
    """Fit ridge regressions on the training windows and keep the best on validation.

    Closed form, by the normal equations of the centred windows. Windows with a target that was
    filled are left out of the fit, so that one matrix serves all outputs.

    Raises
    ------
    ChronogateError
        When no training window has all its targets.
    """
    whole = train.mask.all(axis=1)
    if not whole.any():
        raise ChronogateError(
            "every training window has a target that was missing and filled: bring a longer "
            "series, or one with fewer gaps"
        )
    inputs, outputs = train.inputs[whole], train.targets[whole]
    input_mean = inputs.reshape(len(inputs), -1).mean(axis=0)
    output_mean = outputs.mean(axis=0)
    size = len(input_mean)
    gram = np.zeros((size, size))
    moment = np.zeros((size, outputs.shape[1]))
    for part in _chunks(len(inputs)):
        centred = inputs[part].reshape(part.stop - part.start, -1) - input_mean
        gram += centred.T @ centred
        moment += centred.T @ (outputs[part] - output_mean)
    # One decomposition serves every penalty.
    eigenvalues, basis = np.linalg.eigh(gram)
    rotated = basis.T @ moment
    eigenvalues = np.maximum(eigenvalues, 0.0)  # rounding may leave them a hair below

    def solved(penalty: float) -> Ridge:
        weights = basis @ (rotated / (eigenvalues + penalty)[:, None])
        return Ridge(weights, input_mean, output_mean, penalty)

    def validation_mse(ridge: Ridge) -> float:
        errors = (ridge.predict(validation.inputs) - validation.targets)[validation.mask]
        return float(np.mean(errors**2))

    return min((solved(penalty) for penalty in penalties), key=validation_mse)


def _chunks(count: int) -> Iterator[slice]:
    for start in range(0, count, _CHUNK):
        yield slice(start, min(start + _CHUNK, count))
