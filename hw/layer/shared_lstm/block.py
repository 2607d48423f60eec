"""The hardware of `hw.layer.shared_lstm.shared_lstm.SharedLSTM`.

The vector (h, x) is dealt to the multipliers in words: place ``word * multipliers + lane``. In a
cell's slot the first three multipliers do ``f * c``, ``i * g`` and ``o * tanh(c)`` instead.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from amaranth.hdl import Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data

from hw.layer.recurrent.recurrent_cell import hold, padded
from hw.layer.saturating import SaturatingBlock
from hw.layer.shared_lstm.plan import GATES, START_CYCLES
from hw.layer.shared_lstm.program import ProgramReader
from hw.layer.shared_lstm.states import SharedStates
from hw.number.arithmetic import product_format
from hw.number.fixed_point import FixedPoint
from hw.number.resize import resize
from hw.pipeline import delay

if TYPE_CHECKING:
    from hw.layer.shared_lstm.shared_lstm import SharedLSTM

FORGOTTEN, LEARNED, OPENED = range(3)
"""Lanes of the cell's products: f * c, i * g, o * tanh(c)."""
INPUT, FORGET, CANDIDATE, OUTPUT = range(GATES)


class SharedLSTMBlock(SaturatingBlock):
    """`SharedLSTM` in hardware."""

    def __init__(self, spec: "SharedLSTM") -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec
        layer, self._plan = spec.layer, spec.plan
        self._layer = layer
        # Products of h and of x on the grid of the sums: the finer one stays where it is.
        of_h = layer.sum.fraction - spec.state.fraction - spec.recurrent_format.fraction
        of_x = layer.sum.fraction - spec.input.fraction - spec.kernel_format.fraction
        self._common = min(of_h, of_x)
        self._h_shift, self._x_shift = of_h - self._common, of_x - self._common

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec, layer, plan = self._spec, self._layer, self._plan
        program = ProgramReader(m, spec, self.i.valid)
        start = delay(m, self.i.valid, START_CYCLES - 1, "start")
        tag = self._tag(m, start)
        states = SharedStates(m, layer.units, plan.words, plan.multipliers, spec.state, start)
        vector = self._vector(m, states, program, tag.first)
        weights = [program.weight(lane) for lane in range(plan.multipliers)]
        lefts = [Signal(self._left_shape(lane), name=f"left{lane}") for lane in range(len(weights))]
        rights = [
            Signal(self._right_shape(lane), name=f"right{lane}") for lane in range(len(weights))
        ]
        products: list[Signal] = []
        for lane, (left, right) in enumerate(zip(lefts, rights, strict=True)):
            product = Signal(signed(len(left) + len(right)), name=f"product{lane}")
            m.d.sync += product.eq(left * right)
            products.append(product)
        total = self._sum(m, products, program)
        i, f, g, o = self._gates(m, total, program)
        carry = self._carry(m, products, program)
        squashed = layer.activation.hardware(m, carry, layer.carry, "squash")
        of_cell = {FORGOTTEN: (vector[FORGOTTEN], f), LEARNED: (g, i), OPENED: (squashed, o)}
        now = plan.operand_cycles - 1
        cell = program.flag("carry", now) | program.flag("hidden", now)
        for lane, factors in enumerate(zip(vector, weights, strict=True)):
            own = of_cell.get(lane, factors)
            for register, usual, other in zip(
                (lefts[lane], rights[lane]), factors, own, strict=True
            ):
                m.d.sync += register.eq(usual if other is usual else Mux(cell, other, usual))
        hidden = Signal(layer.hidden.shape, name="hidden")
        m.d.comb += hidden.eq(products[OPENED])
        states.write(
            program.flag("carry", plan.operand_cycles + 2),
            resize(m, carry, layer.carry, spec.state, "carry_state"),
            program.flag("hidden", plan.operand_cycles + 1),
            resize(m, hidden, layer.hidden, spec.state, "hidden_state"),
        )
        self._finish(m, hidden, tag, program)
        self._look(m, total, carry, hidden, program)
        return m

    def _look(
        self, m: Module, total: Signal, carry: Signal, hidden: Signal, program: ProgramReader
    ) -> None:
        """Let sums and states be watched; the last h of a step comes behind all of its others."""
        after = self._plan.operand_cycles + 1
        final = program.flag("final", after)
        self.look(m, "h", [(program.flag("hidden", after), hidden)], final)
        for place in ("c", "squashed"):
            self.look(m, place, [(program.flag("carry", after + 1), carry)], final)
        if not any(self.is_watched(place) for place in ("gates", "candidate")):
            return
        there = program.flag("last", self._plan.sum_cycles)
        turn = Signal(GATES, init=1, name="sum_turn")
        with m.If(there):
            m.d.sync += turn.eq(turn.rotate_left(1))
        self.look(m, "gates", [(there & ~turn[CANDIDATE], total)], final)
        self.look(m, "candidate", [(there & turn[CANDIDATE], total)], final)

    def _tag(self, m: Module, start: Value) -> data.View:
        """Return the tag of the step, from its first slot on."""
        arrived = Signal.like(self.i.payload.tag.as_value(), name="arrived_tag")
        tag = Signal.like(arrived, name="tag")
        with m.If(self.i.valid):
            m.d.sync += arrived.eq(self.i.payload.tag.as_value())
        with m.If(start):
            m.d.sync += tag.eq(arrived)
        return data.View(self.i.payload.tag.shape(), tag)

    def _left_shape(self, lane: int) -> Shape:
        """Return the shape that holds h, x where the lane has one, and what the cell brings."""
        spec, layer = self._spec, self._layer
        widths = [_signed_width(spec.state) + self._h_shift]
        if self._inputs_of(lane):
            widths.append(_signed_width(spec.input) + self._x_shift)
        if lane == LEARNED:
            widths.append(_signed_width(layer.candidate))
        if lane == OPENED:
            widths.append(_signed_width(layer.squashed))
        return signed(max(widths))

    def _right_shape(self, lane: int) -> Shape:
        """Return the shape that holds weights and, in the cell's lanes, gates."""
        formats = [self._spec.kernel_format, self._spec.recurrent_format]
        if lane <= OPENED:
            formats.append(self._layer.gate)
        return signed(max(_signed_width(format) for format in formats))

    def _inputs_of(self, lane: int) -> dict[int, int]:
        """Return which inputs a lane takes: by word."""
        plan = self._plan
        places = {divmod(plan.units + k, plan.multipliers): k for k in range(plan.n_in)}
        return {word: k for (word, place), k in places.items() if place == lane}

    def _vector(
        self, m: Module, states: SharedStates, program: ProgramReader, first: Value
    ) -> list[Value]:
        """Return a word of the vector in the cycle before it is multiplied."""
        plan = self._plan
        beat = Signal.like(self.i.payload.data.as_value(), name="held_input")
        with m.If(self.i.valid):
            m.d.sync += beat.eq(self.i.payload.data.as_value())
        held = data.View(self.i.payload.data.shape(), beat)
        word = program.word(plan.operand_cycles - 2)
        stored = states.read(program.word(0), program.flag("carry", 0))
        vector: list[Value] = []
        for lane in range(plan.multipliers):
            value = Signal(self._left_shape(lane), name=f"vector{lane}")
            # States of a series begin at zero.
            with m.If(first):
                m.d.sync += value.eq(0)
            with m.Else():
                m.d.sync += value.eq(stored[lane] << self._h_shift)
            for place, k in self._inputs_of(lane).items():
                with m.If(word == place):
                    m.d.sync += value.eq(held[k] << self._x_shift)
            vector.append(value)
        return vector

    def _sum(self, m: Module, products: Sequence[Signal], program: ProgramReader) -> Signal:
        """Add products and bias two by two, and the words of a gate; `sum` holds its result."""
        spec, plan, total = self._spec, self._plan, self._layer.sum
        level: list[Value] = [product << self._common for product in products]
        level.append(program.bias << (total.fraction - spec.bias_format.fraction))
        for stage in range(plan.tree_stages):
            following: list[Value] = []
            for index in range(0, len(level), 2):
                pair = level[index : index + 2]
                width = min(max(len(value) for value in pair) + len(pair) - 1, total.width)
                added = Signal(signed(width), name=f"tree{stage}_{index}")
                m.d.sync += added.eq(sum(pair[1:], start=pair[0]))
                following.append(added)
            level = following
        here = plan.operand_cycles + 1 + plan.tree_stages
        partial = Signal(signed(total.width), name="partial")
        added = Signal(signed(total.width), name="partial_added")
        result = Signal(total.shape, name="gate_sum")
        m.d.comb += added.eq(partial + level[0])
        last = program.flag("last", here)
        with m.If(program.flag("gate", here)):
            m.d.sync += partial.eq(added)
        with m.If(last):
            m.d.sync += [partial.eq(0), result.eq(added)]
        return result

    def _gates(self, m: Module, total: Signal, program: ProgramReader) -> list[Value]:
        """Return i, f, g and o; all but g are held, for that comes when it is wanted."""
        layer, plan = self._layer, self._plan
        sigma, tanh = layer.recurrent_activation, layer.activation
        opened = padded(m, sigma, total, layer.sum, plan.gate_cycles, "gate")
        learned = padded(m, tanh, total, layer.sum, plan.gate_cycles, "candidate")
        arrived = program.flag("last", plan.sum_cycles + plan.gate_cycles)
        turn = Signal(GATES, init=1, name="gate_turn")
        with m.If(arrived):
            m.d.sync += turn.eq(turn.rotate_left(1))
        return [
            learned if gate == CANDIDATE else hold(m, opened, arrived & turn[gate], f"gate{gate}")
            for gate in range(GATES)
        ]

    def _carry(self, m: Module, products: Sequence[Signal], program: ProgramReader) -> Signal:
        spec, layer = self._spec, self._layer
        formats = (
            product_format(layer.gate, spec.state),
            product_format(layer.gate, layer.candidate),
        )
        # c comes shifted as h does.
        old, new = products[FORGOTTEN] >> self._h_shift, products[LEARNED]
        carry = Signal(layer.carry.shape, name="carry")
        with m.If(program.flag("carry", self._plan.operand_cycles + 1)):
            m.d.sync += carry.eq(
                (old << (layer.carry.fraction - formats[0].fraction))
                + (new << (layer.carry.fraction - formats[1].fraction))
            )
        return carry

    def _finish(self, m: Module, hidden: Signal, tag: data.View, program: ProgramReader) -> None:
        """Shift the units' h into the output, exact."""
        here = self._plan.operand_cycles + 1
        outputs = self.o.payload.data
        units = self._plan.units
        with m.If(program.flag("hidden", here)):
            for unit in range(units - 1):
                m.d.sync += outputs[unit].eq(outputs[unit + 1])
            m.d.sync += outputs[units - 1].eq(hidden)
        leaves = program.flag("final", here)
        m.d.sync += self.o.payload.tag.eq(tag)
        if not self._spec.return_sequences:
            leaves &= tag.last
            m.d.sync += self.o.payload.tag.first.eq(1)
        m.d.sync += self.o.valid.eq(leaves)


def _signed_width(format: FixedPoint) -> int:
    return format.width + (not format.signed)
