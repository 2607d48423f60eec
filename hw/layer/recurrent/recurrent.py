"""What all recurrent layers share: products, states, the window's result.

A layer gives a `StepPlan` (`hw.layer.recurrent.step`) and a cell for each group of units
(`hw.product.columns.Group`). Everything happens a fixed number of cycles after the operands of a
sum were in the ring, so a step's tag and number simply follow in registers (`Info.at`).

With one series the state waits in registers; with several, memories hold it under ``tag.series``.
"""

from abc import abstractmethod
from collections.abc import Sequence

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.memory import Memory, ReadPort, WritePort

from hw.layer.recurrent.projection import ProjectionStore
from hw.layer.recurrent.recurrent_cell import Cell, NewState, RecurrentSpec, gather
from hw.layer.recurrent.state_access import StateAccess, bus_members
from hw.layer.recurrent.step_info import Info, info_lead
from hw.layer.recurrent.step_order import column_biases
from hw.layer.recurrent.watched import WatchedRecurrence, finished, latest
from hw.number.resize import resize
from hw.pipeline import constants, delay, gathered, later
from hw.product.array import MultiplierArray
from hw.product.bank import Bank
from hw.product.model_store import ModelStore, lead_out, read_table, store_members, tables_of

STEP_BEGINS = "step_begins"
"""High in the cycle before `HIDDEN_STATE` shows the state that a step begins with."""

HIDDEN_STATE = "hidden_state"


class RecurrentBlock(WatchedRecurrence):
    """A recurrent layer around the cells that a subclass gives."""

    def __init__(self, spec: RecurrentSpec) -> None:
        memory = spec.state_memory("state", "")
        members = store_members(tables_of(spec)) | bus_members(memory)
        super().__init__(spec, members)
        self._access = None
        if memory is not None:
            self._access = StateAccess(self.state_bus, spec.units, spec.state_kinds)
        self._store = ModelStore(spec.model_tables) if spec.reloadable else None

    @abstractmethod
    def cells(self, m: Module, cells: Sequence[Cell], array: MultiplierArray) -> list[NewState]:
        """Add the hardware of the cells; returns the new h of each.

        The first program of the recurrent bank is started from here; a second one's vector and
        the first sums are the cells' to give.
        """

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self._recurrent.plan
        store = self._store
        if store is not None:
            m.submodules.model = store
            lead_out(m, self, store)
        arrays = [
            MultiplierArray(p, f"product{i}", None if store is None else store[f"weights{i}"])
            for i, p in enumerate(plan.arrays)
        ]
        m.submodules += arrays
        number = Signal(range(max(plan.banks, 2)), name="step_number")
        with m.If(self.i.valid):
            m.d.sync += number.eq(number + 1)
        brought = [getattr(self, port.name).payload.data for port in self._recurrent.inputs[1:]]
        payload = Cat(self.i.payload.tag.as_value(), number)
        self._start_inputs(m, arrays[0])
        begin, lead = plan.recurrent_begins[0], info_lead(plan.series)
        pulse, taken = self._later(
            m, Cat(payload, *(view.as_value() for view in brought)), begin - lead, "step"
        )
        infos = self._infos(m, taken[: len(payload)], pulse, lead)
        initial = self._initial(m, taken[len(payload) :], pulse)
        store = self._projections(m, arrays[0], number)
        bank = arrays[-1].banks[-1]
        cells = self._cells(m, bank, infos, store, initial)
        states = self.cells(m, cells, arrays[-1])
        self._start_recurrents(m, arrays[-1])
        # Named for simulation, which checks `hidden` in the cycle after each step's begin.
        begins = Signal(name=STEP_BEGINS)
        m.d.comb += begins.eq(delay(m, pulse, lead - 2, STEP_BEGINS))
        self._keep(m, states, infos, arrays[-1].vectors[-len(plan.recurrents)], initial)
        self._finish(m, states, infos[-1])
        return m

    def _infos(self, m: Module, payload: Value, pulse: Value, lead: int) -> tuple[Info, ...]:
        """Return what belongs to the operands of each recurrent program."""
        plan, tag = self._recurrent.plan, self.i.payload.tag.shape()
        first = Info(m, payload, pulse, tag, lead)
        if plan.vector_waits is None:
            return (first,) * len(plan.recurrents)
        apart = plan.recurrent_begins[1] - plan.recurrent_begins[0]
        then, late = later(m, pulse, payload, apart, plan.interval_cycles, "second_step")
        return first, Info(m, late, then, tag, lead, "second_step_info")

    def _later(self, m: Module, payload: Value, cycles: int, name: str) -> tuple[Value, Value]:
        interval = self._recurrent.plan.interval_cycles
        return later(m, self.i.valid, payload, cycles, interval, name)

    def _start_inputs(self, m: Module, array: MultiplierArray) -> None:
        plan = self._recurrent.plan
        lead = plan.arrays[0].lead
        beat = gathered(self.i.payload.data, self._recurrent.used_inputs)
        held = Signal.like(beat, name="held_input")
        with m.If(self.i.valid):
            m.d.sync += held.eq(beat)
        for index, begin in enumerate(plan.input_begins):
            start, model = self._later(m, self._model(), begin - 1 - lead, f"input{index}")
            m.d.comb += [
                array.starts[index].eq(start),
                array.models[index].eq(model),
                array.vectors[index].as_value().eq(held if begin > 1 else beat),
            ]

    def _start_recurrents(self, m: Module, array: MultiplierArray) -> None:
        plan = self._recurrent.plan
        first = len(array.starts) - len(plan.recurrents)
        for index, begin in enumerate(plan.recurrent_begins):
            lead = plan.arrays[-1].lead
            pulse, model = self._later(m, self._model(), begin - 1 - lead, f"recurrent{index}")
            m.d.comb += [
                array.starts[first + index].eq(pulse),
                array.models[first + index].eq(model),
            ]

    def _model(self) -> Value:
        """Return the model of the beat that comes in."""
        return Const(0) if self._store is None else self.i.payload.tag.model

    def _projections(self, m: Module, array: MultiplierArray, number: Signal) -> ProjectionStore:
        """Add the biases of the input product and the memories behind it."""
        spec, plan = self._recurrent, self._recurrent.plan
        bank = array.banks[0]
        grid, output = spec.input_product.bias_format, spec.input_product.output
        biases = column_biases(plan, spec.input_bias)
        for index, (lookup, (values, offsets)) in enumerate(zip(bank.lookups, biases, strict=True)):
            place = Signal(range(max(len(values), 2)), name=f"input_bias{index}_place")
            last = max(len(values) - 1, 1)
            offset = Array(Const(min(o, last), range(last + 1)) for o in offsets)[lookup.program]
            m.d.comb += place.eq(lookup.unit + offset)
            if self._store is None:
                value = constants(m, place, values, output.shape, f"input_bias{index}")
            else:
                value = read_table(m, self._store[f"bias{index}"], lookup, place)
                value = value << (output.fraction - grid.fraction)
            m.d.comb += lookup.initial.eq(value)
        written = plan.arrays[0].lead + plan.arrays[0].sum_delay
        pulse, step = self._later(m, number, written, "written")
        writing = Signal.like(number, name="written_step")
        with m.If(pulse):
            m.d.sync += writing.eq(step)
        shape = spec.input_product.output.shape
        return ProjectionStore(plan.inputs, bank.results, shape, plan.banks, writing)

    def _initial(self, m: Module, taken: Value, pulse: Value) -> tuple[data.View, ...]:
        """Return the states that a window begins with, kept for as long as a step runs.

        With one series a step begins when the one before has ended, so one register is enough.
        """
        views, first = [], 0
        for port in self._recurrent.inputs[1:]:
            layout = data.ArrayLayout(port.format.shape, port.channels)
            register = Signal(layout.size, name=f"initial_{port.name}")
            with m.If(pulse):
                m.d.sync += register.eq(taken[first : first + layout.size])
            views.append(data.View(layout, register))
            first += layout.size
        return tuple(views)

    def _cells(
        self,
        m: Module,
        bank: Bank,
        infos: tuple[Info, ...],
        store: ProjectionStore,
        initial: tuple[data.View, ...],
    ) -> list[Cell]:
        spec = self._recurrent
        cells, first = [], 0
        for group in spec.groups:
            last = first + len(group.lanes)
            columns = tuple(zip(bank.lookups[first:last], bank.results[first:last], strict=True))
            hosts = self._store, self._access
            cells.append(Cell(m, spec, group, columns, infos, store, *hosts, initial))
            first = last
        return cells

    def _keep(
        self,
        m: Module,
        states: Sequence[NewState],
        infos: tuple[Info, ...],
        vector: data.View,
        initial: tuple[data.View, ...],
    ) -> None:
        """Store the hidden units, quantized for the next step of the series."""
        spec = self._recurrent
        quantized = [
            resize(m, s.value, spec.hidden, spec.state, f"hidden{s.units[0]}") for s in states
        ]
        self.look_at(m, "h", states)
        access = self._access
        newest = gather(m, states, quantized, "hidden", access if spec.series == 1 else None)
        layout = data.ArrayLayout(spec.state.shape, spec.units)
        hidden = data.View(layout, Signal(layout.size, name=HIDDEN_STATE))
        source, kept = newest, Cat(newest)
        if spec.series > 1:
            last = latest(states, spec)
            memory = Memory(shape=layout.size, depth=spec.series, init=[])
            m.submodules.hidden_states = memory
            write, read = memory.write_port(), memory.read_port()
            m.d.comb += [
                write.addr.eq(infos[-1].at(last.after).tag.series),
                write.data.eq(Cat(newest)),
                write.en.eq(finished(last)),
                read.addr.eq(infos[0].at(-3).tag.series),
            ]
            width = spec.state.width
            source = [read.data[u * width : (u + 1) * width] for u in range(spec.units)]
            kept = read.data
            if access is not None:
                self._write_unit(m, access, write, read)
        if access is not None:
            with m.If(access.concerns("h")):
                m.d.comb += access.bus.result.eq(kept.word_select(access.unit, spec.state.width))
        # Block RAM is slow to answer: a register stands behind it.
        domain, ahead = (m.d.sync, 2) if spec.series > 1 else (m.d.comb, 1)
        first = infos[0].at(-ahead).tag.first
        for unit, value in enumerate(source):
            begins = initial[0][unit] if initial else Const(0, spec.state.shape)
            domain += hidden[unit].eq(Mux(first, begins, value))
        m.d.comb += vector.as_value().eq(gathered(hidden, spec.used_units))

    def _write_unit(self, m: Module, access: StateAccess, write: WritePort, read: ReadPort) -> None:
        """Let a host read the states of a series, and write them back with one changed."""
        changed = Signal.like(read.data, name="changed_states")
        m.d.comb += changed.eq(read.data)
        m.d.comb += changed.word_select(access.unit, self._recurrent.state.width).eq(
            access.bus.data
        )
        with m.If(access.concerns("h")):
            m.d.comb += [
                read.addr.eq(access.series),
                write.addr.eq(access.series),
                write.data.eq(changed),
                write.en.eq(access.bus.write),
            ]

    def _finish(self, m: Module, states: Sequence[NewState], info: Info) -> None:
        """Give the hidden state away, exactly."""
        spec = self._recurrent
        for state in states:
            for index, unit in enumerate(state.units):
                with m.If(state.valid & (state.index == index)):
                    m.d.sync += [
                        self.o.payload.data[place * spec.units + unit].eq(value)
                        for place, value in enumerate(state.given or (state.value,))
                    ]
        last = latest(states, spec)
        tag = info.at(last.after).tag
        leaves = finished(last)
        m.d.sync += self.o.payload.tag.eq(tag)
        if not spec.return_sequences:
            leaves &= tag.last
            m.d.sync += self.o.payload.tag.first.eq(1)
        m.d.sync += self.o.valid.eq(leaves)
