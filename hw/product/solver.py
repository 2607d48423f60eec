"""Finds the shared adders of a constant matrix-vector product, and where its bias costs least.

The search is alkaid's ``cmvm_solve`` (Sun et al., da4ml, arXiv:2507.04535): canonical signed
digits, greedy common subexpressions over pairs, after splitting the kernel into a product of two.
Its result is taken apart into integer sums here, and checked: the graph's own matrix must be the
kernel.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from hw.errors import ChronogateError
from hw.product.adder_graph import AdderGraph, Range, Sum, Term, chain_bits, used_only, zeros_below

if TYPE_CHECKING:
    from alkaid.cmvm import CombLogic

EXTRA_DEPTH = 2
"""By default: a compromise, since the fewest adders may be found in twice the depth.

Random 20 x 80 weights of 8 bits: 2,103 adders in 8 levels with 0, 1,986 in 8 with 2, 1,911 in 21
without a limit; of 6 bits: 1,651 in 7 with 0 to 2, 1,551 in 8 with 3, 1,477 in 17.
"""
LARGEST_WEIGHT = 1 << 24
"""The solver takes weights as float32."""


def solve(
    kernel: np.ndarray, bias: np.ndarray, source: Range, extra_depth: int | None = EXTRA_DEPTH
) -> AdderGraph:
    """Return the adder graph of ``x . kernel + bias``, all inputs of the same range.

    See `solve_mixed`.
    """
    return solve_mixed(kernel, bias, (source,) * len(kernel), extra_depth)


def solve_mixed(
    kernel: np.ndarray,
    bias: np.ndarray,
    inputs: Sequence[Range],
    extra_depth: int | None = EXTRA_DEPTH,
) -> AdderGraph:
    """Return the adder graph of ``x . kernel + bias``.

    The search takes milliseconds for 16 x 16 weights of 6 bits, a second for 64 x 32 and up to
    half a minute for 64 x 128. It is deterministic, and its last results are kept in memory under
    their content, so nothing but the kernel needs to be stored with a network.

    Parameters
    ----------
    kernel
        int64 ``(n_in, n_out)``.
    bias
        int64 ``(n_out,)``, on the sums' grid.
    inputs
        Range of each input.
    extra_depth
        Adders on the longest path beyond the fewest possible; more of them save adders elsewhere.
        ``None`` does not limit them.

    Raises
    ------
    ChronogateError
        When a weight exceeds 24 bits or a partial sum 63.
    """
    if np.abs(kernel).max(initial=0) >= LARGEST_WEIGHT:
        raise ChronogateError(
            "weights of more than 24 bits cannot be unrolled: use Strategy='Resource', "
            "or a narrower kernel quantizer"
        )
    kernel, bias = (np.ascontiguousarray(array, dtype=np.int64) for array in (kernel, bias))
    limit = -1 if extra_depth is None else extra_depth
    return _solve(kernel.tobytes(), bias.tobytes(), kernel.shape, tuple(inputs), limit)


@lru_cache(maxsize=64)
def _solve(
    kernel_bytes: bytes,
    bias_bytes: bytes,
    shape: tuple[int, int],
    inputs: tuple[Range, ...],
    limit: int,
) -> AdderGraph:
    kernel = np.frombuffer(kernel_bytes, np.int64).reshape(shape)
    bias = np.frombuffer(bias_bytes, np.int64)
    product = _multiply(kernel, inputs, limit)
    graph = used_only(_with_bias(product, [int(constant) for constant in bias]))
    found, constants = graph.matrix
    if not (np.array_equal(found, kernel) and np.array_equal(constants, bias)):
        raise RuntimeError("the solver's adder graph is not the kernel's")
    return graph


@dataclass(frozen=True)
class _Product:
    """A graph under construction, whose outputs may still be negative, or nothing at all."""

    inputs: tuple[Range, ...]
    sums: tuple[Sum, ...]
    outputs: tuple[Term | None, ...]


def _multiply(kernel: np.ndarray, inputs: tuple[Range, ...], limit: int) -> _Product:
    """Run the solver and write what it found as integer sums."""
    # Only here, since it takes a second and folded designs never need it.
    try:
        from alkaid.cmvm import cmvm_solve
    except ModuleNotFoundError:
        raise ChronogateError(
            "adder graphs need the solver, and alkaid is not installed: install it, or fold the "
            "layer (Strategy='Resource')"
        ) from None

    if not kernel.any():
        return _Product(inputs, (), (None,) * kernel.shape[1])
    intervals = [(float(low), float(high), 1.0) for low, high in inputs]
    halves = cmvm_solve(kernel.astype(np.float32), hard_dc=limit, qintervals=intervals)
    sums: list[Sum] = []
    values: list[Term | None] = [Term(i) for i in range(len(inputs))]
    for half in halves:
        values = _transcribe(half, values, sums, len(inputs))
    return _Product(inputs, tuple(sums), tuple(values))


def _transcribe(
    logic: "CombLogic",
    given: Sequence[Term | None],
    sums: list[Sum],
    n_in: int,
) -> list[Term | None]:
    """Append one half's adders to `sums`; shifts may be negative until two terms meet."""
    values: list[Term | None] = []
    for op in logic.ops:
        match op.opcode:
            case -1:
                values.append(_moved(given[op.data[0]], logic.inp_shifts[op.data[0]]))
            case 0 | 1:
                left, right = values[op.addr[0]], values[op.addr[1]]
                right = _moved(right, op.data[0], negate=op.opcode == 1)
                values.append(_added(left, right, sums, n_in))
            case _:
                raise RuntimeError(f"the solver used an operation {op.opcode} that is no addition")
    return [
        _moved(values[index], shift, negate=negate) if index >= 0 else None
        for index, shift, negate in zip(
            logic.out_idxs, logic.out_shifts, logic.out_negs, strict=True
        )
    ]


def _moved(term: Term | None, shift: int, negate: bool = False) -> Term | None:
    return term and Term(term.source, term.shift + int(shift), term.negative != bool(negate))


def _added(left: Term | None, right: Term | None, sums: list[Sum], n_in: int) -> Term | None:
    if left is None or right is None:
        return left or right
    sums.append(_aligned(left, right))
    both = left.negative and right.negative
    return Term(n_in + len(sums) - 1, min(left.shift, right.shift), both)


def _aligned(left: Term, right: Term) -> Sum:
    """Return the sum of two terms, shifted down to an end at bit 0; negated if both are."""
    common, both = min(left.shift, right.shift), left.negative and right.negative
    return Sum(
        tuple(
            Term(term.source, term.shift - common, term.negative and not both)
            for term in (left, right)
        )
    )


def _with_bias(product: _Product, bias: Sequence[int]) -> AdderGraph:
    """Add the bias to the outputs and let none of them be negative."""
    bare = tuple(term for term in product.outputs if term is not None)
    graph = AdderGraph(product.inputs, product.sums, bare)
    uses = [0] * (len(graph.inputs) + len(graph.sums))
    for term in (*bare, *(term for node in graph.sums for term in node.terms)):
        uses[term.source] += 1
    offsets = _Offsets(graph, uses, list(graph.sums))
    outputs = [
        offsets.constant(constant) if term is None else offsets.add(term, constant)
        for term, constant in zip(product.outputs, bias, strict=True)
    ]
    return AdderGraph(product.inputs, tuple(offsets.sums), tuple(outputs))


@dataclass(frozen=True)
class _Offsets:
    """Adds constants to outputs of `graph`, in front of any adder that serves one output only.

    There a constant is often narrower, and off the longest path; a negative output costs nothing
    when a difference in front of it can be taken the other way round.
    """

    graph: AdderGraph
    uses: Sequence[int]
    sums: list[Sum]

    def constant(self, value: int) -> Term:
        """Return an output that never changes."""
        return self._append(Sum((), value))

    def add(self, term: Term, constant: int) -> Term:
        """Return `term` plus `constant`, at the cheapest place that keeps the graph's depth."""
        if not constant and not term.negative:
            return term
        depth = self.graph.depth

        def price(path: tuple[int, ...]) -> tuple[int, int, int]:
            level, bits = self._price(term, constant, path)
            return max(level - depth, 0), bits, len(path)

        return self._build(term, constant, min(self._paths(term), key=price))

    def _paths(self, term: Term) -> Iterator[tuple[int, ...]]:
        """Yield every place: which operand to follow at each adder on the way."""
        yield ()
        if self.uses[term.source] == 1:
            for side, operand in enumerate(self.graph.terms_of(term.source)):
                yield from ((side, *rest) for rest in self._paths(operand))

    def _split(self, term: Term, side: int) -> tuple[Term, Term]:
        """Return the operands of a term's adder, as they stand in the output; `side` first."""
        operands = [
            Term(t.source, t.shift + term.shift, t.negative != term.negative)
            for t in self.graph.terms_of(term.source)
        ]
        return operands[side], operands[1 - side]

    def _price(self, term: Term, constant: int, path: tuple[int, ...]) -> tuple[int, int]:
        """Return the level of the result and the carry chains' bits on the way."""
        level = self.graph.levels[term.source]
        if not path:
            if not constant and not term.negative:
                return level, 0
            return level + 1, chain_bits((term,), constant, self._range(term, constant))
        followed, other = self._split(term, path[0])
        below, bits = self._price(followed, constant, path[1:])
        # Where a constant has come in, the lower end of its term is the constant's.
        end = followed.shift if not constant else min(followed.shift, zeros_below(constant))
        terms = Term(followed.source, end), other
        bits += chain_bits(terms, 0, self._range(term, constant))
        return max(below, self.graph.levels[other.source]) + 1, bits

    def _range(self, term: Term, constant: int) -> Range:
        ends = [end << term.shift for end in self.graph.ranges[term.source]]
        ends = [-end if term.negative else end for end in ends]
        return min(ends) + constant, max(ends) + constant

    def _build(self, term: Term, constant: int, path: tuple[int, ...]) -> Term:
        if not path:
            if not constant and not term.negative:
                return term
            end = term.shift if not constant else min(term.shift, zeros_below(constant))
            inner = Term(term.source, term.shift - end, term.negative)
            return self._append(Sum((inner,), constant >> end), end)
        followed, other = self._split(term, path[0])
        return self._join(self._build(followed, constant, path[1:]), other)

    def _join(self, left: Term, right: Term) -> Term:
        return self._append(_aligned(left, right), min(left.shift, right.shift))

    def _append(self, node: Sum, shift: int = 0) -> Term:
        self.sums.append(node)
        return Term(len(self.graph.inputs) + len(self.sums) - 1, shift)
