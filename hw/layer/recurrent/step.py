"""When the products of a recurrent layer's step run: the closed form behind its cycle contract.

All cycles count from the beat that brings the step's input. An input product (A) gives the values
that the sums of a recurrent product (B) begin with, so B runs right behind A; the input product of
the next step fills the tail that follows B. A layer with two recurrent products that depend on
each other (reset-before GRU) has two tails, and the rest of its input product fills the first::

    one pool:        A1 | B1 | A2 (first tail) | B2 | A1 of the next step (second tail) | B1 ...
    separate pools:  A  | A of the next step ...
                        B1 | tail | B2 | tail | B1 ...

With interleaved series the next step need not wait for the state. Where beats come in turns of
`StepPlan.period` cycles, programs of different steps fill a turn, and nothing need be idle::

    one pool:        A of step 2 | B2 of step 0 | B1 of step 1 | A of step 3 | B2 of step 1 ...

B2 runs right behind the next step's A where the tail of B1 is over by then, else a turn later.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hw.layer.recurrent.step_info import info_lead
from hw.layer.recurrent.step_order import NEVER
from hw.product.folded import ArrayPlan, Program
from hw.product.storage import Storage

WRITE_TO_READ = 3
"""Cycles from an input sum to the earliest sum that may begin with it, and one."""

BANK_READ = 3
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
    period
        With interleaved series and one input program: cycles of a turn. Beats come whole turns
        apart, or `span_cycles` at least. By default they may come at any time.
    """

    inputs: tuple[Program, ...]
    recurrents: tuple[Program, ...]
    shared: bool
    needs: tuple[tuple[np.ndarray, ...], ...]
    tails: tuple[int, ...]
    series: int
    storage: Storage = Storage.AUTO
    reloadable: bool = False
    period: int | None = None

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
        if self.period is not None:
            return self._first_recurrent, self._second_in_turn(self.period)
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
        earliest = max(first + self._gap(0, 0), self.arrays[-1].lead + 1, info_lead(self.series))
        if not self.shared:
            return earliest
        behind = first + self.inputs[0].busy_cycles
        if self.period is None:
            return max(earliest, behind)
        low = behind + sum(program.busy_cycles for program in self.recurrents[1:])
        return _in_room((low, low + self.period - self.least_period), earliest, self.period)

    def _second_in_turn(self, period: int) -> int:
        """Return the begin of the second recurrent program: before the first one's next."""
        first, (one, two) = self._first_recurrent, (p.busy_cycles for p in self.recurrents)
        given = self.inputs[0].busy_cycles
        earliest = max(first + one + self.tail_cycles[0], self.input_begins[0] + self._gap(0, 1))
        low, high = first + one, first + period - two
        if self.shared:
            low = first + (self.input_begins[0] - first) % period + given
        if max(low, earliest) <= high:
            return max(low, earliest)
        # Later, its vector waits in registers, which takes a cycle.
        return _in_room((low, high), earliest + 1, period)

    @property
    def least_period(self) -> int:
        """Cycles of a turn in which the busiest array is never idle."""
        inputs, recurrents = (
            sum(program.busy_cycles for program in programs)
            for programs in (self.inputs, self.recurrents)
        )
        return inputs + recurrents if self.shared else max(inputs, recurrents)

    @property
    def span_cycles(self) -> int:
        """From a step's first operands to its last."""
        return self.recurrent_end - self.input_begins[0]

    @property
    def vector_waits(self) -> int | None:
        """Cycle after which the second recurrent program's vector is kept; ``None`` if it is not.

        It must be where that program begins only after the first one has for the next step.
        """
        if self.period is None or len(self.recurrents) == 1:
            return None
        first, second = self.recurrent_begins
        if second < first + self.period:
            return None
        return first + self.recurrents[0].busy_cycles + self.tail_cycles[0] - 1

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
        if self.period is not None:
            return self.period
        if self.shared:
            return self.span_cycles
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


def _in_room(room: tuple[int, int], earliest: int, period: int) -> int:
    """Return the first cycle from `earliest` on that lies in `room` or whole periods behind it."""
    low, high = room
    behind = max(-(-(earliest - high) // period), 0) * period
    return max(low + behind, earliest)


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
