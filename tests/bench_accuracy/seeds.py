"""Five seeds: means, deviations, and what chance would make of the difference of pairs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import ttest_rel

SEEDS = (1, 2, 3, 4, 5)
TUNING_SEED = 0
"""Of the trials that settings are chosen by; none of `SEEDS`."""


@dataclass(frozen=True)
class Paired:
    """Errors of two ways with the same seeds.

    Parameters
    ----------
    gain
        ``1 - mean of the second / mean of the first``.
    p
        Two-sided, of the paired t-test: how often chance alone gives as much. 1 where both ways are
        the same in each seed, nan for fewer than two.
    """

    gain: float
    p: float


def paired(before: Sequence[float], after: Sequence[float]) -> Paired:
    """Compare two ways, seed by seed."""
    first, second = np.array(before), np.array(after)
    gain = float(1 - second.mean() / first.mean())
    if len(first) < 2:
        return Paired(gain, float("nan"))
    if np.array_equal(first, second):
        return Paired(gain, 1.0)
    return Paired(gain, float(ttest_rel(first, second).pvalue))


def spread(errors: Sequence[float]) -> str:
    """Return mean and standard deviation (of a sample) as text."""
    deviation = float(np.std(errors, ddof=1)) if len(errors) > 1 else 0.0
    return f"{np.mean(errors):.4f} ± {deviation:.4f}"


def compared(before: Sequence[float], after: Sequence[float]) -> str:
    """Return the gain of the second over the first, and its p, as text."""
    found = paired(before, after)
    return f"{found.gain:+.1%} (p = {found.p:.2g})"
