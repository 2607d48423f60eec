"""The hardware of delta layers: what moved, the walk over the passes, the cells around the sums.

`hw.layer.delta.plan` has the cycles. What moved is a row of bits, one for each input and state;
the lowest one set picks the next pass. While passes follow that are not the last, ``hold`` keeps
the network's entry still. States are compared as they are made, so the next step knows at once.
"""

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.memory import Memory

from hw.layer.delta.cell import DeltaCell
from hw.layer.delta.engine import DeltaEngine, Row
from hw.layer.delta.layer import DeltaLayer, difference_format
from hw.layer.saturating import SaturatingBlock
from hw.number.resize import resize
from hw.pipeline import delay
from hw.stream import AdaptiveBlock


class DeltaBlock(AdaptiveBlock, SaturatingBlock):
    """A delta layer around the cells that a subclass gives.

    Parameters
    ----------
    spec
        The layer.
    apart
        The gate whose products of states have sums of their own, and what these begin with.
    """

    def __init__(self, spec: DeltaLayer, apart: tuple[int, np.ndarray] | None = None) -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec
        self._noted: dict[str, list[tuple[Value, Value]]] = {}
        self._ends: dict[str, int] = {}
        self._engine = DeltaEngine(spec, apart)
        self.plan = spec.plan
        layer = spec.layer
        self._input_delta = difference_format(layer.input)
        self._state_delta = difference_format(layer.state)
        self._delta_shape = signed(max(self._input_delta.width, self._state_delta.width))

    @abstractmethod
    def hidden(self, m: Module, cell: DeltaCell) -> Signal:
        """Add a cell; returns its h, ``plan.tail`` cycles behind the sums."""

    def note(self, cell: DeltaCell, place: str, value: Value, after: int) -> None:
        """Let a value of each unit be watched, which comes so many cycles behind its sums."""
        if not self.is_watched(place):
            return
        # Not all cells have a unit in the last row.
        missing = cell.number + (cell.units - 1) * self.plan.cells >= self.plan.units
        there = cell.valid & (cell.index != cell.units - 1) if missing else cell.valid
        codes = self._noted.setdefault(place, [])
        name = f"{cell.name}_{place}{len(codes)}_there"
        codes.append((delay(cell.m, there, after, name), value))
        self._ends[place] = after

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self.plan
        tag = Signal.like(self.i.payload.tag, name="step_tag")
        with m.If(self.i.valid):
            m.d.sync += tag.eq(self.i.payload.tag)
        first = tag.first
        inputs, differences = self._compare_inputs(m)
        states = Signal(plan.units, name="moved_states")
        pending, lowest, rest = (
            Signal(plan.elements, name=n) for n in ("pending", "lowest", "rest")
        )
        m.d.comb += [
            pending.eq(Cat(inputs, Mux(first, 0, states))),
            lowest.eq(pending & -pending),
            rest.eq(pending & ~lowest),
        ]
        row, picks, address = self._passes(m, first, pending, lowest, rest)
        with m.If(picks):
            m.d.sync += [inputs.eq(rest[: plan.inputs]), states.eq(rest[plan.inputs :])]
        changes = [
            Memory(shape=self._state_delta.shape, depth=max(plan.unit_rows, 2), init=[])
            for _ in range(plan.cells)
        ]
        for number, change in enumerate(changes):
            m.submodules[f"cell{number}_changes"] = change
        delta = self._operand(m, picks, lowest, row, differences, changes)
        sums = self._engine.gates(m, address, row, delta)
        for number, (unit, change) in enumerate(zip(sums, changes, strict=True)):
            cell = DeltaCell(
                m, number, plan.unit_rows, self._spec.grid, unit.gates, unit.late,
                unit.valid, unit.index, first,
            )  # fmt: skip
            hidden = self.hidden(m, cell)
            self.note(cell, "h", hidden, plan.tail)
            self._keep(m, number, cell, hidden, states, change)
        final = sums[0].valid & (sums[0].index == plan.unit_rows - 1)
        for place, codes in self._noted.items():
            self.look(m, place, codes, delay(m, final, self._ends[place], f"{place}_ends"))
        done = delay(m, final, plan.tail, "done")
        leaves = done if self._spec.layer.return_sequences else done & tag.last
        m.d.sync += [self.o.valid.eq(leaves), self.o.payload.tag.eq(tag)]
        if not self._spec.layer.return_sequences:
            m.d.sync += self.o.payload.tag.first.eq(1)
        return m

    def _compare_inputs(self, m: Module) -> tuple[Signal, list[Signal]]:
        """Return which inputs moved, and by how much, from the cycle after the beat on."""
        spec, count = self._spec, self.plan.inputs
        moved = Signal(count, name="moved_inputs")
        differences = [
            Signal(self._input_delta.shape, name=f"input_difference{k}") for k in range(count)
        ]
        for k, difference in enumerate(differences):
            value = self.i.payload.data[k]
            propagated = Signal(spec.layer.input.shape, name=f"propagated_input{k}")
            before = Signal.like(propagated, name=f"input{k}_before")
            now = Signal.like(difference, name=f"input{k}_difference_now")
            moves = Signal(name=f"input{k}_moves")
            m.d.comb += [
                before.eq(Mux(self.i.payload.tag.first, 0, propagated)),
                now.eq(value - before),
                moves.eq(_exceeds(now, spec.input_threshold)),
            ]
            with m.If(self.i.valid):
                m.d.sync += [
                    propagated.eq(Mux(moves, value, before)),
                    difference.eq(now),
                    moved[k].eq(moves),
                ]
        return moved, differences

    def _passes(
        self, m: Module, first: Value, pending: Signal, lowest: Signal, rest: Signal
    ) -> tuple[Row, Signal, Signal]:
        """Add the walk over the rows; returns it, when a pass is picked, and the address."""
        plan = self.plan
        started, picks, at_end = (Signal(name=n) for n in ("started", "picks", "at_end"))
        issues, begins, of_state = (Signal(name=n) for n in ("issues", "begins", "of_state"))
        number = Signal(range(max(plan.rows, 2)), name="row")
        address = Signal(range(max(plan.rows * plan.elements, 2)), name="weight_address")
        m.d.comb += [
            picks.eq(started | (self.hold & at_end)),
            at_end.eq(number == plan.rows - 1),
        ]
        m.d.sync += [started.eq(self.i.valid), self.moved.eq(picks & pending.any())]
        places = [k * plan.rows for k in range(plan.elements)]
        with m.If(picks):
            m.d.sync += [
                # Without a next pass the entry goes on; this one is the last.
                self.hold.eq(rest.any()),
                issues.eq(1),
                begins.eq(started & first),
                of_state.eq(lowest[plan.inputs :].any()),
                number.eq(0),
                address.eq(_chosen(lowest, places)),
            ]
        with m.Elif(issues):
            m.d.sync += [issues.eq(~at_end), address.eq(address + 1), number.eq(number + 1)]
        unit, part = number, Const(0, 1)
        if plan.parts > 1:
            unit = Signal(range(max(plan.unit_rows, 2)), name="row_unit")
            part = Signal(range(plan.parts), name="row_part")
            ends = part == plan.parts - 1
            with m.If(picks):
                m.d.sync += [unit.eq(0), part.eq(0)]
            with m.Elif(issues):
                m.d.sync += [unit.eq(unit + ends), part.eq(Mux(ends, 0, part + 1))]
        last = Signal(name="last_pass")
        m.d.comb += last.eq(issues & ~self.hold)
        return Row(issues, last, begins, of_state, number, unit, part), picks, address

    def _operand(
        self,
        m: Module,
        picks: Signal,
        lowest: Signal,
        row: Row,
        differences: list[Signal],
        changes: list[Memory],
    ) -> Signal:
        """Return by how much the pass's input or state moved, in step with the weights."""
        plan = self.plan
        of_input = Signal(self._input_delta.shape, name="input_delta")
        selected = [
            Mux(lowest[k], difference.as_unsigned(), 0) for k, difference in enumerate(differences)
        ]
        unit = Signal(range(max(plan.unit_rows, 2)), name="state_row")
        cell = Signal(range(max(plan.cells, 2)), name="state_cell")
        numbers = range(plan.units)
        of_states = lowest[plan.inputs :]
        with m.If(picks):
            m.d.sync += [
                of_input.eq(_any(selected)),
                unit.eq(_chosen(of_states, [u // plan.cells for u in numbers])),
                cell.eq(_chosen(of_states, [u % plan.cells for u in numbers])),
            ]
        read = []
        for change in changes:
            port = change.read_port(domain="comb")
            m.d.comb += port.addr.eq(unit)
            read.append(port.data)
        of_state = Signal(self._state_delta.shape, name="state_delta")
        m.d.comb += of_state.eq(Array(read)[cell] if len(read) > 1 else read[0])
        delta = Signal(self._delta_shape, name="delta")
        m.d.sync += delta.eq(Mux(row.of_state, of_state, of_input))
        return delta

    def _keep(
        self,
        m: Module,
        number: int,
        cell: DeltaCell,
        hidden: Signal,
        states: Signal,
        change: Memory,
    ) -> None:
        """Give h away, and compare it with what was propagated last."""
        plan, layer, name = self.plan, self._spec.layer, cell.name
        finished = delay(m, cell.valid, plan.tail, f"{name}_hidden_valid")
        newest = delay(m, cell.index, plan.tail, f"{name}_hidden_unit")
        quantized = resize(m, hidden, layer.outputs[0].format, layer.state, f"{name}_state")
        # To quantize and to compare take a cycle each.
        state = delay(m, quantized, 1, f"{name}_state")
        valid = delay(m, finished, 1, f"{name}_state_valid")
        unit = delay(m, newest, 1, f"{name}_state_unit")
        memory = Memory(shape=layer.state.shape, depth=max(plan.unit_rows, 2), init=[])
        m.submodules[f"{name}_propagated"] = memory
        read, write = memory.read_port(domain="comb"), memory.write_port()
        notes = change.write_port()
        before = Signal(layer.state.shape, name=f"{name}_before")
        now = Signal(self._state_delta.shape, name=f"{name}_difference")
        moves = Signal(name=f"{name}_moves")
        m.d.comb += [
            read.addr.eq(unit),
            before.eq(Mux(cell.first, 0, read.data)),
            now.eq(state - before),
            moves.eq(_exceeds(now, self._spec.state_threshold)),
            write.addr.eq(unit),
            write.en.eq(valid),
            write.data.eq(Mux(moves, state, before)),
            notes.addr.eq(unit),
            notes.en.eq(valid),
            notes.data.eq(now),
        ]
        for index, place in enumerate(range(number, plan.units, plan.cells)):
            with m.If(finished & (newest == index)):
                m.d.sync += self.o.payload.data[place].eq(hidden)
            with m.If(valid & (unit == index)):
                m.d.sync += states[place].eq(moves)


def _exceeds(difference: Signal, threshold: int) -> Value:
    return (difference > threshold) | (difference < -threshold)


def _any(values: Sequence[Value]) -> Value:
    total = values[0]
    for value in values[1:]:
        total = total | value
    return total


def _chosen(one_hot: Value, numbers: Sequence[int]) -> Value:
    """Return the number of the bit that is set, zero without one: a few gates for each bit."""
    bits = []
    for bit in range(max(max(numbers).bit_length(), 1)):
        members = [one_hot[k] for k, number in enumerate(numbers) if number >> bit & 1]
        bits.append(Cat(members).any() if members else Const(0, 1))
    return Cat(bits)
