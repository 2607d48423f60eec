"""The hardware of `hw.layer.dense.dense.Dense` that skips zero weights."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amaranth.hdl import Const, Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.lib.memory import Memory

from hw.pipeline import constants, delay, multiplexed
from hw.product.sparse import Lane, SparsePlan
from hw.product.tree import adder_tree
from hw.stream import Block

if TYPE_CHECKING:
    from hw.layer.dense.dense import Dense


@dataclass(frozen=True)
class _Step:
    """What the memory says to a lane in a cycle."""

    weight: Value
    select: Value
    begins: Value


@dataclass(frozen=True)
class _Position:
    """Which cycle's results are there, while `live`."""

    live: Value
    cycle: Value

    def at(self, cycle: int) -> Value:
        return self.live & (self.cycle == cycle)

    def delayed(self, m: Module, cycles: int) -> "_Position":
        return _Position(
            delay(m, self.live, cycles, "live"), delay(m, self.cycle, cycles, "position")
        )


class SparseDenseBlock(Block):
    """Lanes of a multiplier and an accumulator each, sums of pieces, one register per output."""

    def __init__(self, spec: "Dense") -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec
        self._plan: SparsePlan = spec.sparse
        self._shape: Shape = signed(spec.output.width)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan, spec = self._plan, self._spec
        for output, bias in enumerate(spec.aligned_bias.tolist()):
            if output not in plan.pieces_of:
                m.d.comb += self.o.payload.data[output].eq(Const(bias, spec.output.shape))
        if not plan.products:
            m.d.sync += [
                self.o.valid.eq(self.i.valid),
                self.o.payload.tag.as_value().eq(self.i.payload.tag.as_value()),
            ]
            return m
        vector = self._vector(m)
        # In step with the operands, and a cycle later with the products.
        begin = delay(m, self.i.valid, 1 + plan.lead + plan.operand_stages, "begin")
        prime = delay(m, begin, 1, "prime")
        sums = [
            self._lane(m, number, lane, step, vector, begin, prime)
            for number, (lane, step) in enumerate(zip(plan.lanes, self._program(m), strict=True))
        ]
        position = self._position(m, prime)
        final = position.delayed(m, plan.sum_stages)
        whole: dict[int, Value] = {}
        for output, pieces in plan.pieces_of.items():
            if len(pieces) == 1:
                lane, piece = pieces[0]
                if lane not in whole:
                    whole[lane] = delay(m, sums[lane], plan.sum_stages, f"sum{lane}")
                total, ready = whole[lane], piece.last
            else:
                total, ready = self._joined(m, output, sums, position), plan.busy_cycles - 1
            with m.If(final.at(ready)):
                m.d.sync += self.o.payload.data[output].eq(total)
        m.d.sync += self.o.valid.eq(final.at(plan.busy_cycles - 1))
        # A beat's sums leave before those of the next, so its tag waits in step with the first.
        tag = Signal.like(self.i.payload.tag.as_value(), name="running_tag")
        with m.If(self.i.valid):
            m.d.sync += tag.eq(self.i.payload.tag.as_value())
        m.d.sync += self.o.payload.tag.as_value().eq(delay(m, tag, plan.sum_delay - 1, "tag"))
        return m

    def _vector(self, m: Module) -> list[Value]:
        """Hold the operands for as long as the lanes need them."""
        data, valid = self.i.payload.data, self.i.valid
        shape = self._spec.input.shape
        values: list[Value] = [data[row] for row in range(self._plan.kernel.shape[0])]
        for stage in range(self._plan.lead + 1):
            held = [Signal(shape, name=f"vector{stage}_{row}") for row in range(len(values))]
            with m.If(delay(m, valid, stage, f"sample{stage}")):
                m.d.sync += [h.eq(v) for h, v in zip(held, values, strict=True)]
            values = list(held)
        return values

    def _program(self, m: Module) -> list[_Step]:
        """Return what each lane is told, in the cycle in which it takes its operand."""
        plan = self._plan
        words = plan.words()
        if len(words) == 1:
            word: Value = Const(words[0], unsigned(plan.word_bits))
        else:
            following = Signal(range(plan.busy_cycles), name="following_address")
            address = Signal(range(plan.busy_cycles), name="address")
            m.d.comb += address.eq(Mux(self.i.valid, 0, following))
            with m.If(address != plan.busy_cycles - 1):
                m.d.sync += following.eq(address + 1)
            memory = Memory(
                shape=unsigned(plan.word_bits),
                depth=len(words),
                init=words,
                attrs=plan.storage.attributes(plan.in_block_ram),
            )
            m.submodules.program = memory
            port = memory.read_port()
            m.d.comb += port.addr.eq(address)
            word = delay(m, port.data, plan.lead, "word")
        steps, offset = [], 0
        for lane in plan.lanes:
            middle = offset + plan.code.width
            end = middle + lane.select_bits
            begins = word[end] if len(lane.pieces) > 1 else Const(0, 1)
            steps.append(_Step(word[offset:middle], word[middle:end], begins))
            offset = end + (len(lane.pieces) > 1)
        return steps

    def _lane(
        self,
        m: Module,
        number: int,
        lane: Lane,
        step: _Step,
        vector: list[Value],
        begin: Value,
        prime: Value,
    ) -> Signal:
        """Return the accumulator."""
        plan, spec = self._plan, self._spec
        name, stages = f"lane{number}", plan.operand_stages
        operand = Signal(spec.input.shape, name=f"{name}_chosen")
        m.d.comb += operand.eq(multiplexed([vector[row] for row in lane.operands], step.select))
        stored = delay(m, step.weight, stages, f"{name}_stored")
        operand = delay(m, operand, stages, f"{name}_operand")
        result = plan.code.product(m, operand, stored, name)
        product = Signal(result.shape(), name=f"{name}_product")
        m.d.sync += product.eq(result)
        begins = delay(m, step.begins, stages, f"{name}_begins")
        initial = self._initial(m, lane, begins, begin, name)
        starts = prime | delay(m, begins, 1, f"{name}_starts")
        total = Signal(self._shape, name=f"{name}_sum")
        before = initial if plan.busy_cycles == 1 else Mux(starts, initial, total)
        m.d.sync += total.eq(before + (product << spec.shift))
        return total

    def _initial(self, m: Module, lane: Lane, begins: Value, begin: Value, name: str) -> Value:
        """Return what the piece that begins starts with: the bias, where the output begins."""
        bias = self._spec.aligned_bias.tolist()
        values = [bias[piece.output] if piece.is_head else 0 for piece in lane.pieces]
        if len(set(values)) == 1:
            return Const(values[0], self._shape)
        following = Signal(range(len(values)), name=f"{name}_following_piece")
        piece = Signal.like(following, name=f"{name}_piece")
        m.d.comb += piece.eq(Mux(begin, 0, following))
        with m.If(begins | begin):
            m.d.sync += following.eq(piece + 1)
        return constants(m, piece, values, self._shape, f"{name}_bias")

    def _position(self, m: Module, prime: Value) -> _Position:
        """Count the cycles whose sums are in the accumulators."""
        last = self._plan.busy_cycles - 1
        cycle = Signal(range(max(last + 1, 2)), name="sum_position")
        live = Signal(name="sum_live")
        with m.If(prime):
            m.d.sync += [cycle.eq(0), live.eq(1)]
        with m.Elif(cycle == last):
            m.d.sync += live.eq(0)
        with m.Else():
            m.d.sync += cycle.eq(cycle + 1)
        return _Position(live, cycle)

    def _joined(self, m: Module, output: int, sums: list[Signal], position: _Position) -> Value:
        """Add the pieces of an output when the last of them is there."""
        plan = self._plan
        addends = []
        for lane, piece in plan.pieces_of[output]:
            value = sums[lane]
            if piece.last < plan.busy_cycles - 1:
                value = Signal(self._shape, name=f"held{output}_{lane}")
                with m.If(position.at(piece.last)):
                    m.d.sync += value.eq(sums[lane])
            addends.append(value)
        name = f"output{output}"
        return adder_tree(m, addends, self._shape, plan.sum_stages, plan.most_pieces, name)
