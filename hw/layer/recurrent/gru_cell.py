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

from collections.abc import Sequence
from typing import TYPE_CHECKING

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.memory import Memory

from hw.layer.recurrent.recurrent import RecurrentBlock
from hw.layer.recurrent.recurrent_cell import Arrival, Cell, NewState, gather, hold, padded
from hw.layer.recurrent.state_memory import StateMemory
from hw.number.arithmetic import complement_format
from hw.number.resize import resize
from hw.pipeline import constants, delay, low_bits
from hw.product.array import MultiplierArray
from hw.product.model_store import read_table

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

    def cells(self, m: Module, cells: Sequence[Cell], array: MultiplierArray) -> list[NewState]:
        if self._spec.reset_after:
            return [self._after(m, cell) for cell in cells]
        states = [cell.memory(self._spec.state, "state") for cell in cells]
        resets = [self._reset(m, cell, state) for cell, state in zip(cells, states, strict=True)]
        reset = gather(m, resets, [r.value for r in resets], "reset_state")
        vector: Value = Cat(reset[unit] for unit in self._spec.used_units)
        waits = self._spec.plan.vector_waits
        if waits is not None:
            done, _ = self._later(m, Const(0), waits, "reset")
            vector = hold(m, vector, done, "waiting_reset")
        m.d.comb += array.vectors[-1].as_value().eq(vector)
        return [self._before(m, cell, state) for cell, state in zip(cells, states, strict=True)]

    def _after(self, m: Module, cell: Cell) -> NewState:
        spec, name = self._spec, cell.name
        self._begin_after(m, cell)
        r = cell.arrival(RESET, AFTER_ORDER, 0, spec.sum)
        candidate = cell.arrival(CANDIDATE, AFTER_ORDER, 0, spec.biased)
        z = cell.arrival(UPDATE, AFTER_ORDER, 0, spec.sum)
        gate, late = gate_cycles(spec), tails_after_sum(spec)[0]
        opened = padded(m, spec.recurrent_activation, r.total, spec.sum, gate, f"{name}_r")
        slots = cell.group.slots(AFTER_ORDER)
        column = {g: index for index, gates in enumerate(slots) for g in gates}
        if column[RESET] == column[CANDIDATE]:
            taken = delay(m, r.valid, gate, f"{name}_r_valid")
            kept_reset: Value = hold(m, opened, taken, f"{name}_kept_reset")
        else:
            kept_reset = opened
        biased = delay(m, candidate.total, gate, f"{name}_biased")
        reset = Signal(spec.reset_sum.shape, name=f"{name}_reset")
        m.d.sync += reset.eq(kept_reset * biased)
        units = cell.group.units
        projected = cell.projections.read(
            m,
            2 * spec.units + units[0],
            len(units),
            delay(m, candidate.index, gate, f"{name}_candidate_index"),
            candidate.info.at(cell.sum_delay + gate).bank,
            f"{name}_candidate_projection",
        )
        summed = Signal(spec.candidate_sum.shape, name=f"{name}_candidate_sum")
        with m.If(delay(m, candidate.valid, gate + 1, f"{name}_candidate_valid")):
            m.d.sync += summed.eq(
                (projected << (spec.candidate_sum.fraction - spec.input_product.output.fraction))
                + (reset << (spec.candidate_sum.fraction - spec.reset_sum.fraction))
            )
        if column[UPDATE] != column[RESET]:
            opened = padded(m, spec.recurrent_activation, z.total, spec.sum, gate, f"{name}_z")
        blend = late - 2
        one_minus = Signal(complement_format(spec.gate).shape, name=f"{name}_one_minus_update")
        m.d.sync += one_minus.eq(self._complement(opened))
        memory = cell.memory(spec.state, "state")
        return self._blend(
            m,
            cell,
            z,
            memory,
            spec.activation.hardware(m, summed, spec.candidate_sum, f"{name}_squash"),
            delay(m, opened, blend - gate, f"{name}_update"),
            delay(m, one_minus, blend - gate - 1, f"{name}_one_minus"),
            blend,
        )

    def _begin_after(self, m: Module, cell: Cell) -> None:
        """The sums of z and r begin with the input sums, those of the candidate with d_h."""
        spec = self._spec
        fraction = spec.plan.recurrents[0].total.fraction
        bias = spec.recurrent_bias[CANDIDATE * spec.units :]
        late = [int(bias[unit]) for unit in cell.group.units]
        slots = cell.group.slots(AFTER_ORDER)
        for index, ((lookup, _), gates) in enumerate(zip(cell.columns, slots, strict=True)):
            name = f"{cell.name}_projection{index}"
            initial: Value | int = 0
            if gates != (CANDIDATE,):
                ranks = {RESET: 0, UPDATE: 1}
                row = tuple(gate if gate != CANDIDATE else RESET for gate in gates)
                value = cell.first_sums(lookup, row, 2 * cell.group.units[0], ranks, name)
                initial = value << (fraction - spec.input_product.output.fraction)
            if CANDIDATE in gates:
                if cell.store is not None:
                    table = cell.store[f"late_bias{cell.group.units[0]}"]
                    value = read_table(m, table, lookup, lookup.unit)
                else:
                    shape = spec.bias_format.shape
                    value = constants(m, lookup.unit, late, shape, f"{name}_late_bias")
                widened = value << (fraction - spec.bias_format.fraction)
                now = delay(m, lookup.slot == gates.index(CANDIDATE), 1, f"{name}_candidate")
                initial = Mux(now, widened, initial)
            m.d.comb += lookup.initial.eq(initial)

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

    def _reset(self, m: Module, cell: Cell, state: StateMemory) -> NewState:
        """Add r * s, and the memory in which z waits (see `_before`)."""
        spec, name = self._spec, cell.name
        self._begin_before(m, cell)
        gate = gate_cycles(spec)
        r = cell.arrival(RESET, GATE_ORDER, 0, spec.sum)
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

    def _before(self, m: Module, cell: Cell, state: StateMemory) -> NewState:
        """Add the second part; z and 1 - z wait in a memory from the first.

        Where the next step's first part comes before, each step has a bank of its own.
        """
        spec, name = self._spec, cell.name
        gate = gate_cycles(spec)
        z = cell.arrival(UPDATE, GATE_ORDER, 0, spec.sum)
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
        candidate = cell.arrival(CANDIDATE, (CANDIDATE,), 1, spec.candidate_sum)
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
