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

from hw.errors import ChronogateError
from hw.function.pointwise import Pointwise
from hw.function.quantizer import Quantizer
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.refolded_lstm import RefoldedLSTM
from hw.layer.recurrent.unrolled_lstm_block import UnrolledLSTMBlock
from hw.number.fixed_point import FixedPoint
from hw.product.adder_graph import AdderGraph
from hw.product.register_placement import StagedGraph
from hw.product.solver import EXTRA_DEPTH, solve_mixed
from hw.stream import Block
from hw.timing import BlockTiming

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
