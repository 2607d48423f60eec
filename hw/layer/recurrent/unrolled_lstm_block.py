"""`hw.layer.recurrent.unrolled_lstm.UnrolledLSTM` in hardware."""

from typing import TYPE_CHECKING

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data

from hw.function.pointwise import Pointwise
from hw.function.quantizer import Quantizer
from hw.layer.recurrent.recurrent_cell import padded
from hw.layer.saturating import SaturatingBlock
from hw.number.arithmetic import product_format
from hw.number.fixed_point import FixedPoint
from hw.number.resize import resize
from hw.pipeline import delay
from hw.product.adder_pipeline import AdderPipeline

if TYPE_CHECKING:
    from hw.layer.recurrent.unrolled_lstm import UnrolledLSTM

GATES = 4


class UnrolledLSTMBlock(SaturatingBlock):
    """`UnrolledLSTM` in hardware."""

    def __init__(self, spec: "UnrolledLSTM") -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec, layer = self._spec, self._spec.layer
        tag = Signal.like(self.i.payload.tag.as_value(), name="step_tag")
        held = Signal.like(self.i.payload.data.as_value(), name="held_input")
        with m.If(self.i.valid):
            m.d.sync += [
                tag.eq(self.i.payload.tag.as_value()),
                held.eq(self.i.payload.data.as_value()),
            ]
        x = data.View(self.i.payload.data.shape(), held)
        last = [Signal(layer.hidden.shape, name=f"h{unit}") for unit in range(layer.units)]
        h = [
            resize(m, value, layer.hidden, spec.state, f"h{unit}")
            for unit, value in enumerate(last)
        ]
        sums = self._sums(m, [*h, *x])
        carries: list[Signal] = []
        hiddens: list[Signal] = []
        for unit in range(layer.units):
            gates = [sums[gate * layer.units + unit] for gate in range(GATES)]
            hidden, carry = self._cell(m, gates, f"unit{unit}")
            hiddens.append(hidden)
            carries.append(carry)
            self._take_over(m, last[unit], hidden)
            m.d.sync += self.o.payload.data[unit].eq(hidden)
        done = delay(m, self.i.valid, spec.timing.interval_cycles, "leaves")
        self._finish(m, data.View(self.i.payload.tag.shape(), tag), done)
        of_gates = [
            list(sums)[gate * layer.units : (gate + 1) * layer.units] for gate in range(GATES)
        ]
        i, f, g, o = of_gates
        places = {
            "h": hiddens,
            "c": carries,
            "squashed": carries,
            "candidate": g,
            "gates": i + f + o,
        }
        for place, values in places.items():
            self.look(m, place, [(done, value) for value in values], done)
        return m

    def _sums(self, m: Module, vector: list[Value]) -> data.View:
        """Return the sums of all gates of h and x."""
        spec, layer = self._spec, self._spec.layer
        width = max(format.width + (not format.signed) for format in (spec.state, spec.input))
        adders = AdderPipeline(spec.staged, FixedPoint(width, width), layer.sum)
        m.submodules.adders = adders
        for place, value in enumerate(vector):
            m.d.comb += adders.vector[place].eq(value)
        return adders.sums

    def _cell(self, m: Module, sums: list[Value], name: str) -> tuple[Signal, Signal]:
        """Return h and c of a unit, exact; h is combinational."""
        spec, layer = self._spec, self._spec.layer
        gate_cycles, carry_cycles, squash_cycles = spec.cell_cycles
        i, f, g, o = (
            _activation(
                m,
                spec.activation if gate == 2 else spec.recurrent_activation,
                total,
                layer.sum,
                gate_cycles,
                f"{name}_gate{gate}",
            )
            for gate, total in enumerate(sums)
        )
        carry = Signal(layer.carry.shape, name=f"{name}_carry")
        kept = Signal(spec.state.shape, name=f"{name}_c")
        old = product_format(layer.gate, spec.state)
        new = product_format(layer.gate, layer.candidate)
        domain = m.d.sync if carry_cycles else m.d.comb
        domain += carry.eq(
            (f * kept << (layer.carry.fraction - old.fraction))
            + (i * g << (layer.carry.fraction - new.fraction))
        )
        self._take_over(m, kept, resize(m, carry, layer.carry, spec.state, f"{name}_carry_state"))
        squashed = _activation(
            m, spec.activation, carry, layer.carry, squash_cycles, f"{name}_squash"
        )
        hidden = Signal(layer.hidden.shape, name=f"{name}_hidden")
        m.d.comb += hidden.eq(o * squashed)
        return hidden, carry

    def _take_over(self, m: Module, register: Signal, state: Value) -> None:
        """Let a step begin with the state of the one before, or with zero."""
        with m.If(self.i.valid):
            m.d.sync += register.eq(Mux(self.i.payload.tag.first, 0, state))

    def _finish(self, m: Module, tag: data.View, done: Value) -> None:
        spec, leaves = self._spec, done
        m.d.sync += self.o.payload.tag.eq(tag)
        if not spec.return_sequences:
            leaves &= tag.last
            m.d.sync += self.o.payload.tag.first.eq(1)
        m.d.sync += self.o.valid.eq(leaves)


def _activation(
    m: Module, function: Pointwise, value: Value, source: FixedPoint, cycles: int, name: str
) -> Value:
    """Return the function of a value, without a register where it may take no cycles."""
    if cycles == 0 and isinstance(function, Quantizer):
        return function.combinational(m, value, source, name)
    return padded(m, function, value, source, cycles, name)
