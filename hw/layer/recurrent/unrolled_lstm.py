"""An LSTM whose whole step is unrolled: `hw.layer.recurrent.lstm.LSTM` at the lowest latency.

``Strategy='Latency'``: input product and recurrent product become one graph of shared adders
(`hw.product.solver`), all units have a cell of their own with three multipliers, and a step takes a
few cycles, most of them registers of that graph. What a step begins with stays until the next one
begins, so everything behind it settles, and nothing has to know when it is right::

    0                  a beat; h and c of the step before are taken over with it
    1                  h and x in registers
    + registers        sums
    + activation       i, f, g, o
    + 1                c
    + activation       tanh(c)
    + 0                h, exact; taken over with the next beat, and given away

The registers of the cell (the last three before h) can be left out, all of them for the lowest
latency in ns: a step is then one long path without the time that registers take and that unequal
stages lose, at a low clock.
"""

from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data

from hw.errors import ChronogateError
from hw.function.pointwise import Pointwise
from hw.function.quantizer import Quantizer
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.recurrent_cell import padded
from hw.layer.recurrent.refolded_lstm import RefoldedLSTM
from hw.layer.saturating import SaturatingBlock
from hw.number.arithmetic import product_format
from hw.number.fixed_point import FixedPoint
from hw.number.resize import resize
from hw.pipeline import delay
from hw.product.adder_graph import AdderGraph
from hw.product.adder_pipeline import AdderPipeline
from hw.product.register_placement import StagedGraph
from hw.product.solver import EXTRA_DEPTH, solve_mixed
from hw.stream import Block
from hw.timing import BlockTiming

GATES = 4
CELL_REGISTERS = 3
INPUT_LEVELS, OUTPUT_LEVELS = 2, 2
"""What the state quantizer and the activations take on an ECP5, in adders of the graph."""

CELL_LEVELS = 12
"""The same for two products, the sum of c, and tanh(c)."""


@dataclass(frozen=True, eq=False)
class UnrolledLSTM(RefoldedLSTM):
    """A long short-term memory layer with a graph of adders for its products.

    Parameters
    ----------
    kernel, recurrent_kernel, bias, input, kernel_format, recurrent_format, bias_format, state, \
activation, recurrent_activation, steps, return_sequences
        As in `hw.layer.recurrent.lstm.LSTM`.
    registers
        Registers on every path through the adders; more of them are a higher clock, and a cycle a
        step each. `with_levels` chooses them from a target of logic depth.
    extra_depth
        See `hw.layer.dense.unrolled_dense.UnrolledDense`; 0 is for the lowest latency.
    cell_registers
        3 for registers behind the gates, c and tanh(c), 1 for c only, 0 for none. With fewer than 3
        both activations are hard ones: a `Quantizer` each.

    Raises
    ------
    ChronogateError
        When a number of registers is not possible, a weight too wide or a sum could exceed 63 bits.
    """

    kernel: np.ndarray
    recurrent_kernel: np.ndarray
    bias: np.ndarray
    input: FixedPoint
    kernel_format: FixedPoint
    recurrent_format: FixedPoint
    bias_format: FixedPoint
    state: FixedPoint
    activation: Pointwise
    recurrent_activation: Pointwise
    steps: int
    registers: int
    extra_depth: int | None = EXTRA_DEPTH
    return_sequences: bool = False
    cell_registers: int = CELL_REGISTERS

    def __post_init__(self) -> None:
        if self.registers < 0:
            raise ChronogateError(
                f"an unrolled LSTM cannot have {self.registers} registers: use 0 or more"
            )
        if self.cell_registers not in (0, 1, CELL_REGISTERS):
            raise ChronogateError(
                f"the cell of an unrolled LSTM cannot have {self.cell_registers} registers: "
                "use 0, 1 or 3"
            )
        functions = self.activation, self.recurrent_activation
        if self.cell_registers < CELL_REGISTERS and not all(
            isinstance(function, Quantizer) for function in functions
        ):
            raise ChronogateError(
                "only hard activations work without registers: "
                "give an unrolled LSTM with others cell_registers = 3"
            )

    @classmethod
    def of(
        cls, layer: LSTM, registers: int, extra_depth: int | None = EXTRA_DEPTH
    ) -> "UnrolledLSTM":
        """Return `layer` unrolled; its own folding does not matter."""
        return cls(
            layer.kernel,
            layer.recurrent_kernel,
            layer.bias,
            layer.input,
            layer.kernel_format,
            layer.recurrent_format,
            layer.bias_format,
            layer.state,
            layer.activation,
            layer.recurrent_activation,
            layer.steps,
            registers,
            extra_depth,
            layer.return_sequences,
        )

    def with_levels(self, levels: int) -> "UnrolledLSTM":
        """Return the layer with the fewest registers that leave at most so many adders between two.

        The state quantizer in front of the sums and the activations behind them count as two each,
        the rest of a cell as `CELL_LEVELS`. Where a whole step has no more and its activations are
        hard ones, the cell has no registers either.
        """
        if levels < 1:
            raise ChronogateError(
                f"{levels} levels of adders between registers is not possible: use 1 or more"
            )
        depth = INPUT_LEVELS + self.graph.depth + OUTPUT_LEVELS
        functions = self.activation, self.recurrent_activation
        if levels >= depth + CELL_LEVELS and all(isinstance(f, Quantizer) for f in functions):
            return replace(self, registers=0, cell_registers=0)
        return replace(self, registers=max(ceil(depth / levels) - 1, 0))

    @property
    def graph(self) -> AdderGraph:
        """The adders: sums of all gates from h and x, on the grid of the sums."""
        grid = self.layer.sum.fraction
        of_h = self.recurrent_kernel << (
            grid - self.state.fraction - self.recurrent_format.fraction
        )
        of_x = self.kernel << (grid - self.input.fraction - self.kernel_format.fraction)
        bias = self.bias << (grid - self.bias_format.fraction)
        inputs = [(self.state.minimum, self.state.maximum)] * len(of_h)
        inputs += [(self.input.minimum, self.input.maximum)] * len(of_x)
        return solve_mixed(np.concatenate([of_h, of_x]), bias, inputs, self.extra_depth)

    @property
    def staged(self) -> StagedGraph:
        """The adders and their registers."""
        return StagedGraph(
            self.graph,
            self.registers,
            registered_output=False,
            input_levels=INPUT_LEVELS,
            output_levels=OUTPUT_LEVELS,
        )

    @property
    def cell_cycles(self) -> tuple[int, int, int]:
        """Registers behind the gates, c and tanh(c)."""
        if self.cell_registers < CELL_REGISTERS:
            return 0, self.cell_registers, 0
        return self.gate_cycles, 1, self.activation.delay_cycles(self.layer.carry)

    @property
    def timing(self) -> BlockTiming:
        interval = 1 + self.registers + sum(self.cell_cycles)
        cell = 3 * self.layer.units
        return BlockTiming(
            latency_cycles=interval + 1,
            interval_cycles=interval,
            multipliers=cell,
            products=cell,
        )

    def build(self) -> Block:
        return UnrolledLSTMBlock(self)


class UnrolledLSTMBlock(SaturatingBlock):
    """`UnrolledLSTM` in hardware."""

    def __init__(self, spec: UnrolledLSTM) -> None:
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
