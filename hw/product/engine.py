"""The hardware of `hw.product.folded.FoldedProduct`: weight memories, multipliers, adder trees.

Pipeline of one column, for the operands selected in cycle k::

    k              operand multiplexer -> register; weight memory read
    k + 1          multipliers -> registers
    k + 2 ...      adder tree, one register a stage
    k + 2 + stages accumulator; a finished sum leaves combinationally
"""

from dataclasses import dataclass
from math import ceil

import numpy as np
from amaranth.hdl import Array, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.pipeline import delay
from hw.product.folded import OPERAND_TO_SUM, TREE_RADIX, Column, FoldedProduct, tree_stages

BLOCK_ROM_BITS = 512
"""Weight memories from this size on go into block RAM; synthesis would spread them over LUTs."""


@dataclass(frozen=True)
class Result:
    """What one column gives: the sums of all gates of ``column.units[unit]`` while `valid`."""

    valid: Signal
    unit: Signal
    sums: tuple[Signal, ...]


class ProductEngine(wiring.Component):
    """Folded matrix-vector product.

    ``start`` begins a vector, which must be stable from the next cycle on, for `reuse` cycles;
    the next ``start`` may follow after `reuse` cycles. ``done`` marks the last sum, together with
    the ``tag`` given at the start.

    Parameters
    ----------
    spec
        Schedule and kernel.
    tag_width
        Bits that travel with a vector.
    """

    start: Signal
    vector: data.View
    tag: Signal
    done: Signal
    done_tag: Signal

    def __init__(self, spec: FoldedProduct, tag_width: int = 1) -> None:
        super().__init__(
            {
                "start": In(1),
                "vector": In(data.ArrayLayout(spec.input.shape, spec.n_in)),
                "tag": In(tag_width),
                "done": Out(1),
                "done_tag": Out(tag_width),
            }
        )
        self._spec = spec
        self.results = tuple(
            Result(
                Signal(name=f"sum_valid{c}"),
                Signal(range(max(len(column.units), 2)), name=f"sum_unit{c}"),
                tuple(
                    Signal(spec.sum_format.shape, name=f"sum{c}_gate{gate}")
                    for gate in range(spec.gates)
                ),
            )
            for c, column in enumerate(spec.columns)
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._spec
        running = Signal()
        cycle = Signal(range(max(spec.reuse, 2)))
        tag = Signal.like(self.tag, name="running_tag")
        final = Signal()
        m.d.comb += final.eq(running & (cycle == spec.busy_cycles - 1))
        with m.If(self.start):
            m.d.sync += [running.eq(1), cycle.eq(0), tag.eq(self.tag)]
        with m.Elif(cycle == spec.reuse - 1):
            m.d.sync += running.eq(0)
        with m.Else():
            m.d.sync += cycle.eq(cycle + 1)
        depth = OPERAND_TO_SUM + spec.tree_stages
        m.d.comb += [
            self.done.eq(delay(m, final, depth, "final")),
            self.done_tag.eq(delay(m, tag, depth, "final_tag")),
        ]
        for index, column in enumerate(spec.columns):
            self._column(m, index, column, running, cycle)
        return m

    def _column(
        self, m: Module, index: int, column: Column, running: Signal, cycle: Signal
    ) -> None:
        spec, result = self._spec, self.results[index]
        phase, unit, ends = self._sequence(m, index, column, running)
        depth = OPERAND_TO_SUM + spec.tree_stages
        active = Signal(name=f"active{index}")
        m.d.comb += active.eq(running & (unit < len(column.units)))
        active_late = delay(m, active, depth, f"active{index}")
        ends_late = delay(m, ends, depth, f"ends{index}")
        weights = self._weights(m, index, column, cycle)
        mask_phase = delay(m, phase, OPERAND_TO_SUM, f"mask_phase{index}")
        operands = [self._operand(m, index, column, lane, phase) for lane in range(column.lanes)]
        m.d.comb += [
            result.valid.eq(ends_late),
            result.unit.eq(delay(m, unit, depth, f"unit{index}")),
        ]
        for gate in range(spec.gates):
            products = []
            for lane, operand in enumerate(operands):
                weight = weights[lane * spec.gates + gate]
                product = Signal(
                    signed(spec.input.width + spec.kernel_format.width + 1),
                    name=f"product{index}_{lane}_{gate}",
                )
                m.d.sync += product.eq(operand * weight)
                products.append(product)
            this, following = self._split(m, column, products, mask_phase, f"{index}_{gate}")
            name = f"tree{index}_{gate}"
            head = adder_tree(m, this, spec.sum_format.shape, spec.tree_stages, f"{name}_head")
            rest = adder_tree(m, following, spec.sum_format.shape, spec.tree_stages, f"{name}_rest")
            partial = Signal(spec.sum_format.shape, name=f"partial{index}_{gate}")
            m.d.comb += result.sums[gate].eq(partial + head)
            # `rest` is zero at the last end: the slots behind a column's last product hold zero.
            m.d.sync += partial.eq(Mux(active_late, Mux(ends_late, rest, result.sums[gate]), 0))

    def _sequence(
        self, m: Module, index: int, column: Column, running: Signal
    ) -> tuple[Signal, Signal, Signal]:
        """Count the phase and the unit; tell where a unit ends."""
        phase = Signal(range(max(column.phases, 2)), name=f"phase{index}")
        unit = Signal(range(len(column.units) + 1), name=f"running_unit{index}")
        ending = Signal(name=f"ending{index}")
        ends = Signal(name=f"unit_ends{index}")
        m.d.comb += ending.eq(
            Array(Const(column.ends_unit(p)) for p in range(column.phases))[phase]
        )
        m.d.comb += ends.eq(running & ending & (unit < len(column.units)))
        with m.If(self.start):
            m.d.sync += [phase.eq(0), unit.eq(0)]
        with m.Elif(running):
            m.d.sync += phase.eq(Mux(phase == column.phases - 1, 0, phase + 1))
            m.d.sync += unit.eq(unit + ends)
        return phase, unit, ends

    def _operand(self, m: Module, index: int, column: Column, lane: int, phase: Signal) -> Signal:
        operand = Signal(self._spec.input.shape, name=f"operand{index}_{lane}")
        with m.Switch(phase):
            for p in range(column.phases):
                with m.Case(p):
                    m.d.sync += operand.eq(self.vector[column.operand(p, lane)])
        return operand

    def _weights(self, m: Module, index: int, column: Column, cycle: Signal) -> list[Value]:
        """Return the weights of the operand registers' cycle, lane by lane, gate by gate."""
        spec = self._spec
        table = weight_table(spec, column)
        shape = spec.kernel_format.shape
        if len(table) == 1:
            return [Const(int(weight), shape) for weight in table[0]]
        word = data.ArrayLayout(shape, table.shape[1])
        block = table.size * spec.kernel_format.width >= BLOCK_ROM_BITS
        memory = Memory(
            shape=word,
            depth=len(table),
            init=[[int(weight) for weight in row] for row in table],
            attrs={"rom_style": "block"} if block else {},
        )
        m.submodules[f"weights{index}"] = memory
        port = memory.read_port()
        m.d.comb += port.addr.eq(cycle)
        return [port.data[i] for i in range(table.shape[1])]

    def _split(
        self, m: Module, column: Column, products: list[Signal], phase: Value, name: str
    ) -> tuple[list[Signal], list[Signal]]:
        """Mask the products by the unit that they belong to."""
        if column.n_in % column.lanes == 0:
            return products, []
        this, following = [], []
        for lane, product in enumerate(products):
            late = [column.belongs_to_next(p, lane) for p in range(column.phases)]
            if not any(late):
                this.append(product)
                continue
            next_unit = Signal(name=f"next_unit{name}_{lane}")
            masked = [Signal.like(product, name=f"masked{name}_{lane}_{i}") for i in range(2)]
            m.d.comb += [
                next_unit.eq(Array(Const(value) for value in late)[phase]),
                masked[0].eq(Mux(next_unit, 0, product)),
                masked[1].eq(Mux(next_unit, product, 0)),
            ]
            this.append(masked[0])
            following.append(masked[1])
        return this, following


def weight_table(spec: FoldedProduct, column: Column) -> np.ndarray:
    """Return the weights in the order of use, int64 ``(busy cycles, lanes * gates)``.

    Slots after the column's last product hold zero.
    """
    cycles = column.busy_cycles
    table = np.zeros((cycles * column.lanes, spec.gates), dtype=np.int64)
    ordered = spec.kernel[:, :, list(column.units)].transpose(2, 0, 1).reshape(-1, spec.gates)
    table[: len(ordered)] = ordered
    return table.reshape(cycles, column.lanes * spec.gates)


def adder_tree(m: Module, addends: list[Signal], shape: Shape, stages: int, name: str) -> Value:
    """Sum `addends` in exactly `stages` registered stages."""
    if not addends:
        return Const(0, 1)
    spare = stages - tree_stages(len(addends))
    level: list[Signal] = addends
    stage = 0
    while len(level) > 1:
        following = []
        for i in range(ceil(len(level) / TREE_RADIX)):
            group = level[i * TREE_RADIX : (i + 1) * TREE_RADIX]
            total = Signal(shape, name=f"{name}_{stage}_{i}")
            m.d.sync += total.eq(sum(group[1:], start=group[0]))
            following.append(total)
        level, stage = following, stage + 1
    return delay(m, level[0], spare, f"{name}_pad")
