"""The hardware of `hw.layer.recurrent.gru.GRU`: one cell for each group of units.

Reset-after, cycles after the sum of the candidate gate, which comes right before that of z, or
together with it where a step has fewer cycles than a unit has gates::

    + gate         r has arrived (it comes first, or at once)
    + 1            r * (s . R_h + d_h)
    + 2            the candidate's sum
    + activation   g
    + 1            (1 - z) * g, z * s
    + 2            h

Reset-before has r * s between two recurrent products: after the sum of r, a gate and a product;
after the sum of the candidate, an activation, the two products and their sum.
"""

from typing import TYPE_CHECKING

from amaranth.hdl import Module, Signal, Value

from hw.layer.recurrent.recurrent import RecurrentBlock
from hw.layer.recurrent.recurrent_cell import Arrival, Cell, NewState
from hw.layer.recurrent.state_memory import StateMemory
from hw.number.arithmetic import complement_format
from hw.number.resize import resize
from hw.pipeline import delay

if TYPE_CHECKING:
    from hw.layer.recurrent.gru import GRU

UPDATE, RESET, CANDIDATE = range(3)
AFTER_ORDER = (RESET, CANDIDATE, UPDATE)
"""Gates of the one recurrent product of reset-after, what is wanted last comes last."""

GATE_ORDER = (RESET, UPDATE)
"""Gates of the first recurrent product of reset-before; the candidate is alone in the second."""


def gate_cycles(spec: "GRU") -> int:
    """Return the cycles of a gate's activation."""
    return spec.recurrent_activation.delay_cycles(spec.sum)


def candidate_cycles(spec: "GRU") -> int:
    """Return the cycles of the candidate's activation."""
    return spec.activation.delay_cycles(spec.candidate_sum)


def tails_after_sum(spec: "GRU") -> tuple[int, ...]:
    """Return the cycles from the last sum of each recurrent product to r * s, and to h."""
    together = not spec.groups[0].is_serial
    if spec.reset_after:
        return (gate_cycles(spec) + candidate_cycles(spec) + 3 + together,)
    return gate_cycles(spec) + together, candidate_cycles(spec) + 2


class GRUBlock(RecurrentBlock):
    """`GRU` in hardware."""

    def __init__(self, spec: "GRU") -> None:
        super().__init__(spec)
        self._spec = spec

    def _complement(self, z: Value) -> Value:
        spec = self._spec
        rest = complement_format(spec.gate)
        return (1 << rest.fraction) - (z << (rest.fraction - spec.gate.fraction))

    def _blend(
        self,
        m: Module,
        cell: Cell,
        last: Arrival,
        memory: StateMemory,
        candidate: Value,
        z: Value,
        one_minus: Value,
        after: int,
    ) -> NewState:
        """Add ``z * s + (1 - z) * g``.

        Parameters
        ----------
        last
            The gate that a unit waits for last.
        memory
            Where s is, and where the new h goes.
        candidate, z, one_minus
            As of `after` cycles behind `last`.
        """
        spec, name = self._spec, cell.name
        behind = cell.sum_delay + after
        state = memory.read(last, after, "old")
        kept = Signal(spec.kept.shape, name=f"{name}_kept")
        learned = Signal(spec.learned.shape, name=f"{name}_learned")
        hidden = Signal(spec.hidden.shape, name=f"{name}_hidden")
        m.d.sync += [
            kept.eq(z * state),
            learned.eq(one_minus * candidate),
            hidden.eq(
                (kept << (spec.hidden.fraction - spec.kept.fraction))
                + (learned << (spec.hidden.fraction - spec.learned.fraction))
            ),
        ]
        valid = delay(m, last.valid, after + 2, f"{name}_valid")
        index = delay(m, last.index, after + 2, f"{name}_index")
        memory.write(
            valid,
            index,
            resize(m, hidden, spec.hidden, spec.state, f"{name}_state"),
            last.info.at(behind + 2),
        )
        return NewState(valid, index, hidden, cell.group.units, behind + 2)
