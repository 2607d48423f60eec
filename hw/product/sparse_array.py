"""Lanes that skip zero weights: what their memory says, and how each chooses its operand.

From low to high, a word holds for each lane its weight and the place of the operand among those
that the lane ever needs, of whatever program; then for each column whether an output ends. A word
is there together with the sampled vectors, a cycle before the products' operands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import Const, Module, Shape, Signal, Value, signed
from amaranth.lib import data

from hw.pipeline import delay, multiplexed
from hw.product.folded import ArrayPlan
from hw.product.sparse_columns import SparseColumn

Operand = tuple[int, int]
"""Number of a program and place in its vector."""


@dataclass(frozen=True)
class Told:
    """What a word says: for each lane weight and operand's place, for each column if it ends."""

    stored: list[Value]
    selects: list[Value]
    ends: list[Value]


@dataclass(frozen=True, eq=False)
class SparseWords:
    """The memory of an array that skips zeros.

    Parameters
    ----------
    plan
        The array.
    """

    plan: ArrayPlan

    @cached_property
    def products(self) -> list[tuple[int, int, Operand, int]]:
        """Cycle, lane, operand and weight of every product, cycles of all programs in a row."""
        found, base = [], 0
        for number, program in enumerate(self.plan.programs):
            first = 0
            for column in program.columns:
                assert isinstance(column, SparseColumn)
                found += [
                    (base + cycle, first + lane, (number, row), int(program.kernel[row, output]))
                    for cycle, lane, output, row in column.slots()
                ]
                first += column.lanes
            base += program.busy_cycles
        return found

    @cached_property
    def operands(self) -> list[list[Operand]]:
        """For each lane, the operands that it ever needs, in order."""
        needed: list[set[Operand]] = [set() for _ in range(self.plan.multipliers)]
        for _, lane, operand, _ in self.products:
            needed[lane].add(operand)
        return [sorted(operands) for operands in needed]

    @cached_property
    def fields(self) -> list[int]:
        """Widths of the fields of a word: weights, places, ends."""
        selects = [max(len(operands) - 1, 0).bit_length() for operands in self.operands]
        columns = max(len(program.columns) for program in self.plan.programs)
        return [self.plan.code.width] * len(selects) + selects + [1] * columns

    def words(self) -> list[int]:
        """Return one word for each cycle of each program."""
        plan, lanes = self.plan, self.plan.multipliers
        table = np.zeros((plan.depth, len(self.fields)), dtype=np.int64)
        places = [{operand: i for i, operand in enumerate(row)} for row in self.operands]
        for cycle, lane, operand, weight in self.products:
            table[cycle, lane] = weight
            table[cycle, lanes + lane] = places[lane][operand]
        table[:, :lanes] = plan.code.encode(table[:, :lanes])
        base = 0
        for program in plan.programs:
            for index, column in enumerate(program.columns):
                assert isinstance(column, SparseColumn)
                table[[base + end - 1 for end in column.ends], 2 * lanes + index] = 1
            base += program.busy_cycles
        offsets = [0, *np.cumsum(self.fields).tolist()]
        return [
            sum(field << offset for field, offset in zip(row, offsets, strict=False))
            for row in table.tolist()
        ]

    def told(self, word: Value) -> Told:
        """Part a word."""
        parts, offset = [], 0
        for width in self.fields:
            parts.append(word[offset : offset + width])
            offset += width
        lanes = self.plan.multipliers
        return Told(parts[:lanes], parts[lanes : 2 * lanes], parts[2 * lanes :])


def chosen_operands(
    m: Module,
    words: SparseWords,
    selects: Sequence[Value],
    vectors: Sequence[data.View],
    samples: Sequence[Value],
) -> list[Signal]:
    """Hold the vectors of all programs, and return each lane's operand, a cycle later."""
    programs = words.plan.programs
    needed = sorted({operand for operands in words.operands for operand in operands})
    held: dict[Operand, Signal] = {}
    for number, row in needed:
        name = f"held{number}_{row}"
        held[number, row] = Signal(programs[number].input.shape, name=name)
        with m.If(samples[number]):
            m.d.sync += held[number, row].eq(vectors[number][row])
    shape: Shape = signed(max(p.input.width + (not p.input.signed) for p in programs))
    result = []
    for lane, (operands, select) in enumerate(zip(words.operands, selects, strict=True)):
        operand = Signal(shape, name=f"operand{lane}")
        choices: list[Value] = [held[key] for key in operands]
        m.d.sync += operand.eq(multiplexed(choices, select) if choices else Const(0))
        result.append(operand)
    return result


def stored_weights(m: Module, stored: Sequence[Value]) -> list[Value]:
    """Return the weights in step with the operands."""
    return [delay(m, value, 1, f"weight{lane}") for lane, value in enumerate(stored)]
