"""The hardware of `hw.layer.convolution.depthwise_conv1d.DepthwiseConv1D`.

The taps are loaded into one shift register for each group of multipliers, in the order of use, so
no multiplier needs an operand multiplexer. Pipeline, for an output step that begins in cycle 0::

    1 + k          operands at the low end of the shift register, weights from the table
    2 + k          products
    2 + k + stages sums; a finished one goes into its output register
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data
from amaranth.lib.memory import Memory

from hw.layer.convolution.lanes import Lanes
from hw.layer.convolution.receptive_field_block import taps_block
from hw.number.adder_tree import adder_tree, tree_stages
from hw.pipeline import constants, delay
from hw.product.model_store import ModelStore, lead_out, store_members, tables_of
from hw.product.reloadable import ReloadableWeights
from hw.stream import Block, tag_layout

if TYPE_CHECKING:
    from hw.layer.convolution.depthwise_conv1d import DepthwiseConv1D


@dataclass(frozen=True)
class Walk:
    """How an output step goes through the products, for all groups alike.

    Parameters
    ----------
    start
        A step's taps are there.
    running, following
        Whether products are walked through, and at which cycle of the walk the next cycle is.
    reads
        In which cycles the weights of the next one are read.
    model
        Where weights can be replaced, whose are read.
    """

    start: Value
    running: Signal
    following: Signal
    reads: Value
    model: Value


class DepthwiseConv1DBlock(Block):
    """The receptive field, its products, one register per output channel."""

    def __init__(self, spec: "DepthwiseConv1D") -> None:
        super().__init__(spec.inputs, spec.outputs, store_members(tables_of(spec)))
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
        m.submodules.field = field = taps_block(spec.field, spec.inputs[0])
        m.d.comb += [field.i.valid.eq(self.i.valid), field.i.payload.eq(self.i.payload)]
        start = field.o.valid
        running = Signal()
        cycle = Signal(range(max(self._busy, 2)), name="cycle")
        following = Signal.like(cycle, name="next_cycle")
        port = spec.outputs[0]
        tag = data.View(
            tag_layout(port.series, port.models), Signal(port.tag_width, name="running_tag")
        )
        final = Signal(name="final_cycle")
        m.d.comb += [
            following.eq(Mux(start, 0, cycle + 1)),
            final.eq(running & (cycle == self._busy - 1)),
        ]
        m.d.sync += cycle.eq(following)
        with m.If(start):
            m.d.sync += [running.eq(1), tag.eq(field.o.payload.tag)]
        with m.Elif(final):
            m.d.sync += running.eq(0)
        late = 2 + self._stages
        m.d.comb += [
            self.o.valid.eq(delay(m, final, late, "final")),
            self.o.payload.tag.as_value().eq(delay(m, tag.as_value(), late, "tag")),
        ]
        store = ModelStore(spec.model_tables) if spec.reloadable else None
        model: Value = Const(0)
        if store is not None:
            m.submodules.model = store
            lead_out(m, self, store)
            model = Mux(start, field.o.payload.tag.model, tag.model)
        walk = Walk(start, running, following, start | (running & ~final), model)
        for index, group in enumerate(spec.groups):
            self._group(m, index, group, field.o.payload.data, walk, store)
        return m

    def _group(
        self,
        m: Module,
        index: int,
        group: Lanes,
        taps: data.View,
        walk: Walk,
        store: ModelStore | None,
    ) -> None:
        spec, name = self._spec, f"group{index}"
        operands = self._operands(m, group, taps, walk.start, name)
        if store is None:
            weights, control = self._table(m, group, walk.following, name)
        else:
            weights = self._loaded(m, store[f"weights{index}"], group, walk)
            words = self._control(group)
            control = constants(m, walk.following, words, unsigned(group.lanes + 1), name)
        ends, follows = control[0], control[1:]
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
        ended = delay(m, walk.running & ends, late, f"{name}_ends")
        m.d.comb += total.eq(partial + adder_tree(m, head, shape, self._stages, f"{name}_head"))
        # `rest` is zero behind a group's last product, where the table holds zeros.
        new = Mux(ended, adder_tree(m, rest, shape, self._stages, f"{name}_rest"), total)
        still = delay(m, walk.running, late, f"{name}_running")
        m.d.sync += partial.eq(Mux(still, new, 0))
        begins = delay(m, walk.start, late, f"{name}_start")
        position = Signal(range(len(group.filters) + 1), name=f"{name}_position")
        next_position = Signal.like(position, name=f"{name}_next_position")
        m.d.comb += next_position.eq(Mux(begins, 0, position + ended))
        m.d.sync += position.eq(next_position)
        if store is None:
            bias = self._bias(group, position)
        else:
            table = store[f"bias{index}"]
            goes_on = ended & (position != len(group.filters) - 1)
            m.d.comb += [
                table.addr.eq(next_position),
                table.en.eq(begins | goes_on),
                table.model.eq(delay(m, walk.model, late, f"{name}_model")),
            ]
            bias = table.data[0] << (spec.output.fraction - spec.bias_format.fraction)
        self._store(m, group, total, bias, ended, position, name)

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
    ) -> tuple[list[Value], Value]:
        """Return constant weights and the word of `_control`, for this cycle."""
        spec = self._spec
        width, at = spec.code.width, group.lanes * spec.code.width
        stored = spec.code.encode(group.weights(spec.flat_kernel)).tolist()
        control = self._control(group)
        rows = [_word(row, width) | word << at for row, word in zip(stored, control, strict=False)]
        rows += [0] * (self._busy - len(rows))
        bits = at + group.lanes + 1
        word: Value = Const(rows[0], bits)
        if self._busy > 1:
            in_block_ram = spec.storage.in_block_ram(self._busy, bits)
            attributes = spec.storage.attributes(in_block_ram)
            memory = Memory(shape=unsigned(bits), depth=self._busy, init=rows, attrs=attributes)
            m.submodules[f"{name}_table"] = memory
            port = memory.read_port()
            m.d.comb += port.addr.eq(following)
            word = port.data
        return [word[lane * width : (lane + 1) * width] for lane in range(group.lanes)], word[at:]

    def _loaded(
        self, m: Module, memory: ReloadableWeights, group: Lanes, walk: Walk
    ) -> list[Value]:
        """Return this cycle's weights from a memory with two banks."""
        m.d.comb += [
            memory.addr.eq(walk.following),
            memory.en.eq(walk.reads),
            memory.model.eq(walk.model),
        ]
        return [Cat(memory.data[lane]) for lane in range(group.lanes)]

    def _control(self, group: Lanes) -> list[int]:
        """Return for each cycle whether a channel ends, and above it which lanes are ahead."""
        rows = [
            _word([end, *ahead], 1)
            for end, ahead in zip(group.ends(), group.follows(), strict=True)
        ]
        return rows + [0] * (self._busy - len(rows))

    def _bias(self, group: Lanes, position: Signal) -> Value:
        spec = self._spec
        codes = (int(spec.aligned_bias[output]) for output in group.filters)
        return Array(Const(code, spec.output.shape) for code in codes)[position]

    def _store(
        self,
        m: Module,
        group: Lanes,
        total: Signal,
        bias: Value,
        ended: Value,
        position: Signal,
        name: str,
    ) -> None:
        """Add the bias and keep a finished sum in its output register."""
        spec = self._spec
        value = Signal(spec.output.shape, name=f"{name}_value")
        m.d.comb += value.eq((total << (spec.output.fraction - spec.product_fraction)) + bias)
        with m.If(ended), m.Switch(position):
            for index, output in enumerate(group.filters):
                with m.Case(index):
                    m.d.sync += self.o.payload.data[output].eq(value)


def _word(fields: Sequence[int], width: int) -> int:
    return sum(int(field) << (i * width) for i, field in enumerate(fields))
