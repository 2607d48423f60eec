"""What LSTMs share that compute what `hw.layer.recurrent.lstm.LSTM` does, in other hardware."""

from functools import cached_property

import numpy as np

from hw.function.pointwise import Pointwise
from hw.layer.recurrent.lstm import LSTM
from hw.layer.saturating import Quantized
from hw.number.fixed_point import FixedPoint
from hw.stream import Port


class RefoldedLSTM:
    """Formats, ports and golden model of an `LSTM`.

    The fields themselves stay with the layers, whose order of parameters is their own.
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
    return_sequences: bool

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
            multipliers=1,
            return_sequences=self.return_sequences,
        )

    @property
    def gate_cycles(self) -> int:
        """Cycles of the slower activation of a gate."""
        total = self.layer.sum
        return max(
            self.recurrent_activation.delay_cycles(total), self.activation.delay_cycles(total)
        )

    @property
    def quantized(self) -> tuple[Quantized, ...]:
        """Where a step brings values into narrower formats."""
        return self.layer.quantized

    @property
    def inputs(self) -> tuple[Port, ...]:
        return self.layer.inputs

    @property
    def outputs(self) -> tuple[Port, ...]:
        return self.layer.outputs

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, T, n_in)`` to hidden states, as `LSTM.reference` does."""
        return self.layer.reference(codes, trace=trace)
