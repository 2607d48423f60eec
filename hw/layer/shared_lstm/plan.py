"""When everything runs on the multipliers of a `hw.layer.shared_lstm.shared_lstm.SharedLSTM`.

A step is a program of *slots*, one a cycle. In a slot of a gate every multiplier takes a place of
the vector (h, x) and a weight; the sums of a gate take ``words`` slots. One slot a unit belongs to
the cell instead: the first two multipliers do ``f * c`` and ``i * g`` of a unit, the third one
``o * tanh(c)`` of the unit before. Cycles of a slot that is issued in cycle 0::

    0                  the state memory is addressed
    operand_cycles     operands of the multipliers in registers
    + 1                products; h
    + tree_stages      adder tree; the bias is one of its addends
    + 1                sum of a gate (`sum_cycles`)

A unit's slots fill a *period*. Those of the cell lie in it such that they come in the very cycle in
which their gates are there; the last unit's ``o * tanh(c)`` waits for nothing but its operands.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import ceil

GATES = 4
START_CYCLES = 3
"""From a beat to its first slot: the program's counter, its memory, the slot's register."""
STORE_CYCLES = 3
"""From the operands of h to the earliest address at which it is read."""


@dataclass(frozen=True)
class Slot:
    """What the multipliers do in one cycle.

    Parameters
    ----------
    unit, gate
        Whose weights, and which gate in Keras's order; of the unit whose c is computed in a cell's
        slot.
    word
        Which part of the vector (h, x); ``None`` in a cell's slot.
    carry, hidden
        Whether the cell's c and h of the unit before are computed.
    """

    unit: int
    gate: int = 0
    word: int | None = None
    carry: bool = False
    hidden: bool = False


@dataclass(frozen=True)
class SharedLSTMPlan:
    """The program of a step.

    Parameters
    ----------
    units, n_in
        Lengths of h and x.
    multipliers
        At least three.
    gate_cycles, squash_cycles
        Of the activations of gates, and of that of c.
    operand_cycles
        From a slot's issue to its operands.
    """

    units: int
    n_in: int
    multipliers: int
    gate_cycles: int
    squash_cycles: int
    operand_cycles: int

    @property
    def words(self) -> int:
        """Slots of one gate's sum."""
        return ceil((self.units + self.n_in) / self.multipliers)

    @property
    def tree_stages(self) -> int:
        """Registers of the adder tree, which sums all products and a bias two by two."""
        return self.multipliers.bit_length()

    @property
    def sum_cycles(self) -> int:
        """From the issue of a gate's last slot to its sum."""
        return self.operand_cycles + 1 + self.tree_stages + 1

    @property
    def period(self) -> int:
        """Cycles of a unit: a c must be stored and squashed before the next one is computed."""
        least = max(self.squash_cycles, self.operand_cycles) + 3
        return max(GATES * self.words + 1, least)

    @cached_property
    def carry_issue(self) -> int:
        """Cycle of the slot that computes the c of unit 0."""
        after = self.sum_cycles + self.gate_cycles - self.operand_cycles + 1
        issue = GATES * self.words - self.words - 1 + after
        # That slot may lie among those of a later unit's i, f and g, which makes g come later.
        return issue if issue % self.period > 3 * self.words - 1 else issue + 1

    @property
    def hidden_issue(self) -> int:
        """Cycle of the slot that computes the h of the last unit."""
        last = (self.units - 1) * self.period
        squashed = last + self.carry_issue + 3 + self.squash_cycles
        opened = max(cycle for cycle, slot in self._gates() if slot.unit == 0) + last
        opened += self.sum_cycles + self.gate_cycles + 2 - self.operand_cycles
        return max(squashed, opened)

    @property
    def interval_cycles(self) -> int:
        """Fewest cycles between two steps, which is the length of the program, too."""
        return self.hidden_issue + self.operand_cycles + STORE_CYCLES

    @property
    def latency_cycles(self) -> int:
        """From a beat to the hidden state that it leads to."""
        return START_CYCLES + self.hidden_issue + self.operand_cycles + 2

    def slots(self) -> dict[int, Slot]:
        """Return the slot of each cycle that has one."""
        slots = dict(self._gates())
        for unit in range(self.units):
            cycle = unit * self.period + self.carry_issue
            slots[cycle] = Slot(unit, carry=True, hidden=unit > 0)
        slots[self.hidden_issue] = Slot(self.units, hidden=True)
        return slots

    def _gates(self) -> Iterator[tuple[int, Slot]]:
        """Yield the slots of all gates: i f g o of one unit after the other."""
        cell = self.carry_issue % self.period
        places = [place for place in range(self.period) if place != cell]
        for unit in range(self.units):
            for number in range(GATES * self.words):
                gate, word = divmod(number, self.words)
                yield unit * self.period + places[number], Slot(unit, gate, word)
