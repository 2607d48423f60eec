"""When the products of a recurrent layer's step run: the closed form behind its cycle contract.

All cycles count from the beat that brings the step's input. An input product (A) gives the values
that the sums of a recurrent product (B) begin with, so B runs right behind A; the input product of
the next step fills the tail that follows B. A layer with two recurrent products that depend on
each other (reset-before GRU) has two tails, and the rest of its input product fills the first::

    one pool:        A1 | B1 | A2 (first tail) | B2 | A1 of the next step (second tail) | B1 ...
    separate pools:  A  | A of the next step ...
                        B1 | tail | B2 | tail | B1 ...
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hw.product.columns import Column, Group
from hw.product.folded import ArrayPlan, Program
from hw.product.storage import Storage

NEVER = 1 << 40
"""The need of an input sum that a program does not use."""

WRITE_TO_READ = 3
"""Cycles from an input sum to the earliest sum that may begin with it, and one."""

BANK_READ = 2
"""Cycles by which states in a memory are later than states in registers."""


@dataclass(frozen=True, eq=False)
class StepPlan:
    """Programs of a step, on one array or on two, and when they run.

    Parameters
    ----------
    inputs, recurrents
        Programs of the input product and of the recurrent products, in order; one or two each.
    shared
        Whether one array runs all of them.
    needs
        For each recurrent program and each input program, the cycle in which every input sum is
        wanted, relative to the recurrent program's first; `NEVER` where it is not.
    tails
        For each recurrent program, the cycles from its last operands until its result can be the
        next program's vector, beyond the array's own ``sum_delay``.
    series
        Independent series that are interleaved.
    storage
        Where the weights lie.
    reloadable
        Whether a host may replace the weights.
    """

    inputs: tuple[Program, ...]
    recurrents: tuple[Program, ...]
    shared: bool
    needs: tuple[tuple[np.ndarray, ...], ...]
    tails: tuple[int, ...]
    series: int
    storage: Storage = Storage.AUTO
    reloadable: bool = False

    @cached_property
    def arrays(self) -> tuple[ArrayPlan, ...]:
        """The arrays; the last one runs the recurrent programs."""
        if self.shared:
            return (ArrayPlan((self.inputs, self.recurrents), self.storage, self.reloadable),)
        return tuple(
            ArrayPlan((bank,), self.storage, self.reloadable)
            for bank in (self.inputs, self.recurrents)
        )

    @property
    def multipliers(self) -> int:
        return sum(array.multipliers for array in self.arrays)

    @property
    def shifters(self) -> int:
        """How many of the multipliers only shift."""
        return sum(array.shifters for array in self.arrays)

    @property
    def products(self) -> int:
        """Useful products of one step, those of the cells not counted."""
        return sum(program.products for program in (*self.inputs, *self.recurrents))

    @property
    def utilization(self) -> float:
        """Share of the pools' cycles that multiply, beats as close as allowed."""
        return self.products / (self.multipliers * self.interval_cycles)

    @property
    def tail_cycles(self) -> tuple[int, ...]:
        """From the last recurrent product until h (or r * s) is usable by the next program."""
        return tuple(self.arrays[-1].sum_delay + tail for tail in self.tails)

    @cached_property
    def input_begins(self) -> tuple[int, ...]:
        """Cycle of each input program's first operands."""
        first = self.arrays[0].lead + 1
        if len(self.inputs) == 1:
            return (first,)
        return first, self._first_recurrent + self.recurrents[0].busy_cycles

    @cached_property
    def recurrent_begins(self) -> tuple[int, ...]:
        """Cycle of each recurrent program's first operands."""
        if len(self.recurrents) == 1:
            return (self._first_recurrent,)
        first = self._first_recurrent + self.recurrents[0].busy_cycles
        second = first + self.tail_cycles[0]
        for index, begin in enumerate(self.input_begins):
            second = max(second, begin + self._gap(index, 1))
            if self.shared:
                second = max(second, begin + self.inputs[index].busy_cycles)
        return self._first_recurrent, second

    @cached_property
    def _first_recurrent(self) -> int:
        first = self.arrays[0].lead + 1
        earliest = max(first + self._gap(0, 0), self.arrays[-1].lead + 1, WRITE_TO_READ)
        return max(earliest, first + self.inputs[0].busy_cycles) if self.shared else earliest

    def _gap(self, source: int, target: int) -> int:
        """Return the cycles between two programs' begins that the values in between need."""
        given = self.inputs[source].last_cycles()
        late = int((given - self.needs[target][source]).max(initial=-NEVER))
        return late + self.arrays[0].sum_delay - self.arrays[-1].sum_delay + WRITE_TO_READ

    @property
    def recurrent_end(self) -> int:
        """The cycle after the last recurrent operands."""
        return self.recurrent_begins[-1] + self.recurrents[-1].busy_cycles

    @property
    def occupied_cycles(self) -> int:
        """Cycles between two beats that the arrays need, whatever the state waits for."""
        if self.shared:
            return self.recurrent_end - self.input_begins[0]
        recurrent = self.recurrent_end - self.recurrent_begins[0]
        return max(recurrent, *(program.busy_cycles for program in self.inputs))

    @property
    def loop_cycles(self) -> int:
        """Cycles between two beats of the same series that the state needs."""
        loop = self.recurrent_end + self.tail_cycles[-1] - self.recurrent_begins[0]
        return loop + BANK_READ * (self.series > 1)

    @property
    def interval_cycles(self) -> int:
        """Fewest cycles between two beats."""
        if self.series > 1:
            return self.occupied_cycles
        return max(self.occupied_cycles, self.loop_cycles)

    @property
    def latency_cycles(self) -> int:
        """From a beat to the hidden state that it leads to."""
        return self.recurrent_end + self.tail_cycles[-1]

    @cached_property
    def banks(self) -> int:
        """Steps whose input sums are kept; a power of two."""
        first_write = self.input_begins[0] + self.arrays[0].sum_delay
        last_read = max(
            begin + int(need[need < NEVER].max(initial=0)) + self.arrays[-1].sum_delay
            for begin, row in zip(self.recurrent_begins, self.needs, strict=True)
            for need in row
        )
        banks = 1
        while banks * self.interval_cycles + first_write < last_read:
            banks *= 2
        return banks


def recurrent_columns(
    groups: Sequence[Group], units: int, order: tuple[int, ...]
) -> tuple[Column, ...]:
    """Return the columns of a recurrent program that computes the gates in `order`.

    Outputs are numbered as in Keras: ``gate * units + unit``.
    """
    return tuple(
        Column(
            lanes,
            stride,
            tuple(gate * units + unit for unit in group.units for gate in slots),
            max(len(slots), 1),
        )
        for group in groups
        for lanes, stride, slots in zip(group.lanes, group.stride, group.slots(order), strict=True)
    )


def begin_cycles(columns: Sequence[Column], outputs: int) -> np.ndarray:
    """Return for every output the cycle before its first product; `NEVER` where it has none."""
    result = np.full(outputs, NEVER, dtype=np.int64)
    for column in columns:
        for index, output in enumerate(column.outputs):
            result[output] = column.last_cycle(index - 1)
    return result


def in_order_of_need(program: Program, need: np.ndarray, starts: Sequence[int]) -> Program:
    """Let every column of an input program begin with what is needed first.

    Parameters
    ----------
    need
        Cycle in which every output is wanted.
    starts
        Outputs at which the order may be cut, so that few memories hold the result.
    """
    cuts = set(starts)
    columns = []
    for column in program.columns:
        pieces: list[list[int]] = []
        for output in column.outputs:
            if not pieces or output in cuts:
                pieces.append([])
            pieces[-1].append(output)
        pieces.sort(key=lambda piece: int(need[piece[0]]))
        order = tuple(output for piece in pieces for output in piece)
        columns.append(column.ordered(order))
    return Program(
        program.kernel, program.input, program.kernel_format, program.total, tuple(columns)
    )


def fill_first_tail(plan_with: Callable[[int], StepPlan], most: int) -> StepPlan:
    """Choose how many of the last input sums are computed in the first tail.

    Parameters
    ----------
    plan_with
        Gives the plan for a number of them.
    most
        Largest number.
    """
    best = plan_with(most)
    if best.series > 1:
        return best
    tail = best.tail_cycles[0]
    late = best.inputs[1]
    rows = max(late.products // late.kernel.shape[1], 1)
    # Numbers that fill the tail, or just not, are the only ones worth trying.
    lanes = best.arrays[0].multipliers
    tries = {min(most, (tail + extra) * lanes // rows) for extra in range(-3, 3)} | {0}
    plans = [best, *(plan_with(late) for late in sorted(tries, reverse=True))]
    return min(plans, key=lambda plan: (plan.interval_cycles, plan.latency_cycles))


def column_biases(plan: StepPlan, bias: np.ndarray) -> list[tuple[list[int], list[int]]]:
    """Return what the sums of each column of the input product begin with.

    Parameters
    ----------
    plan
        Of the layer.
    bias
        In the order of the input programs' outputs.

    Returns
    -------
    list of tuple
        For each column the biases of all programs, one after the other, and where each program's
        begin.
    """
    found = []
    for index in range(len(plan.inputs[0].columns)):
        values: list[int] = []
        offsets: list[int] = []
        begin = 0
        for program in plan.inputs:
            offsets.append(len(values))
            values += [int(bias[begin + output]) for output in program.columns[index].outputs]
            begin += program.kernel.shape[1]
        found.append((values, offsets))
    return found
