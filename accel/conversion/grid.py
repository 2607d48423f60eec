"""Values as integer codes on the coarsest binary grid that holds them."""

import numpy as np

from hw.number.fixed_point import FixedPoint

MOST_BITS = 20
"""Widest weight without a plain quantizer; float weights, which need more, are thus refused."""


def grid_codes(values: np.ndarray) -> tuple[np.ndarray, FixedPoint] | None:
    """Return values on the coarsest grid that holds them, or ``None`` beyond `MOST_BITS`."""
    significant = values[values != 0]
    if not significant.size:
        return np.zeros(values.shape, dtype=np.int64), FixedPoint(1, 1, signed=False)
    exponent = int(np.frexp(np.abs(significant).max())[1])
    # Codes of up to MOST_BITS bits: the least step that is tried.
    finest = MOST_BITS - exponent
    scaled = np.ldexp(values, finest)
    if (scaled != np.rint(scaled)).any():
        return None
    codes = scaled.astype(np.int64)
    used = int(np.bitwise_or.reduce(np.abs(codes), axis=None))
    spare = (used & -used).bit_length() - 1  # zeros that all codes end in
    codes >>= spare
    format = FixedPoint.covering(int(codes.min()), int(codes.max()), finest - spare)
    return codes, format
