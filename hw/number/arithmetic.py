"""Exact sums and products of fixed-point numbers: the format of the result, and its value.

Every function exists once for int64 codes; the hardware adds and multiplies the same codes with
Amaranth's operators, into a signal of the format given here.
"""

import numpy as np

from hw.number.fixed_point import FixedPoint


def sum_format(*terms: FixedPoint) -> FixedPoint:
    """Return the narrowest format that holds any sum of the terms."""
    fraction = max(term.fraction for term in terms)
    low = sum(term.minimum << (fraction - term.fraction) for term in terms)
    high = sum(term.maximum << (fraction - term.fraction) for term in terms)
    return FixedPoint.covering(low, high, fraction)


def product_format(left: FixedPoint, right: FixedPoint) -> FixedPoint:
    """Return the narrowest format that holds any product."""
    corners = [a * b for a in (left.minimum, left.maximum) for b in (right.minimum, right.maximum)]
    return FixedPoint.covering(min(corners), max(corners), left.fraction + right.fraction)


def add(total: FixedPoint, *terms: tuple[np.ndarray, FixedPoint]) -> np.ndarray:
    """Add codes of several formats on the grid of `total`."""
    aligned = [codes << (total.fraction - format.fraction) for codes, format in terms]
    return np.asarray(sum(aligned), dtype=np.int64)


def complement_format(format: FixedPoint) -> FixedPoint:
    """Return the format of ``1 - x``."""
    fraction = max(format.fraction, 0)
    one, scale = 1 << fraction, fraction - format.fraction
    return FixedPoint.covering(
        one - (format.maximum << scale), one - (format.minimum << scale), fraction
    )


def common_format(*formats: FixedPoint) -> FixedPoint:
    """Return the narrowest format that holds the numbers of all `formats`."""
    fraction = max(format.fraction for format in formats)
    low = min(format.minimum << (fraction - format.fraction) for format in formats)
    high = max(format.maximum << (fraction - format.fraction) for format in formats)
    return FixedPoint.covering(low, high, fraction)
