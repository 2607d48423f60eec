"""Fits of the family `seasonal`: penalties for each row, windows that count differently.

A correction is fitted in full, with its penalties, and only then reduced to its main directions;
what follows is fitted to its forecasts, not to the truth again, which would undo the penalties.
"""

import numpy as np

from accel.datasets.windows import Windows
from accel.forecasters.closed_form import Grid, Linear, Moments, Rows, moments, rounded_together
from accel.forecasters.formats import Format
from accel.forecasters.shape import Shape
from hw.errors import ChronogateError

_QUIET = 0.05  # added to a window's variance: one that never moves must not count for all


def evened(windows: Windows, shape: Shape, evenness: float) -> np.ndarray:
    """Return how much each window of each target counts ``(N, targets)``, 1 in the mean."""
    columns = [shape.features.index(name) for name in shape.targets]
    spread = np.var(windows.inputs[..., columns], axis=1)
    weights = (_QUIET + spread) ** -evenness
    return weights / weights.mean()


def ridge(rows: Rows, weights: np.ndarray, penalty: float, kernel: Format | None) -> np.ndarray:
    """Return weights ``(D, O)``, rounded together to the format `kernel` if there is one.

    Parameters
    ----------
    weights
        How much each row counts ``(rows,)``.
    penalty
        For each row.
    """
    sums = _sums(rows, weights)
    total = penalty * len(rows.inputs)
    found = sums.ridge(total)
    return found if kernel is None else rounded_together(found, sums.penalized(total), kernel)


def low_rank_beside(
    windows: Rows,
    levels: np.ndarray,
    weights: np.ndarray,
    rank: int,
    penalties: tuple[float, float],
    kernel: Format | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the first factor ``(D, rank)`` of a correction, and what the whole of it says.

    Parameters
    ----------
    windows
        Inputs without their level, and what is left to explain.
    levels
        ``(rows, 1)``, explaining beside them.
    penalties
        For each row, of the windows' weights and of the level's.

    Returns
    -------
    numpy.ndarray and numpy.ndarray
        The columns of the factor are scaled so that the values between have standard deviation 1,
        and rounded together; what the correction says of the rows is ``(rows, O)``.
    """
    both = np.concatenate([windows.inputs, levels], axis=1)
    sums = _sums(Rows(both, windows.outputs, windows.mask), weights)
    each = np.full(both.shape[1], penalties[0] * len(both))
    each[-1] = penalties[1] * len(both)
    found = sums.ridge(each)
    inner, gram = found[:-1], sums.gram[:-1, :-1]
    _, directions = np.linalg.eigh(inner.T @ gram @ inner)
    first = inner @ directions[:, ::-1][:, :rank]
    spread = np.sqrt(np.einsum("ir,ij,jr->r", first, gram, first) / len(both))
    factor = first / np.maximum(spread, 1e-9)
    if kernel is not None:
        hessian = sums.penalized(each)[:-1, :-1]
        factor = rounded_together(factor, hessian, kernel)
    return factor, both @ found


def projected(rows: Rows, said: np.ndarray, weights: np.ndarray, grid: Grid | None) -> Linear:
    """Return the layer that says of its inputs what was said, and whose bias fits the truth.

    Parameters
    ----------
    rows
        The layer's inputs, and the truth that is left for it.
    said
        ``(rows, O)``.
    """
    penalty = 1e-6 * len(rows.inputs)  # values between that are always 0 leave the rest alone
    like = _sums(Rows(rows.inputs, said, rows.mask), weights)
    found = like.ridge(penalty)
    if grid is not None:
        found = rounded_together(found, like.penalized(penalty), grid.kernel)
    return _sums(rows, weights).with_bias(found, None if grid is None else grid.bias)


def _sums(rows: Rows, weights: np.ndarray) -> Moments:
    if not rows.mask.all(axis=1).any():
        raise ChronogateError(
            "every training window has a target that was missing and filled: bring a longer "
            "series, or one with fewer gaps"
        )
    return moments(rows, weights)
