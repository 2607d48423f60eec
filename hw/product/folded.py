"""Folded matrix-vector product: the engine inside dense and recurrent blocks.

A kernel of ``n_in x units`` entries (for each of `gates` gates) is multiplied by
``ceil(n_in * units / reuse)`` lanes in `reuse` cycles, for *any* reuse factor >= 1:

* ``lanes // n_in`` full columns own one multiplier per input and finish one unit a cycle;
* one partial column with the remaining lanes walks through the remaining units. Its lanes run
  along the kernel unit by unit; a cycle may hold the end of one unit and the start of the next,
  which are summed apart.

Lane m of a column with L lanes takes input ``(k * L + m) mod n_in`` in cycle k, so its operand
multiplexer has ``n_in / gcd(L, n_in)`` ways, and none in a full column.
"""

from dataclasses import dataclass
from functools import cached_property
from math import ceil, gcd

import numpy as np

from hw.errors import ChronogateError
from hw.number.fixed_point import FixedPoint

TREE_RADIX = 4
"""Addends summed between two registers of an adder tree: two carry chains deep."""

OPERAND_TO_SUM = 2
"""Cycles from operand selection to the accumulator's input, the adder tree not counted."""


@dataclass(frozen=True)
class Column:
    """Lanes that work on one unit after the other.

    Parameters
    ----------
    lanes
        Multipliers for each gate, at most ``n_in``.
    units
        Indices of the units, in order of completion.
    n_in
        Length of the vector.
    """

    lanes: int
    units: tuple[int, ...]
    n_in: int

    @property
    def busy_cycles(self) -> int:
        """Cycles in which the column multiplies."""
        return ceil(len(self.units) * self.n_in / self.lanes)

    @property
    def phases(self) -> int:
        """Cycles after which the pattern of operands repeats."""
        return self.n_in // gcd(self.lanes, self.n_in)

    def operand(self, phase: int, lane: int) -> int:
        """Return the index of the input that `lane` takes in `phase`."""
        return (phase * self.lanes + lane) % self.n_in

    def ends_unit(self, phase: int) -> bool:
        """Tell whether a unit's last product falls into `phase`."""
        return (phase * self.lanes) % self.n_in + self.lanes >= self.n_in

    def belongs_to_next(self, phase: int, lane: int) -> bool:
        """Tell whether the lane's product already counts for the unit after the ending one."""
        return (phase * self.lanes) % self.n_in + lane >= self.n_in


@dataclass(frozen=True, eq=False)
class FoldedProduct:
    """Schedule and arithmetic of one folded product.

    Parameters
    ----------
    kernel
        int64 codes ``(n_in, gates, units)``.
    input, kernel_format
        Formats of the vector and of the kernel.
    reuse
        Cycles for one vector.

    Raises
    ------
    ChronogateError
        When the reuse factor is below one or a sum could exceed the golden model's 63 bits.
    """

    kernel: np.ndarray
    input: FixedPoint
    kernel_format: FixedPoint
    reuse: int

    def __post_init__(self) -> None:
        if self.reuse < 1:
            raise ChronogateError(f"a reuse factor of {self.reuse} is not possible: use 1 or more")

    @property
    def n_in(self) -> int:
        return self.kernel.shape[0]

    @property
    def gates(self) -> int:
        return self.kernel.shape[1]

    @property
    def units(self) -> int:
        return self.kernel.shape[2]

    @property
    def lanes(self) -> int:
        """Multipliers for each gate."""
        return ceil(self.n_in * self.units / self.reuse)

    @property
    def multipliers(self) -> int:
        return self.lanes * self.gates

    @property
    def products(self) -> int:
        """Useful products for one vector."""
        return self.kernel.size

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        full, rest = divmod(self.lanes, self.n_in)
        groups = [range(c * self.reuse, min((c + 1) * self.reuse, self.units)) for c in range(full)]
        columns = [Column(self.n_in, tuple(group), self.n_in) for group in groups if group]
        left = tuple(range(full * self.reuse, self.units))
        if rest and left:
            columns.append(Column(rest, left, self.n_in))
        return tuple(columns)

    @property
    def busy_cycles(self) -> int:
        """Cycles from the first operand to the last, both counted; at most `reuse`."""
        return max(column.busy_cycles for column in self.columns)

    @property
    def tree_stages(self) -> int:
        """Registers in the deepest adder tree; all columns are padded to it."""
        return max(tree_stages(column.lanes) for column in self.columns)

    @property
    def sum_latency(self) -> int:
        """Cycles from the start pulse to the last sum."""
        return self.busy_cycles + OPERAND_TO_SUM + self.tree_stages

    @cached_property
    def sum_format(self) -> FixedPoint:
        """The narrowest format that holds every sum and every partial sum."""
        low, high = sum_bounds(self.kernel, self.input)
        fraction = self.input.fraction + self.kernel_format.fraction
        return FixedPoint.covering(int(low.min()), int(high.max()), fraction)

    def reference(self, codes: np.ndarray) -> np.ndarray:
        """Multiply int64 vectors ``(N, n_in)``; returns int64 sums ``(N, gates, units)``."""
        flat = exact_matmul(codes, self.kernel.reshape(self.n_in, -1), self.sum_format)
        return flat.reshape(len(codes), self.gates, self.units)


def tree_stages(addends: int) -> int:
    """Return the registers of an adder tree that takes `TREE_RADIX` addends a stage."""
    stages = 0
    while addends > 1:
        addends, stages = ceil(addends / TREE_RADIX), stages + 1
    return stages


def sum_bounds(kernel: np.ndarray, source: FixedPoint) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and highest sum over the first axis, as Python integers.

    A format's range contains zero, so the bounds hold for every partial sum, too.
    """
    exact = kernel.astype(object)
    ends = exact * source.minimum, exact * source.maximum
    return np.minimum(*ends).sum(axis=0), np.maximum(*ends).sum(axis=0)


def exact_matmul(codes: np.ndarray, kernel: np.ndarray, sum_format: FixedPoint) -> np.ndarray:
    """Multiply int64 matrices; through float64 where its 53 bits hold every partial sum."""
    if sum_format.width <= 53:
        return (codes.astype(np.float64) @ kernel.astype(np.float64)).astype(np.int64)
    return codes @ kernel
