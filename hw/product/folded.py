"""Folded matrix-vector products: what an array of multipliers computes, and when.

An array runs one or several *programs*, one after the other. A program multiplies one vector by
its kernel; programs with the same columns form a *bank* and share adder trees and accumulators;
all programs share the multipliers and one memory, in which their weights lie one after another.

Lane m of a column takes operand ``(k * lanes + m) mod stride`` in cycle k: the vector lies in a
ring of registers that turns by `lanes` places a cycle, so no lane needs a multiplexer.

Cycles of one program, from the start pulse in cycle 0::

    lead               the vector is sampled
    lead + 1 + k       operands of cycle k in the ring
    + operand_stages   multiplexed between several programs
    + 1                product registers
    + tree_stages      adder tree, one register a stage
    + 1                accumulator: an output's sum
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np

from hw.errors import ChronogateError
from hw.number.fixed_point import FixedPoint
from hw.product.columns import Column, plain_columns
from hw.product.sparse_columns import SparseColumn, sparse_columns
from hw.product.storage import Storage
from hw.product.weight_code import PlainCode, WeightCode, weight_code

TREE_RADIX = 4
"""Addends summed between two registers of an adder tree: two carry chains deep."""

TREE_STAGES = 3
"""Most registers of an adder tree; beyond `TREE_RADIX` ** 3 addends the radix grows."""


@dataclass(frozen=True, eq=False)
class Program:
    """One product on an array.

    Parameters
    ----------
    kernel
        int64 codes ``(n_in, outputs)``.
    input, kernel_format
        Formats of the vector and of the kernel.
    total
        Format of a sum together with the value that it begins with.
    columns
        Who computes which outputs; the same lanes and strides in all programs of a bank.
    """

    kernel: np.ndarray
    input: FixedPoint
    kernel_format: FixedPoint
    total: FixedPoint
    columns: tuple[Column, ...]

    @property
    def busy_cycles(self) -> int:
        """Cycles from the first operand to the last, both counted."""
        return max(column.busy_cycles for column in self.columns)

    @property
    def products(self) -> int:
        """Useful products."""
        return sum(column.products(len(self.kernel)) for column in self.columns)

    @property
    def is_sparse(self) -> bool:
        """Tell whether zero weights are skipped."""
        return any(isinstance(column, SparseColumn) for column in self.columns)

    @property
    def shift(self) -> int:
        """Places by which products lie left of the total's binary point."""
        return self.total.fraction - self.input.fraction - self.kernel_format.fraction

    def last_cycles(self) -> np.ndarray:
        """Return for every output the cycle of its last product, int64 ``(outputs,)``."""
        result = np.zeros(self.kernel.shape[1], dtype=np.int64)
        for column in self.columns:
            for index, output in enumerate(column.outputs):
                result[output] = column.last_cycle(index)
        return result


@dataclass(frozen=True, eq=False)
class ArrayPlan:
    """An array of multipliers and the programs that it runs.

    Parameters
    ----------
    banks
        Programs; those of one bank share their adder trees.
    storage
        Where the weights lie.
    reloadable
        Whether a host may replace the weights, which then always lie in a memory.
    """

    banks: tuple[tuple[Program, ...], ...]
    storage: Storage = Storage.AUTO
    reloadable: bool = False

    @property
    def programs(self) -> tuple[Program, ...]:
        return tuple(program for bank in self.banks for program in bank)

    @property
    def multipliers(self) -> int:
        return max(sum(column.lanes for column in bank[0].columns) for bank in self.banks)

    @property
    def depth(self) -> int:
        """Words of the weight memory, each of which holds a weight for every multiplier."""
        return sum(program.busy_cycles for program in self.programs)

    @cached_property
    def code(self) -> WeightCode:
        """How the weights are stored, and what multiplies by them."""
        if self.reloadable:
            return PlainCode(self.word_format.shape)
        stored = sum(program.products for program in self.programs)
        return weight_code(
            [p.kernel[p.kernel != 0] if p.is_sparse else p.kernel for p in self.programs],
            [program.kernel_format for program in self.programs],
            padded=stored < self.depth * self.multipliers,
        )

    @property
    def word_format(self) -> FixedPoint:
        """What any weight of the programs' formats fits into: signed integers."""
        formats = [program.kernel_format for program in self.programs]
        width = max(format.width + (not format.signed) for format in formats)
        return FixedPoint(width, width)

    @property
    def shifters(self) -> int:
        """Multipliers that are none, because they only shift."""
        return self.multipliers if self.code.is_shift else 0

    @property
    def in_block_ram(self) -> bool:
        return self.storage.in_block_ram(self.depth, self.multipliers * self.code.width)

    @property
    def operand_stages(self) -> int:
        """One where a multiplier chooses its operand: of several programs, or of some inputs."""
        return int(len(self.programs) > 1 or self.is_sparse)

    @property
    def is_sparse(self) -> bool:
        """Tell whether zero weights are skipped, by all programs or by none."""
        return self.programs[0].is_sparse

    @property
    def lead(self) -> int:
        """Cycles from a program's start until its vector is sampled."""
        if self.depth == 1 and not self.reloadable:
            return 0
        if self.is_sparse:
            # The memory also says which operands are chosen, a cycle before the product.
            return 1 + self.in_block_ram
        return 1 + self.in_block_ram - self.operand_stages

    @property
    def tree_stages(self) -> int:
        """Registers in the deepest adder tree; all columns are padded to it."""
        return max(tree_stages(c.lanes) for program in self.programs for c in program.columns)

    @property
    def sum_delay(self) -> int:
        """Cycles from an output's last operands in the ring to its sum."""
        return self.operand_stages + self.tree_stages + 2


def lanes_for(products: int, reuse: int) -> int:
    """Return the multipliers that do `products` in `reuse` cycles.

    Raises
    ------
    ChronogateError
        When the reuse factor is below one.
    """
    if reuse < 1:
        raise ChronogateError(f"a reuse factor of {reuse} is not possible: use 1 or more")
    return max(1, ceil(products / reuse))


def plain_programs(
    kernels: Sequence[np.ndarray],
    source: FixedPoint,
    format: FixedPoint,
    total: FixedPoint,
    lanes: int,
) -> tuple[Program, ...]:
    """Return programs with independent outputs, ``ceil(products / lanes)`` cycles each.

    Parameters
    ----------
    kernels
        int64 codes ``(n_in, outputs)`` of each program of a bank.
    source, format, total
        Formats of the vector, of the kernels and of the totals.
    lanes
        Multipliers.
    """
    counts = tuple(kernel.shape[1] for kernel in kernels)
    columns = plain_columns(len(kernels[0]), counts, lanes)
    return tuple(
        Program(kernel, source, format, total, row)
        for kernel, row in zip(kernels, columns, strict=True)
    )


def used(kernel: np.ndarray, axis: int) -> np.ndarray:
    """Return the places that have a weight along `axis` of a matrix, or the first of all."""
    return np.flatnonzero(kernel.any(axis=axis)) if kernel.any() else np.zeros(1, dtype=np.int64)


def kept(kernel: np.ndarray, axis: int, reloadable: bool) -> np.ndarray:
    """Return what `used` gives; all of a kernel that may be replaced by any other."""
    return np.arange(kernel.shape[1 - axis]) if reloadable else used(kernel, axis)


def sparse_programs(
    kernels: Sequence[np.ndarray],
    source: FixedPoint,
    format: FixedPoint,
    total: FixedPoint,
    lanes: int,
) -> tuple[Program, ...]:
    """Return `plain_programs` that skip zero weights."""
    return tuple(
        Program(kernel, source, format, total, row)
        for kernel, row in zip(kernels, sparse_columns(kernels, lanes), strict=True)
    )


def tree_radix(addends: int) -> int:
    """Return how many addends a stage sums, so that `TREE_STAGES` stages suffice."""
    radix = TREE_RADIX
    while radix**TREE_STAGES < addends:
        radix += 1
    return radix


def tree_stages(addends: int) -> int:
    """Return the registers of an adder tree."""
    stages, radix = 0, tree_radix(addends)
    while addends > 1:
        addends, stages = ceil(addends / radix), stages + 1
    return stages


def product_sum_format(
    kernel: np.ndarray, source: FixedPoint, kernel_format: FixedPoint
) -> FixedPoint:
    """Return the narrowest format of all sums of a kernel ``(n_in, ...)`` and partial sums."""
    low, high = sum_bounds(kernel, source)
    return FixedPoint.covering(
        int(low.min()), int(high.max()), source.fraction + kernel_format.fraction
    )


def extreme_kernel(length: int, format: FixedPoint) -> np.ndarray:
    """Return a kernel ``(length, 2)`` whose sums reach as far as those of any other.

    All products of a column have the same ends, so the lowest and the highest sum over all
    kernels of `format` are those of its lowest or of its highest code, used throughout.
    """
    return np.tile(np.array([format.minimum, format.maximum], dtype=np.int64), (length, 1))


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
