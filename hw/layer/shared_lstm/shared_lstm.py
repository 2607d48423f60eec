"""An LSTM on one small engine: `hw.layer.recurrent.lstm.LSTM` in the fewest LUTs and multipliers.

``Strategy='Shared'``: all products of a step, those of the cell too, run on the same multipliers,
one after the other in the order of a program (`hw.layer.shared_lstm.plan`) that lies in the weight
memory. States lie in a memory as well, not in registers. A step takes a few cycles a unit more
than with a pool of as many multipliers beside those of the cell.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hw.errors import ChronogateError
from hw.function.pointwise import Pointwise
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.refolded_lstm import RefoldedLSTM
from hw.layer.shared_lstm.block import SharedLSTMBlock
from hw.layer.shared_lstm.plan import SharedLSTMPlan
from hw.layer.shared_lstm.states import operand_cycles
from hw.number.fixed_point import FixedPoint
from hw.stream import Block
from hw.timing import BlockTiming

LEAST_MULTIPLIERS = 3


@dataclass(frozen=True, eq=False)
class SharedLSTM(RefoldedLSTM):
    """A long short-term memory layer on one small engine.

    Parameters
    ----------
    kernel, recurrent_kernel, bias, input, kernel_format, recurrent_format, bias_format, state, \
activation, recurrent_activation, steps, return_sequences
        As in `hw.layer.recurrent.lstm.LSTM`.
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
    def plan(self) -> SharedLSTMPlan:
        """When everything runs."""
        layer = self.layer
        n_in = self.kernel.shape[0]
        used = max(min(self.multipliers, n_in + layer.units), LEAST_MULTIPLIERS)
        return SharedLSTMPlan(
            layer.units,
            n_in,
            used,
            self.gate_cycles,
            self.activation.delay_cycles(layer.carry),
            operand_cycles(layer.units, -(-(layer.units + n_in) // used), used, self.state),
        )

    @property
    def timing(self) -> BlockTiming:
        return BlockTiming(
            latency_cycles=self.plan.latency_cycles,
            interval_cycles=self.plan.interval_cycles,
            multipliers=self.plan.multipliers,
            products=self.kernel.size + self.recurrent_kernel.size + 3 * self.layer.units,
        )

    def build(self) -> Block:
        return SharedLSTMBlock(self)
