"""Counts how often each rounding and overflow mode decides something in the golden model."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from hw.number.fixed_point import FixedPoint, Overflow, Rounding

Hits = Counter[str]
"""By event: ``<rounding> rounded``, ``<rounding> tie``, ``<overflow> above``, ``... below``."""

EVENTS = tuple(
    [f"{mode} {event}" for mode in Rounding for event in ("rounded", "tie")]
    + [f"{mode} {event}" for mode in Overflow for event in ("above", "below")]
)


@contextmanager
def counted_hits() -> Iterator[Hits]:
    """Count every value that a conversion into a format changes inside the block.

    A value is *rounded* when bits are dropped that are not zero, a *tie* when they are exactly one
    half, and *above* or *below* when what is left after the rounding does not fit.
    """
    hits: Hits = Counter()
    stock = {"resize": FixedPoint.resize, "quantize": FixedPoint.quantize}

    def resize(self: FixedPoint, codes: np.ndarray, source: FixedPoint) -> np.ndarray:
        _count(hits, self, np.asarray(codes, dtype=np.int64), source.fraction)
        return stock["resize"](self, codes, source)

    def quantize(self: FixedPoint, values: np.ndarray) -> np.ndarray:
        # Every float of the fuzz has few bits, and so a code of its own on a fine grid.
        fraction = max(self.fraction, 0) + FINE
        fine = np.ldexp(np.asarray(values, dtype=np.float64), fraction)
        _count(hits, self, np.rint(fine).astype(np.int64), fraction)
        return stock["quantize"](self, values)

    FixedPoint.resize, FixedPoint.quantize = resize, quantize
    try:
        yield hits
    finally:
        FixedPoint.resize, FixedPoint.quantize = stock["resize"], stock["quantize"]


FINE = 8
"""Fraction bits of inputs beyond their format's."""


def _count(hits: Hits, target: FixedPoint, codes: np.ndarray, fraction: int) -> None:
    shift = fraction - target.fraction
    if shift > 0:
        shift = min(shift, 62)
        rest = codes & ((1 << shift) - 1)
        hits[f"{target.rounding} rounded"] += int(np.count_nonzero(rest))
        hits[f"{target.rounding} tie"] += int(np.count_nonzero(rest == 1 << (shift - 1)))
        # In a format that is wide enough, the same rounding shows what has to fit.
        roomy = FixedPoint(63, 63 - target.fraction, True, target.rounding, Overflow.SAT)
        source = FixedPoint(63, 63 - fraction)
        kept = _resize(roomy, codes, source)
    else:
        room = 62 + shift - int(np.abs(codes).max(initial=1)).bit_length()
        kept = codes << -shift if room > 0 else codes
    hits[f"{target.overflow} above"] += int(np.count_nonzero(kept > target.maximum))
    hits[f"{target.overflow} below"] += int(np.count_nonzero(kept < target.minimum))


_resize = FixedPoint.resize
"""As it was when this module was read, so that counting does not count itself."""


def missing(hits: Hits) -> list[str]:
    """Return the events that never happened."""
    return [event for event in EVENTS if not hits[event]]
