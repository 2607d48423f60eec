"""The hardware of `hw.layer.convolution.depthwise_conv1d.DepthwiseConv1D`.

The taps are loaded into one shift register for each group of multipliers, in the order of use, so
no multiplier needs an operand multiplexer. Pipeline, for an output step that begins in cycle 0::

    1 + k          operands at the low end of the shift register, weights from the table
    2 + k          products
    2 + k + stages sums; a finished one goes into its output register
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data
from amaranth.lib.memory import Memory

from hw.layer.convolution.receptive_field_block import ReceptiveFieldBlock
from hw.number.adder_tree import adder_tree, tree_stages
from hw.pipeline import delay
from hw.stream import Block

if TYPE_CHECKING:
    from hw.layer.convolution.depthwise_conv1d import DepthwiseConv1D


@dataclass(frozen=True)
class Lanes:
    """Multipliers that walk through the kernels of some output channels.

    Parameters
    ----------
    lanes
        Multipliers, at most `taps`.
    taps
        Products for each output channel.
    filters
        The output channels, in order of completion.
    """

    lanes: int
    taps: int
    filters: range

    @property
    def busy_cycles(self) -> int:
        """Cycles in which the multipliers work."""
        return ceil(len(self.filters) * self.taps / self.lanes)

    def ends(self) -> list[bool]:
        """Tell for every cycle whether an output channel's last product falls into it."""
        return [
            (k * self.lanes) % self.taps + self.lanes >= self.taps for k in range(self.busy_cycles)
        ]

    def follows(self) -> list[list[bool]]:
        """Tell for every cycle which lanes already work for the channel after the ending one."""
        return [
            [(k * self.lanes) % self.taps + lane >= self.taps for lane in range(self.lanes)]
            for k in range(self.busy_cycles)
        ]

    def weights(self, kernel: np.ndarray) -> np.ndarray:
        """Return the weights in the order of use, int64 ``(cycles, lanes)``; zeros at the end."""
        table = np.zeros(self.busy_cycles * self.lanes, dtype=np.int64)
        ordered = kernel[:, list(self.filters)].T.ravel()
        table[: len(ordered)] = ordered
        return table.reshape(-1, self.lanes)


class DepthwiseConv1DBlock(Block):
    """The receptive field, its products, one register per output channel."""

    def __init__(self, spec: "DepthwiseConv1D") -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec
        self._stages = max(tree_stages(group.lanes) for group in spec.groups)
        self._busy = max(group.busy_cycles for group in spec.groups)

    @staticmethod
    def latency_cycles(groups: Iterable[Lanes]) -> int:
        """Return the cycles from an output step's newest beat to the output beat."""
        groups = tuple(groups)
        stages = max(tree_stages(group.lanes) for group in groups)
        return max(group.busy_cycles for group in groups) + 2 + stages

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._spec
        m.submodules.field = field = ReceptiveFieldBlock(spec.field, spec.inputs[0])
        m.d.comb += [field.i.valid.eq(self.i.valid), field.i.payload.eq(self.i.payload)]
        start = field.o.valid
        running = Signal()
        cycle = Signal(range(max(self._busy, 2)), name="cycle")
        following = Signal.like(cycle, name="next_cycle")
        tag = Signal(len(field.o.payload.tag.as_value()), name="running_tag")
        final = Signal(name="final_cycle")
        m.d.comb += [
            following.eq(Mux(start, 0, cycle + 1)),
            final.eq(running & (cycle == self._busy - 1)),
        ]
        m.d.sync += cycle.eq(following)
        with m.If(start):
            m.d.sync += [running.eq(1), tag.eq(field.o.payload.tag.as_value())]
        with m.Elif(final):
            m.d.sync += running.eq(0)
        late = 2 + self._stages
        m.d.comb += [
            self.o.valid.eq(delay(m, final, late, "final")),
            self.o.payload.tag.as_value().eq(delay(m, tag, late, "tag")),
        ]
        for index, group in enumerate(spec.groups):
            self._group(m, index, group, field.o.payload.data, start, running, following)
        return m

    def _group(
        self,
        m: Module,
        index: int,
        group: Lanes,
        taps: data.View,
        start: Value,
        running: Signal,
        following: Signal,
    ) -> None:
        spec, name = self._spec, f"group{index}"
        operands = self._operands(m, group, taps, start, name)
        weights, ends, follows = self._table(m, group, following, name)
        head, rest = [], []
        for lane, (operand, weight) in enumerate(zip(operands, weights, strict=True)):
            exact = spec.code.product(m, operand, weight, f"{name}_lane{lane}")
            product = Signal(signed(exact.shape().width + 1), name=f"{name}_product{lane}")
            m.d.sync += product.eq(exact)
            if not any(row[lane] for row in group.follows()):
                head.append(product)
                continue
            parts = [Signal.like(product, name=f"{name}_masked{lane}_{i}") for i in range(2)]
            next_one = delay(m, follows[lane], 1, f"{name}_follows{lane}")
            m.d.comb += [
                parts[0].eq(Mux(next_one, 0, product)),
                parts[1].eq(Mux(next_one, product, 0)),
            ]
            head.append(parts[0])
            rest.append(parts[1])
        shape, late = spec.sum_format.shape, 1 + self._stages
        total = Signal(shape, name=f"{name}_total")
        partial = Signal(shape, name=f"{name}_partial")
        ended = delay(m, running & ends, late, f"{name}_ends")
        m.d.comb += total.eq(partial + adder_tree(m, head, shape, self._stages, f"{name}_head"))
        # `rest` is zero behind a group's last product, where the table holds zeros.
        new = Mux(ended, adder_tree(m, rest, shape, self._stages, f"{name}_rest"), total)
        m.d.sync += partial.eq(Mux(delay(m, running, late, f"{name}_running"), new, 0))
        self._store(m, group, total, ended, delay(m, start, late, f"{name}_start"), name)

    def _operands(
        self, m: Module, group: Lanes, taps: data.View, start: Value, name: str
    ) -> list[Value]:
        """Load the taps in the order of use and shift them past the multipliers."""
        spec, width = self._spec, self._spec.input.width
        ordered = [
            taps[tap * spec.channels + output // spec.kernel.shape[2]]
            for output in group.filters
            for tap in range(spec.taps)
        ]
        register = Signal(len(ordered) * width, name=f"{name}_operands")
        with m.If(start):
            m.d.sync += register.eq(Cat(Cat(value) for value in ordered))
        with m.Else():
            m.d.sync += register.eq(register >> group.lanes * width)
        operands = [Signal(spec.input.shape, name=f"{name}_operand{i}") for i in range(group.lanes)]
        for lane, operand in enumerate(operands):
            m.d.comb += operand.eq(register[lane * width : (lane + 1) * width])
        return [*operands]

    def _table(
        self, m: Module, group: Lanes, following: Signal, name: str
    ) -> tuple[list[Value], Value, list[Value]]:
        """Return weights, whether a channel ends, and which lanes are ahead, for this cycle."""
        spec = self._spec
        width = spec.code.width
        stored = spec.code.encode(group.weights(spec.flat_kernel)).tolist()
        rows = [
            _word(row, width) | _word([end, *ahead], 1) << at
            for row, end, ahead in zip(stored, group.ends(), group.follows(), strict=True)
            for at in [len(row) * width]
        ]
        rows += [0] * (self._busy - len(rows))
        bits = group.lanes * (width + 1) + 1
        word: Value = Const(rows[0], bits)
        if self._busy > 1:
            in_block_ram = spec.storage.in_block_ram(self._busy, bits)
            attributes = spec.storage.attributes(in_block_ram)
            memory = Memory(shape=unsigned(bits), depth=self._busy, init=rows, attrs=attributes)
            m.submodules[f"{name}_table"] = memory
            port = memory.read_port()
            m.d.comb += port.addr.eq(following)
            word = port.data
        weights = [word[lane * width : (lane + 1) * width] for lane in range(group.lanes)]
        at = group.lanes * width
        return weights, word[at], [word[at + 1 + lane] for lane in range(group.lanes)]

    def _store(
        self, m: Module, group: Lanes, total: Signal, ended: Value, begins: Value, name: str
    ) -> None:
        """Add the bias and keep a finished sum in its output register."""
        spec = self._spec
        position = Signal(range(len(group.filters) + 1), name=f"{name}_position")
        with m.If(begins):
            m.d.sync += position.eq(0)
        with m.Elif(ended):
            m.d.sync += position.eq(position + 1)
        shape = spec.output.shape
        bias = Array(Const(int(spec.aligned_bias[output]), shape) for output in group.filters)
        value = Signal(shape, name=f"{name}_value")
        m.d.comb += value.eq(
            (total << (spec.output.fraction - spec.product_fraction)) + bias[position]
        )
        with m.If(ended), m.Switch(position):
            for index, output in enumerate(group.filters):
                with m.Case(index):
                    m.d.sync += self.o.payload.data[output].eq(value)


def _word(fields: list[int], width: int) -> int:
    return sum(int(field) << (i * width) for i, field in enumerate(fields))
