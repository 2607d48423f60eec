"""The hardware of `hw.layer.recurrent.lstm.LSTM`: one cell for each group of units.

Cycles after the sum of the candidate gate, which comes right before that of o, or together with it
where a step has fewer cycles than a unit has gates::

    + activation   i, f and the candidate have arrived
    + 1            registered
    + 2            f * c, i * candidate
    + 3            c, which goes to the state memory
    + activation   tanh(c)
    + 1            h
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from amaranth.hdl import Module, Signal, Value

from hw.function.pointwise import Pointwise
from hw.layer.recurrent.recurrent import RecurrentBlock
from hw.layer.recurrent.recurrent_cell import Arrival, Cell, NewState, hold, padded
from hw.number.arithmetic import product_format
from hw.number.resize import resize
from hw.pipeline import delay
from hw.product.array import MultiplierArray

if TYPE_CHECKING:
    from hw.layer.recurrent.lstm import LSTM

INPUT, FORGET, CANDIDATE, OUTPUT = range(4)
GATE_ORDER = (INPUT, FORGET, CANDIDATE, OUTPUT)
"""Keras's order is also that of need: o is wanted last."""


def gate_cycles(spec: "LSTM") -> int:
    """Return the cycles of the slower activation."""
    return max(
        spec.recurrent_activation.delay_cycles(spec.sum), spec.activation.delay_cycles(spec.sum)
    )


def tail_after_sum(spec: "LSTM") -> int:
    """Return the cycles from the sum of the gate o to h."""
    alone = not spec.groups[0].is_serial
    return gate_cycles(spec) + spec.activation.delay_cycles(spec.carry) + 3 + alone


class LSTMBlock(RecurrentBlock):
    """`LSTM` in hardware."""

    def __init__(self, spec: "LSTM") -> None:
        super().__init__(spec)
        self._spec = spec

    def cells(self, m: Module, cells: Sequence[Cell], array: MultiplierArray) -> list[NewState]:
        carries: list[NewState] = []
        sums = [
            {gate: cell.arrival(gate, GATE_ORDER, 0, self._spec.sum) for gate in GATE_ORDER}
            for cell in cells
        ]
        states = [
            self._cell(m, cell, list(row.values()), carries)
            for cell, row in zip(cells, sums, strict=True)
        ]
        for place in ("c", "squashed"):
            self.look_at(m, place, carries)
        self.look_at_sums(m, "gates", cells, sums, (INPUT, FORGET, OUTPUT))
        self.look_at_sums(m, "candidate", cells, sums, (CANDIDATE,))
        return states

    def _cell(
        self, m: Module, cell: Cell, arrivals: Sequence[Arrival], carries: list[NewState]
    ) -> NewState:
        """Add a cell; returns its new h, and appends its new c."""
        spec, name = self._spec, cell.name
        self._begin_sums(m, cell)
        gates = self._gates(m, cell, arrivals)
        ready = gate_cycles(spec)
        held = [
            hold(m, gate, delay(m, arrival.valid, ready, f"{name}_arrived{i}"), f"{name}_held{i}")
            for i, (gate, arrival) in enumerate(zip(gates, arrivals[:OUTPUT], strict=False))
        ]
        carry = self._carry(m, cell, arrivals[CANDIDATE], held)
        carries.append(carry)
        squashed = spec.activation.hardware(m, carry.value, spec.carry, f"{name}_squash")
        late = tail_after_sum(spec)
        last = arrivals[OUTPUT]
        hidden = Signal(spec.hidden.shape, name=f"{name}_hidden")
        given: tuple[Value, ...] = ()
        if spec.return_state:
            # Beside h: c is held until the next unit's, so a delay of as long brings both together.
            kept = delay(m, carry.value, late - ready - 3, f"{name}_given_carry")
            fraction = spec.outputs[0].format.fraction
            given = (
                hidden << (fraction - spec.hidden.fraction),
                kept << (fraction - spec.carry.fraction),
            )
        opened = delay(m, gates[OUTPUT], late - 1 - ready, f"{name}_output_gate")
        m.d.sync += hidden.eq(opened * squashed)
        return NewState(
            delay(m, last.valid, late, f"{name}_valid"),
            delay(m, last.index, late, f"{name}_index"),
            hidden,
            cell.group.units,
            cell.sum_delay + late,
            given,
        )

    def _begin_sums(self, m: Module, cell: Cell) -> None:
        spec = self._spec
        widen = spec.sum.fraction - spec.input_product.output.fraction
        ranks = {gate: place for place, gate in enumerate(GATE_ORDER)}
        base = 4 * cell.group.units[0]
        slots = cell.group.slots(GATE_ORDER)
        for index, ((lookup, _), gates) in enumerate(zip(cell.columns, slots, strict=True)):
            name = f"{cell.name}_projection{index}"
            value = cell.first_sums(lookup, gates, base, ranks, name)
            m.d.comb += lookup.initial.eq(value << widen)

    def _gates(self, m: Module, cell: Cell, arrivals: Sequence[Arrival]) -> list[Value]:
        """Return the activated gates, `gate_cycles` after their sums.

        The gates of a column share its activation.
        """
        spec = self._spec
        cycles = gate_cycles(spec)
        shared: dict[tuple[int, bool], Value] = {}
        gates = []
        slots = cell.group.slots(GATE_ORDER)
        for gate, arrival in enumerate(arrivals):
            column = next(i for i, members in enumerate(slots) if gate in members)
            key = column, gate == CANDIDATE
            function: Pointwise = spec.activation if key[1] else spec.recurrent_activation
            if key not in shared:
                shared[key] = padded(
                    m, function, arrival.total, spec.sum, cycles, f"{cell.name}_gate{gate}"
                )
            gates.append(shared[key])
        return gates

    def _carry(self, m: Module, cell: Cell, last: Arrival, gates: Sequence[Value]) -> NewState:
        """Add the path to c, which is held until the next unit's."""
        spec, name, ready = self._spec, cell.name, gate_cycles(self._spec)
        memory = cell.memory(spec.state, "carry_state", "c")
        kept = memory.read(last, ready + 1, "kept")
        forgotten = product_format(spec.gate, spec.state)
        learned = product_format(spec.gate, spec.candidate)
        old = Signal(forgotten.shape, name=f"{name}_old")
        new = Signal(learned.shape, name=f"{name}_new")
        carry = Signal(spec.carry.shape, name=f"{name}_carry")
        m.d.sync += [
            old.eq(gates[FORGET] * kept),
            new.eq(gates[INPUT] * gates[CANDIDATE]),
        ]
        with m.If(delay(m, last.valid, ready + 2, f"{name}_carry_valid")):
            m.d.sync += carry.eq(
                (old << (spec.carry.fraction - forgotten.fraction))
                + (new << (spec.carry.fraction - learned.fraction))
            )
        after = cell.sum_delay + ready + 3
        valid = delay(m, last.valid, ready + 3, f"{name}_carry_write")
        place = delay(m, last.index, ready + 3, f"{name}_carry_write_index")
        kept_carry = resize(m, carry, spec.carry, spec.state, f"{name}_carry_state")
        memory.write(valid, place, kept_carry, last.info.at(after))
        return NewState(valid, place, carry, cell.group.units, after)
