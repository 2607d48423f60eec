"""Constant matrix-vector products as graphs of shared adders.

``sums = x . kernel + bias`` for one kernel known at compile time needs no multiplier: every weight
is a sum of a few shifted inputs, and partial sums are shared between outputs (`hw.product.solver`
finds them). A graph is arithmetic only; `hw.product.adder_pipeline` places its registers.

All numbers are integer codes. A weight of zero costs nothing, one of a power of two no adder.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hw.errors import ChronogateError
from hw.number.fixed_point import MAX_WIDTH

Range = tuple[int, int]
"""Lowest and highest code, both included."""


@dataclass(frozen=True)
class Term:
    """``source << shift``, or its negative."""

    source: int
    shift: int = 0
    negative: bool = False


@dataclass(frozen=True)
class Sum:
    """Two terms, one term and a constant, or one negative term: one carry chain each.

    Without any term a constant, which costs nothing. A subtrahend may stand first or second, but
    two terms are never both negative.
    """

    terms: tuple[Term, ...]
    constant: int = 0


def chain_bits(terms: Sequence[Term], constant: int, ends: Range) -> int:
    """Return how many bits of a sum with range `ends` a carry chain computes.

    The low bits of a positive addend pass by as long as the other has none.
    """
    ends_low = sorted((term.shift, not term.negative) for term in terms)
    if constant:
        ends_low = sorted([*ends_low, (zeros_below(constant), True)])
    lowest, positive = ends_low[0]
    return width_of(ends) - (ends_low[1][0] if positive and len(ends_low) > 1 else lowest)


def zeros_below(constant: int) -> int:
    """Return how many low bits of a constant are zero."""
    return (constant & -constant).bit_length() - 1


def width_of(ends: Range) -> int:
    """Return the bits of a code in this range; a sign bit only where there are negative ones."""
    bits = max((~end if end < 0 else end).bit_length() for end in ends)
    return max(bits + (ends[0] < 0), 1)


@dataclass(frozen=True, eq=False)
class AdderGraph:
    """Sums of shifted values, each of earlier ones.

    Parameters
    ----------
    inputs
        Range of each input.
    sums
        In order of computation; term sources below ``len(inputs)`` are inputs, the others sums.
    outputs
        What leaves the graph, never negative.

    Raises
    ------
    ChronogateError
        When a value could exceed 63 bits.
    """

    inputs: tuple[Range, ...]
    sums: tuple[Sum, ...]
    outputs: tuple[Term, ...]

    def __post_init__(self) -> None:
        for low, high in self.ranges:
            if not -(1 << (MAX_WIDTH - 1)) <= low <= high < 1 << (MAX_WIDTH - 1):
                raise ChronogateError(
                    f"a partial sum of an unrolled product needs more than {MAX_WIDTH} bits: "
                    "use narrower inputs, weights or biases"
                )

    @cached_property
    def coefficients(self) -> np.ndarray:
        """What each value is: Python integers ``(values, n_in + 1)``, the constant last."""
        n_in = len(self.inputs)
        table = np.zeros((n_in + len(self.sums), n_in + 1), dtype=object)
        table[:n_in, :n_in] = np.eye(n_in, dtype=int)
        for index, node in enumerate(self.sums, n_in):
            for term in node.terms:
                row = table[term.source] << term.shift
                table[index] += -row if term.negative else row
            table[index, n_in] += node.constant
        return table

    @cached_property
    def matrix(self) -> tuple[np.ndarray, np.ndarray]:
        """The kernel ``(n_in, n_out)`` and the bias ``(n_out,)`` that the graph computes."""
        rows = [self.coefficients[term.source] << term.shift for term in self.outputs]
        table = np.array(rows, dtype=object).reshape(len(rows), -1)
        return table[:, :-1].T, table[:, -1]

    @cached_property
    def ranges(self) -> tuple[Range, ...]:
        """The exact range of every value: inputs first, then sums.

        Each value is a linear form of the inputs, so its extremes lie at the inputs' own.
        """
        lows, highs = (np.array(ends, dtype=object) for ends in zip(*self.inputs, strict=True))
        weights, constants = self.coefficients[:, :-1], self.coefficients[:, -1]
        ends = weights * lows, weights * highs
        low = np.minimum(*ends).sum(axis=1) + constants
        high = np.maximum(*ends).sum(axis=1) + constants
        return tuple(zip(low.tolist(), high.tolist(), strict=True))

    @cached_property
    def levels(self) -> tuple[int, ...]:
        """Adders on the longest path to every value, its own included."""
        found = [0] * len(self.inputs)
        for index, node in enumerate(self.sums, len(self.inputs)):
            below = max((found[term.source] for term in node.terms), default=0)
            found.append(below + self.is_adder(index))
        return tuple(found)

    @property
    def depth(self) -> int:
        """Adders on the longest path."""
        return max((self.levels[term.source] for term in self.outputs), default=0)

    @property
    def adders(self) -> int:
        """Carry chains."""
        return sum(self.is_adder(len(self.inputs) + k) for k in range(len(self.sums)))

    def terms_of(self, index: int) -> tuple[Term, ...]:
        """Return what a value is summed from; nothing for an input."""
        return self.sums[index - len(self.inputs)].terms if index >= len(self.inputs) else ()

    def is_adder(self, index: int) -> bool:
        """Tell whether a value takes a carry chain: constants and side-by-side bits do not."""
        terms = self.terms_of(index)
        return bool(terms) and not (len(terms) > 1 and self._side_by_side(terms))

    def _side_by_side(self, terms: Sequence[Term]) -> bool:
        low, high = sorted(terms, key=lambda term: term.shift)
        least, most = self.ranges[low.source]
        fits = least >= 0 and most.bit_length() + low.shift <= high.shift
        return fits and not low.negative and not high.negative

    def evaluate(self, codes: np.ndarray) -> np.ndarray:
        """Compute the outputs adder by adder.

        Parameters
        ----------
        codes
            int64 ``(N, n_in)``.

        Returns
        -------
        numpy.ndarray
            int64 ``(N, n_out)``.
        """
        values = [codes[:, i] for i in range(len(self.inputs))]
        for node in self.sums:
            total = np.full(len(codes), node.constant, dtype=np.int64)
            for term in node.terms:
                shifted = values[term.source] << term.shift
                total = total - shifted if term.negative else total + shifted
            values.append(total)
        columns = [values[term.source] << term.shift for term in self.outputs]
        return np.stack(columns, axis=1) if columns else np.zeros((len(codes), 0), np.int64)


def used_only(graph: AdderGraph) -> AdderGraph:
    """Leave out what no output depends on, and compute equal sums once."""
    n_in = len(graph.inputs)
    needed = set(_reachable(graph))
    moved = {i: i for i in range(n_in)}
    known: dict[Sum, int] = {}
    kept: list[Sum] = []
    for index, node in enumerate(graph.sums, n_in):
        if index not in needed:
            continue
        terms = tuple(Term(moved[t.source], t.shift, t.negative) for t in node.terms)
        same = Sum(terms, node.constant)
        if same not in known:
            known[same] = n_in + len(kept)
            kept.append(same)
        moved[index] = known[same]
    outputs = tuple(Term(moved[t.source], t.shift) for t in graph.outputs)
    return AdderGraph(graph.inputs, tuple(kept), outputs)


def _reachable(graph: AdderGraph) -> Iterator[int]:
    waiting = [term.source for term in graph.outputs]
    seen: set[int] = set()
    while waiting:
        index = waiting.pop()
        if index not in seen:
            seen.add(index)
            yield index
            waiting += [term.source for term in graph.terms_of(index)]
