"""The cells of a GRU with the reset before the product (`hw.layer.recurrent.gru_cell`)."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.memory import Memory

from hw.layer.recurrent.gru_cell import (
    CANDIDATE,
    GATE_ORDER,
    RESET,
    UPDATE,
    GRUBlock,
    candidate_cycles,
    gate_cycles,
)
from hw.layer.recurrent.recurrent_cell import Arrival, Cell, NewState, gather, hold, padded
from hw.layer.recurrent.state_memory import StateMemory
from hw.number.arithmetic import complement_format
from hw.pipeline import delay, low_bits
from hw.product.array import MultiplierArray


class GRUBeforeBlock(GRUBlock):
    """`GRU` in hardware, reset-before."""

    def cells(self, m: Module, cells: Sequence[Cell], array: MultiplierArray) -> list[NewState]:
        spec = self._spec
        sums = [
            {gate: cell.arrival(gate, GATE_ORDER, 0, spec.sum) for gate in GATE_ORDER}
            for cell in cells
        ]
        self.look_at_sums(m, "gates", cells, sums, GATE_ORDER)
        candidates = [
            {CANDIDATE: cell.arrival(CANDIDATE, (CANDIDATE,), 1, spec.candidate_sum)}
            for cell in cells
        ]
        self.look_at_sums(m, "candidate", cells, candidates, (CANDIDATE,), program=1)
        states = [cell.memory(spec.state, "state") for cell in cells]
        resets = [
            self._reset(m, cell, state, row[RESET])
            for cell, state, row in zip(cells, states, sums, strict=True)
        ]
        reset = gather(m, resets, [r.value for r in resets], "reset_state")
        vector: Value = Cat(reset[unit] for unit in spec.used_units)
        waits = spec.plan.vector_waits
        if waits is not None:
            done, _ = self._later(m, Const(0), waits, "reset")
            vector = hold(m, vector, done, "waiting_reset")
        m.d.comb += array.vectors[-1].as_value().eq(vector)
        return [
            self._before(m, cell, state, row[UPDATE], last[CANDIDATE])
            for cell, state, row, last in zip(cells, states, sums, candidates, strict=True)
        ]

    def _begin_before(self, m: Module, cell: Cell) -> None:
        """All sums begin with the input sums; the candidate's are those of the second program."""
        spec = self._spec
        first, second = (program.total for program in spec.plan.recurrents)
        output = spec.input_product.output
        slots = cell.group.slots(GATE_ORDER)
        for index, ((lookup, _), gates) in enumerate(zip(cell.columns, slots, strict=True)):
            name = f"{cell.name}_projection{index}"
            base = 2 * cell.group.units[0]
            value = cell.first_sums(lookup, gates, base, {RESET: 0, UPDATE: 1}, name)
            initial = value << (first.fraction - output.fraction)
            if index == 0:
                late = cell.first_sums(
                    lookup,
                    (CANDIDATE,) * len(gates),
                    2 * spec.units + cell.group.units[0],
                    {CANDIDATE: 0},
                    f"{name}_candidate",
                    program=1,
                )
                now = delay(m, lookup.program == 1, 1, f"{name}_second_program")
                initial = Mux(now, late << (second.fraction - output.fraction), initial)
            m.d.comb += lookup.initial.eq(initial)

    def _reset(self, m: Module, cell: Cell, state: StateMemory, r: Arrival) -> NewState:
        """Add r * s, and the memory in which z waits (see `_before`)."""
        spec, name = self._spec, cell.name
        self._begin_before(m, cell)
        gate = gate_cycles(spec)
        opened = padded(m, spec.recurrent_activation, r.total, spec.sum, gate, f"{name}_r")
        kept = state.read(r, gate, "reset")
        product = Signal(spec.reset_state.shape, name=f"{name}_reset")
        m.d.sync += product.eq(opened * kept)
        return NewState(
            delay(m, r.valid, gate + 1, f"{name}_reset_valid"),
            delay(m, r.index, gate + 1, f"{name}_reset_index"),
            product,
            cell.group.units,
            cell.sum_delay + gate + 1,
        )

    def _before(
        self, m: Module, cell: Cell, state: StateMemory, z: Arrival, candidate: Arrival
    ) -> NewState:
        """Add the second part; z and 1 - z wait in a memory from the first.

        Where the next step's first part comes before, each step has a bank of its own.
        """
        spec, name = self._spec, cell.name
        gate = gate_cycles(spec)
        layout = data.StructLayout(
            {"update": spec.gate.shape, "one_minus": complement_format(spec.gate).shape}
        )
        wrapped = spec.plan.vector_waits is not None
        bank_bits = (spec.plan.banks - 1).bit_length() if wrapped else 0
        bits = (len(cell.group.units) - 1).bit_length()
        waiting = Memory(shape=layout, depth=max(1 << bits + bank_bits, 2), init=[])
        m.submodules[f"{name}_updates"] = waiting
        write, read = waiting.write_port(), waiting.read_port()
        opened = padded(m, spec.recurrent_activation, z.total, spec.sum, gate, f"{name}_z")
        m.d.comb += [
            write.en.eq(delay(m, z.valid, gate, f"{name}_update_valid")),
            write.addr.eq(
                low_bits(
                    (delay(m, z.index, gate, f"{name}_update_index"), bits),
                    (z.info.at(cell.sum_delay + gate).bank, bank_bits),
                )
            ),
            write.data.update.eq(opened),
            write.data.one_minus.eq(self._complement(opened)),
            read.addr.eq(
                low_bits(
                    (candidate.index, bits), (candidate.info.at(cell.sum_delay).bank, bank_bits)
                )
            ),
        ]
        blend = candidate_cycles(spec)
        return self._blend(
            m,
            cell,
            candidate,
            state,
            spec.activation.hardware(m, candidate.total, spec.candidate_sum, f"{name}_squash"),
            delay(m, read.data.update, blend - 1, f"{name}_update"),
            delay(m, read.data.one_minus, blend - 1, f"{name}_one_minus"),
            blend,
        )
