"""The cells of a GRU with the reset after the product (`hw.layer.recurrent.gru_cell`)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from amaranth.hdl import Module, Mux, Signal, Value

from hw.layer.recurrent.gru_cell import (
    AFTER_ORDER,
    CANDIDATE,
    RESET,
    UPDATE,
    GRUBlock,
    gate_cycles,
    tails_after_sum,
)
from hw.layer.recurrent.recurrent_cell import Arrival, Cell, NewState, hold, padded
from hw.number.arithmetic import complement_format
from hw.pipeline import constants, delay
from hw.product.array import MultiplierArray
from hw.product.model_store import read_table


class GRUAfterBlock(GRUBlock):
    """`GRU` in hardware, reset-after."""

    def cells(self, m: Module, cells: Sequence[Cell], array: MultiplierArray) -> list[NewState]:
        spec = self._spec
        grids = {RESET: spec.sum, UPDATE: spec.sum, CANDIDATE: spec.biased}
        sums = [
            {gate: cell.arrival(gate, AFTER_ORDER, 0, grids[gate]) for gate in AFTER_ORDER}
            for cell in cells
        ]
        self.look_at_sums(m, "gates", cells, sums, (RESET, UPDATE))
        candidates: list[dict[int, Arrival]] = []
        states = [
            self._cell(m, cell, row, candidates) for cell, row in zip(cells, sums, strict=True)
        ]
        self.look_at_sums(m, "candidate", cells, candidates, (CANDIDATE,))
        return states

    def _cell(
        self,
        m: Module,
        cell: Cell,
        sums: Mapping[int, Arrival],
        candidates: list[dict[int, Arrival]],
    ) -> NewState:
        """Add a cell of reset-after; returns its new h, and appends the candidate's whole sums."""
        spec, name = self._spec, cell.name
        self._begin_after(m, cell)
        r, candidate, z = (sums[gate] for gate in AFTER_ORDER)
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
        if self.is_watched("candidate"):
            there, index = (
                delay(m, value, gate + 2, f"{name}_summed_{kind}")
                for kind, value in (("valid", candidate.valid), ("index", candidate.index))
            )
            candidates.append(
                {CANDIDATE: replace(candidate, valid=there, index=index, total=summed)}
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
