"""A bank: the adder trees and accumulators of programs that have the same columns.

Everything is counted behind the start, nothing is carried along with the products. With X the
cycle in which an adder tree gives the sum of certain operands, the control runs one cycle ahead
(``early``), and the value that a sum begins with is looked up two cycles ahead.
"""

from dataclasses import dataclass

from amaranth.hdl import Module, Mux, Signal, Value, signed

from hw.pipeline import delay, table
from hw.product.columns import Column
from hw.product.folded import ArrayPlan, Program
from hw.product.tree import adder_tree, phase_counter, split


@dataclass(frozen=True)
class Lookup:
    """Asks for the value that the next sum begins with: `initial` must hold it a cycle later.

    Parameters
    ----------
    program
        Which program of the bank.
    unit, slot
        Which of the column's units, and which of its gates.
    taken
        Whether the answer will be used; otherwise the question is asked again.
    model
        While `taken`, whose bank the answer comes from in a reloadable array.
    initial
        The answer, on the grid of that program's total.
    """

    program: Signal
    unit: Signal
    slot: Signal
    taken: Signal
    model: Signal
    initial: Signal


@dataclass(frozen=True)
class Result:
    """A column's sum while `valid`; which one, see `Lookup`. `coming` is `unit` a cycle early."""

    valid: Signal
    coming: Signal
    program: Signal
    unit: Signal
    slot: Signal
    sum: Signal


class Bank:
    """Adder trees and accumulators, one for each column.

    Parameters
    ----------
    programs
        Of this bank.
    plan
        Of the whole array.
    name
        Prefix of the ports.
    """

    def __init__(self, programs: tuple[Program, ...], plan: ArrayPlan, name: str) -> None:
        self._programs = programs
        self._plan = plan
        width = max(program.total.width for program in programs)
        self._shape = signed(width)
        self.lookups: list[Lookup] = []
        self.results: list[Result] = []
        for index in range(len(programs[0].columns)):
            columns = [program.columns[index] for program in programs]
            units = range(max(*(c.units for c in columns), 2))
            slots = range(max(*(c.gates for c in columns), 2))
            ports = [
                (
                    Signal(range(max(len(programs), 2)), name=f"{name}_{kind}{index}_program"),
                    Signal(units, name=f"{name}_{kind}{index}_unit"),
                    Signal(slots, name=f"{name}_{kind}{index}_slot"),
                )
                for kind in ("lookup", "sum")
            ]
            initial = Signal(self._shape, name=f"{name}_initial{index}")
            taken = Signal(name=f"{name}_lookup{index}_taken")
            model = Signal(name=f"{name}_lookup{index}_model")
            self.lookups.append(Lookup(*ports[0], taken, model, initial))
            valid = Signal(name=f"{name}_sum{index}_valid")
            coming = Signal(units, name=f"{name}_coming{index}_unit")
            total = Signal(self._shape, name=f"{name}_sum{index}")
            self.results.append(Result(valid, coming, *ports[1], total))

    def add_to(
        self,
        m: Module,
        products: list[Signal],
        samples: list[Value],
        ends: list[Value],
        models: list[Value],
    ) -> None:
        """Add the bank's hardware.

        Parameters
        ----------
        products
            Of all multipliers.
        samples
            For each program of the bank, a pulse in the cycle before its first operands.
        models
            For each program, its model in that cycle; empty where weights are constant.
        ends
            Where zeros are skipped, for each column whether an output ends, in step with the
            memory; else nothing.
        """
        plan, name = self._plan, self.results[0].valid.name
        begins = [
            delay(m, sample, plan.operand_stages + plan.tree_stages, f"{name}_begin{i}")
            for i, sample in enumerate(samples)
        ]
        chosen = [
            delay(m, model, plan.operand_stages + plan.tree_stages, f"{name}_model{i}")
            for i, model in enumerate(models)
        ]
        masks = [
            delay(m, sample, plan.operand_stages, f"{name}_mask{i}")
            for i, sample in enumerate(samples)
        ]
        lane = 0
        for index, column in enumerate(self._programs[0].columns):
            end = ends[index] if ends else None
            self._column(m, index, products[lane : lane + column.lanes], begins, masks, end)
            lane += column.lanes
            _follow_model(m, self.lookups[index].model, begins, chosen)

    def _column(
        self,
        m: Module,
        index: int,
        products: list[Signal],
        begins: list[Value],
        masks: list[Value],
        end: Value | None,
    ) -> None:
        columns = [program.columns[index] for program in self._programs]
        column, result, lookup = columns[0], self.results[index], self.lookups[index]
        name = f"{result.sum.name}_column"
        begin = Signal(name=f"{name}_begin")
        m.d.comb += begin.eq(_any(begins))
        ends_early, program = self._control(m, index, begins, begin, end)
        ends = Signal(name=f"{name}_ends")
        prime = Signal(name=f"{name}_prime")
        m.d.sync += [ends.eq(ends_early), prime.eq(begin), result.valid.eq(ends)]
        self._lookup(m, lookup, columns, begins, begin, ends_early, name)
        this, following = split(m, column, products, _any(masks), name)
        stages = self._plan.tree_stages
        head = adder_tree(m, this, self._shape, stages, column.lanes, f"{name}_head")
        rest = adder_tree(m, following, self._shape, stages, column.lanes, f"{name}_rest")
        partial = Signal(self._shape, name=f"{name}_partial")
        total = Signal(self._shape, name=f"{name}_total")
        m.d.comb += total.eq(partial + self._aligned(head, program))
        m.d.sync += result.sum.eq(total)
        if column.lanes == column.stride:
            # Every cycle ends an output.
            m.d.sync += partial.eq(lookup.initial)
            return
        fresh = Signal(self._shape, name=f"{name}_fresh")
        if column.straddles:
            # After a column's last output `rest` is zero, because the weights there are.
            m.d.comb += fresh.eq(lookup.initial + Mux(ends, self._aligned(rest, program), 0))
        else:
            m.d.comb += fresh.eq(lookup.initial)
        m.d.sync += partial.eq(Mux(prime | ends, fresh, total))

    def _aligned(self, value: Value, program: Value) -> Value:
        shifts = [p.shift for p in self._programs]
        aligned = value << shifts[0]
        for index, shift in enumerate(shifts[1:], start=1):
            if shift != shifts[0]:
                aligned = Mux(program == index, value << shift, aligned)
        return aligned

    def _control(
        self, m: Module, index: int, begins: list[Value], begin: Signal, end: Value | None
    ) -> tuple[Signal, Value]:
        """Count what ends, a cycle ahead of the accumulator."""
        columns = [program.columns[index] for program in self._programs]
        column, result = columns[0], self.results[index]
        name = f"{result.sum.name}_control"
        live = Signal(name=f"{name}_live")
        program = Signal.like(result.program, name=f"{name}_program")
        unit = Signal.like(result.unit, name=f"{name}_unit")
        slot = Signal.like(result.slot, name=f"{name}_slot")
        if end is None:
            phase = phase_counter(m, column, begin, f"{name}_phase")
            ending = table(
                m, phase, [column.ends_output(p) for p in range(column.phases)], f"{name}_ending"
            )
        else:
            stages = self._plan.operand_stages + self._plan.tree_stages
            ending = delay(m, end, stages, f"{name}_ending")
        ends = Signal(name=f"{name}_ends_early")
        m.d.comb += ends.eq(live & ending)
        last_slot = Signal(name=f"{name}_last_slot")
        last_unit = Signal(name=f"{name}_last_unit")
        m.d.comb += [
            last_slot.eq(slot == _chosen(program, [c.gates - 1 for c in columns])),
            last_unit.eq(unit == _chosen(program, [max(c.units - 1, 0) for c in columns])),
        ]
        with m.If(ends):
            m.d.sync += slot.eq(Mux(last_slot, 0, slot + 1))
            with m.If(last_slot):
                m.d.sync += unit.eq(unit + 1)
                with m.If(last_unit):
                    m.d.sync += live.eq(0)
        for number, pulse in enumerate(begins):
            with m.If(pulse):
                m.d.sync += [
                    program.eq(number),
                    unit.eq(0),
                    slot.eq(0),
                    live.eq(bool(columns[number].outputs)),
                ]
        m.d.comb += [
            result.program.eq(delay(m, program, 2, f"{name}_program")),
            result.coming.eq(delay(m, unit, 1, f"{name}_coming_unit")),
            result.unit.eq(delay(m, result.coming, 1, f"{name}_unit")),
            result.slot.eq(delay(m, slot, 2, f"{name}_slot")),
        ]
        return ends, delay(m, program, 1, f"{name}_tree_program")

    def _lookup(
        self,
        m: Module,
        lookup: Lookup,
        columns: list[Column],
        begins: list[Value],
        begin: Signal,
        ends_early: Signal,
        name: str,
    ) -> None:
        """Point at the next output: it moves on whenever a sum takes its initial value."""
        held = Signal.like(lookup.program, name=f"{name}_lookup_program")
        m.d.comb += lookup.program.eq(held)
        for number, pulse in enumerate(begins):
            with m.If(pulse):
                m.d.comb += lookup.program.eq(number)
                m.d.sync += held.eq(number)
        last_slot = Signal(name=f"{name}_lookup_last_slot")
        last_unit = Signal(name=f"{name}_lookup_last_unit")
        used = [bool(c.outputs) for c in columns]
        m.d.comb += [
            last_slot.eq(lookup.slot == _chosen(lookup.program, [c.gates - 1 for c in columns])),
            last_unit.eq(
                lookup.unit == _chosen(lookup.program, [max(c.units - 1, 0) for c in columns])
            ),
        ]
        # Both are back at zero when the last output has begun, and wait there for the next start.
        moved = (lookup.unit != 0) | (lookup.slot != 0)
        m.d.comb += lookup.taken.eq(
            (begin & _chosen(lookup.program, [int(u) for u in used])) | (ends_early & moved)
        )
        with m.If(lookup.taken):
            m.d.sync += lookup.slot.eq(Mux(last_slot, 0, lookup.slot + 1))
            with m.If(last_slot):
                m.d.sync += lookup.unit.eq(Mux(last_unit, 0, lookup.unit + 1))


def _follow_model(m: Module, model: Signal, begins: list[Value], models: list[Value]) -> None:
    """Let `model` be that of the program which has begun last, from its first lookup on."""
    held = Signal(name=f"{model.name}_held")
    if models:
        m.d.comb += model.eq(held)
    for pulse, chosen in zip(begins, models, strict=False):
        with m.If(pulse):
            m.d.comb += model.eq(chosen)
            m.d.sync += held.eq(chosen)


def _any(pulses: list[Value]) -> Value:
    result = pulses[0]
    for pulse in pulses[1:]:
        result = result | pulse
    return result


def _chosen(program: Signal, values: list[int]) -> Value | int:
    """Return the value of the running program."""
    result: Value | int = values[0]
    for number, value in enumerate(values[1:], start=1):
        if value != values[0]:
            result = Mux(program == number, value, result)
    return result
