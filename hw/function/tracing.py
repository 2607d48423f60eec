"""From a float64 formula to the staircase that equals it."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from hw.function.staircase import MOST_VALUES, Staircase
from hw.number.fixed_point import FixedPoint

REACH = 2.0**80
"""Beyond this magnitude of the input no function here changes any more."""

Formula = Callable[[np.ndarray], np.ndarray]
"""From float64 inputs to float64 values of the same shape."""


def trace_staircase(formula: Formula, turns: Sequence[float], output: FixedPoint) -> Staircase:
    """Return the staircase of a formula that gives codes in `output`; see `trace`."""
    thresholds, codes = trace(formula, turns)
    return Staircase(thresholds, tuple(int(code) for code in codes), output)


def trace(formula: Formula, turns: Sequence[float]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Find every threshold of `formula` by bisection over all float64 numbers.

    Between two neighbouring float64 numbers nothing is left to find, so the staircase equals the
    formula at every float64 where this is monotone as computed. Rounding errors may break that
    within the last few bits of a number beside a threshold; formats whose codes come so close
    (beyond some 35 fraction bits) follow the staircase.

    Parameters
    ----------
    formula
        Monotone between the turns, with few values.
    turns
        Ascending inputs at which the formula changes its direction.

    Returns
    -------
    tuple of float, tuple of float
        Thresholds, ascending, and the values below the first and from each one on.
    """
    thresholds: list[float] = []
    with np.errstate(over="ignore"):
        for low, high in pairwise([-REACH, *turns, REACH]):
            thresholds += _changes(formula, low, high)
        values = formula(np.array([-REACH, *thresholds]))
    return tuple(thresholds), tuple(values.tolist())


def _changes(formula: Formula, low: float, high: float) -> list[float]:
    """Return each least float64 above `low` with another value than the one before."""
    lower, upper = (_to_order(np.array([end], dtype=np.float64)) for end in (low, high))
    found: list[np.ndarray] = []
    while len(lower):
        differs = formula(_from_order(lower)) != formula(_from_order(upper))
        lower, upper = lower[differs], upper[differs]
        close = lower + 1 == upper
        found.append(upper[close])
        lower, upper = lower[~close], upper[~close]
        middle = (lower & upper) + ((lower ^ upper) >> 1)  # the mean, without overflow
        lower, upper = np.concatenate([lower, middle]), np.concatenate([middle, upper])
        if len(lower) > 4 * MOST_VALUES:
            break  # the staircase will be refused for its size
    return np.sort(_from_order(np.concatenate(found))).tolist()


def _to_order(values: np.ndarray) -> np.ndarray:
    """Number the float64 in ascending order, both zeros as 0."""
    bits = values.view(np.int64)
    return np.where(bits >= 0, bits, -(bits & np.int64(2**63 - 1)))


def _from_order(numbers: np.ndarray) -> np.ndarray:
    magnitudes = np.abs(numbers).view(np.float64)
    return np.where(numbers >= 0, magnitudes, -magnitudes)
