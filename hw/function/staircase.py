"""Staircases: functions with few values, exact for any input width.

A quantized sigmoid of b bits, a sign, a power of two: such a function changes its value at no more
than a few thresholds, so a search among them is exact where a table of every input would be huge.

Hardware, whichever is smaller by the estimates below (in four-input LUTs, 16 ROM bits each):

- *lookup*, one cycle: a table of all ``2**W`` input codes, ``2**W * B / 16``;
- *search*, b cycles for up to ``2**b`` values: one comparator a cycle, which narrows the choice by
  half, ``(2**b * W + 2**b * B) / 16 + b * W``. The thresholds of the next cycle are read while
  this one compares, both of them, so that a cycle holds one comparator and one multiplexer.

The lookup may cost twice as much, since it answers in one cycle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import ceil, isfinite

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Shape, Signal, Value

from hw.errors import ChronogateError
from hw.function.rom import choose, in_raw_order, lookup
from hw.number.fixed_point import FixedPoint

MOST_VALUES = 1 << 12
"""More values than this would need block RAMs of thresholds for every channel."""


@dataclass(frozen=True)
class Staircase:
    """A function that is constant between thresholds.

    Parameters
    ----------
    thresholds
        Ascending. The k-th is the least float64 that belongs to ``codes[k + 1]``; an input is
        compared with it exactly, whatever its format.
    codes
        Codes in `output`, one more than thresholds; ascending or not.
    output
        Format of the result.

    Raises
    ------
    ChronogateError
        When there are too many values, or one that `output` does not hold.
    """

    thresholds: tuple[float, ...]
    codes: tuple[int, ...]
    output: FixedPoint

    def __post_init__(self) -> None:
        if len(self.codes) != len(self.thresholds) + 1:
            raise ChronogateError(
                f"a staircase with {len(self.thresholds)} thresholds has "
                f"{len(self.thresholds) + 1} values, not {len(self.codes)}: "
                "give one more code than thresholds"
            )
        if len(self.codes) > MOST_VALUES:
            raise ChronogateError(
                f"a function with {len(self.codes)} values takes too much memory in every "
                f"channel: quantize it to at most {MOST_VALUES.bit_length() - 1} bits"
            )
        ascends = all(low < high for low, high in pairwise(self.thresholds))
        if not ascends or not all(isfinite(threshold) for threshold in self.thresholds):
            raise ChronogateError("the thresholds of a staircase are finite and ascend: sort them")
        if min(self.codes) < self.output.minimum or max(self.codes) > self.output.maximum:
            raise ChronogateError(
                f"{self.output} does not hold the values of a staircase, {min(self.codes)} to "
                f"{max(self.codes)}: give it more bits"
            )

    def result_format(self, source: FixedPoint) -> FixedPoint:
        """Return the format of this function of a number of format `source`."""
        return self.output

    def apply(self, codes: np.ndarray, source: FixedPoint) -> np.ndarray:
        """Return the int64 codes of the function of `codes` (any shape, format `source`)."""
        steps = _steps(self, source)
        found = np.searchsorted(np.array(steps.thresholds, dtype=np.int64), codes, side="right")
        return np.array(steps.codes, dtype=np.int64)[found]

    def steps(self, source: FixedPoint) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the staircase over the codes of `source`: ascending thresholds, and codes.

        The k-th code holds from threshold k - 1 on, the first one below all of them.
        """
        steps = _steps(self, source)
        return steps.thresholds, steps.codes

    def delay_cycles(self, source: FixedPoint) -> int:
        """Return one for a lookup, the comparisons for a search."""
        steps = _steps(self, source)
        return 1 if steps.prefers_lookup(source, self.output) else max(steps.depth, 1)

    def hardware(self, m: Module, value: Value, source: FixedPoint, name: str) -> Signal:
        """Add the pipelined hardware for one value and return the register of its code."""
        steps, shape = _steps(self, source), self.output.shape
        if steps.prefers_lookup(source, self.output):
            codes = np.array(in_raw_order(source.width, source.signed))
            return lookup(m, value, self.apply(codes, source).tolist(), shape, name)
        return _search(m, value, source.shape, steps, shape, name)


@dataclass(frozen=True)
class _Steps:
    """A staircase over the codes of one input format; the k-th value holds from the k-th on."""

    thresholds: tuple[int, ...]
    codes: tuple[int, ...]

    @property
    def depth(self) -> int:
        """Comparisons of a binary search."""
        return len(self.thresholds).bit_length()

    def prefers_lookup(self, source: FixedPoint, output: FixedPoint) -> bool:
        """Compare the estimates of this module's head."""
        values = 1 << self.depth
        search = values * (source.width + output.width) / 16 + self.depth * source.width
        return (1 << source.width) * output.width / 16 <= 2 * search

    def above(self, position: int, source_maximum: int) -> int:
        """Return the code that an input must exceed to pass threshold `position`."""
        if position >= len(self.thresholds):
            return source_maximum  # nothing does
        return self.thresholds[position] - 1


@lru_cache(maxsize=256)
def _steps(staircase: Staircase, source: FixedPoint) -> _Steps:
    """Bring the thresholds onto the grid of `source`; those that no code tells apart fall away."""
    lowest, highest = source.plain().minimum, source.plain().maximum
    scale = Fraction(2) ** source.fraction
    thresholds: list[int] = []
    codes = [staircase.codes[0]]
    for threshold, code in zip(staircase.thresholds, staircase.codes[1:], strict=True):
        least = ceil(Fraction(threshold) * scale)
        if least > highest:
            break
        if least <= lowest or (thresholds and thresholds[-1] == least):
            codes[-1] = code
        else:
            thresholds.append(least)
            codes.append(code)
    return _Steps(tuple(thresholds), tuple(codes))


def _search(
    m: Module, value: Value, source: Shape, steps: _Steps, shape: Shape, name: str
) -> Signal:
    """Search binary, from the middle threshold on; each stage knows one more bit of the place."""
    highest = (1 << (source.width - source.signed)) - 1
    result = Signal(shape, name=f"{name}_result")
    depth = steps.depth
    if depth == 0:
        m.d.sync += result.eq(steps.codes[0])
        return result
    limit: Value = choose(value, [steps.above((1 << (depth - 1)) - 1, highest)], source)
    place: Value | None = None
    for stage in range(depth):
        passed = Signal(name=f"{name}_passed{stage}")
        m.d.comb += passed.eq(value > limit)
        known = passed if place is None else Cat(passed, place)
        if stage == depth - 1:
            last = len(steps.codes) - 1
            table = [steps.codes[min(k, last)] for k in range(1 << depth)]
            m.d.sync += result.eq(_either(passed, place, table, shape))
            break
        # The subtree below prefix p holds 2**width thresholds; its middle one comes next.
        width = depth - stage - 1
        table = [
            steps.above((p << width) + (1 << (width - 1)) - 1, highest)
            for p in range(1 << (stage + 1))
        ]
        next_limit = Signal(source, name=f"{name}_limit{stage}")
        next_place = Signal(stage + 1, name=f"{name}_place{stage}")
        next_value = Signal(source, name=f"{name}_value{stage}")
        m.d.sync += [
            next_limit.eq(_either(passed, place, table, source)),
            next_place.eq(known),
            next_value.eq(value),
        ]
        limit, place, value = next_limit, next_place, next_value
    return result


def _either(passed: Value, place: Value | None, table: Sequence[int], shape: Shape) -> Value:
    """Return ``table[{place, passed}]``, with `passed`, which comes late, chosen last."""
    if place is None:
        return Mux(passed, choose(passed, table[1:], shape), choose(passed, table[:1], shape))
    return Mux(passed, choose(place, table[1::2], shape), choose(place, table[::2], shape))
