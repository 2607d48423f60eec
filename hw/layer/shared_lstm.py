"""An LSTM on one small engine: `hw.layer.lstm.LSTM` in the fewest LUTs and multipliers.

``Strategy='Shared'``: all products of a step, those of the cell too, run on the same multipliers,
one after the other in the order of a program (`hw.layer.shared_lstm_plan`) that lies in the weight
memory. States lie in a memory as well, not in registers. A step takes a few cycles a unit more
than with a pool of as many multipliers beside those of the cell.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hw.errors import ChronogateError
from hw.function.pointwise import Pointwise
from hw.layer.lstm import LSTM
from hw.layer.shared_lstm_block import SharedLSTMBlock
from hw.layer.shared_lstm_plan import SharedLSTMPlan
from hw.layer.shared_lstm_states import operand_cycles
from hw.number.fixed_point import FixedPoint
from hw.stream import Block, Port
from hw.timing import BlockTiming

LEAST_MULTIPLIERS = 3


@dataclass(frozen=True, eq=False)
class SharedLSTM:
    """A long short-term memory layer on one small engine.

    Parameters
    ----------
    kernel, recurrent_kernel, bias, input, kernel_format, recurrent_format, bias_format, state, \
activation, recurrent_activation, steps, return_sequences
        As in `hw.layer.lstm.LSTM`.
    multipliers
        All that there are: at least three. Those beyond one for each input and unit stay unused.

    Raises
    ------
    ChronogateError
        When there are too few multipliers, or a sum would exceed 63 bits.
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
    multipliers: int
    return_sequences: bool = False

    def __post_init__(self) -> None:
        if self.multipliers < LEAST_MULTIPLIERS:
            raise ChronogateError(
                f"a shared LSTM of {self.multipliers} multipliers is not possible: use "
                f"{LEAST_MULTIPLIERS} or more, which a step of the cell needs at once"
            )

    @classmethod
    def of(cls, layer: LSTM, multipliers: int) -> "SharedLSTM":
        """Return `layer` on one engine; its own folding does not matter."""
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
            multipliers,
            layer.return_sequences,
        )

    @cached_property
    def layer(self) -> LSTM:
        """The same layer in its usual folding: its formats and its arithmetic are ours."""
        return LSTM(
            self.kernel,
            self.recurrent_kernel,
            self.bias,
            self.input,
            self.kernel_format,
            self.recurrent_format,
            self.bias_format,
            self.state,
            self.activation,
            self.recurrent_activation,
            self.steps,
            multipliers=self.multipliers,
            return_sequences=self.return_sequences,
        )

    @cached_property
    def plan(self) -> SharedLSTMPlan:
        """When everything runs."""
        layer = self.layer
        n_in = self.kernel.shape[0]
        used = max(min(self.multipliers, n_in + layer.units), LEAST_MULTIPLIERS)
        gate_cycles = max(
            self.recurrent_activation.delay_cycles(layer.sum),
            self.activation.delay_cycles(layer.sum),
        )
        return SharedLSTMPlan(
            layer.units,
            n_in,
            used,
            gate_cycles,
            self.activation.delay_cycles(layer.carry),
            operand_cycles(layer.units, -(-(layer.units + n_in) // used), used, self.state),
        )

    @property
    def inputs(self) -> tuple[Port, ...]:
        return self.layer.inputs

    @property
    def outputs(self) -> tuple[Port, ...]:
        return self.layer.outputs

    @property
    def timing(self) -> BlockTiming:
        return BlockTiming(
            latency_cycles=self.plan.latency_cycles,
            interval_cycles=self.plan.interval_cycles,
            multipliers=self.plan.multipliers,
            products=self.kernel.size + self.recurrent_kernel.size + 3 * self.layer.units,
        )

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, T, n_in)`` to hidden states, as `LSTM.reference` does."""
        return self.layer.reference(codes, trace=trace)

    def build(self) -> Block:
        return SharedLSTMBlock(self)
