"""GRU as QKeras computes it (``qkeras/qrecurrent.py``, ``QGRUCell.call``).

With the state quantizer q applied on entry to every step, gates in Keras's order z r h, and
``s = q(h)``::

    z = sigma(x . K_z + b_z + s . R_z + d_z)
    r = sigma(x . K_r + b_r + s . R_r + d_r)
    reset after:   g = tanh(x . K_h + b_h + r * (s . R_h + d_h))
    reset before:  g = tanh(x . K_h + b_h + (r * s) . R_h)
    h = z * s + (1 - z) * g

where d is the recurrent bias (reset-after only), sigma is `recurrent_activation` and tanh is
`activation`; everything in between keeps every bit. The hardware is in `hw.layer.gru_cell`.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hw.function.pointwise import Pointwise
from hw.layer.dense import Dense
from hw.layer.gru_cell import AFTER_STAGES, BEFORE_STAGES, RESET_STAGES, GRUBlock
from hw.number.arithmetic import add, complement_format, product_format, sum_format
from hw.number.fixed_point import FixedPoint
from hw.product.folded import FoldedProduct
from hw.stream import Block, Port
from hw.timing import BlockTiming


@dataclass(frozen=True, eq=False)
class GRU:
    """A gated recurrent unit layer that gives the last step's hidden state.

    Parameters
    ----------
    kernel, recurrent_kernel, bias, recurrent_bias
        int64 codes ``(n_in, 3 * units)``, ``(units, 3 * units)``, ``(3 * units,)``,
        ``(3 * units,)``; the last all zero where the layer has none.
    input, kernel_format, recurrent_format, bias_format
        Their number formats; both biases share one.
    state
        Format into which h is brought on entry to a step.
    activation, recurrent_activation
        Applied to the candidate, and to the two gates.
    reset_after
        Whether the reset gate is applied after the recurrent product (``reset_after=True``).
    steps
        Time steps in a window.
    input_reuse, recurrent_reuse
        Reuse factors of the input product and of each recurrent product; reset-before has two
        that depend on each other.
    """

    kernel: np.ndarray
    recurrent_kernel: np.ndarray
    bias: np.ndarray
    recurrent_bias: np.ndarray
    input: FixedPoint
    kernel_format: FixedPoint
    recurrent_format: FixedPoint
    bias_format: FixedPoint
    state: FixedPoint
    activation: Pointwise
    recurrent_activation: Pointwise
    reset_after: bool
    steps: int
    input_reuse: int
    recurrent_reuse: int

    @property
    def units(self) -> int:
        return self.recurrent_kernel.shape[0]

    @cached_property
    def input_product(self) -> Dense:
        """``x . kernel + bias`` for all gates, with d_z and d_r, which only add to b_z and b_r."""
        early = np.where(np.arange(3 * self.units) < 2 * self.units, self.recurrent_bias, 0)
        bias = self.bias + early
        grid = FixedPoint.covering(int(bias.min()), int(bias.max()), self.bias_format.fraction)
        return Dense(
            self.kernel, bias, self.input, self.kernel_format, grid, self.input_reuse, self.steps
        )

    @cached_property
    def gate_product(self) -> FoldedProduct:
        """The product of s: gates z and r, and h as well where the reset comes after."""
        gates = 3 if self.reset_after else 2
        kernel = self.recurrent_kernel.reshape(self.units, 3, self.units)[:, :gates]
        return FoldedProduct(kernel, self.state, self.recurrent_format, self.recurrent_reuse)

    @cached_property
    def candidate_product(self) -> FoldedProduct:
        """The product of ``r * s``, where the reset comes before."""
        kernel = self.recurrent_kernel[:, np.newaxis, 2 * self.units :]
        return FoldedProduct(kernel, self.reset_state, self.recurrent_format, self.recurrent_reuse)

    @cached_property
    def sum(self) -> FixedPoint:
        """Format of the two gates' sums."""
        return sum_format(self.input_product.output, self.gate_product.sum_format)

    @cached_property
    def gate(self) -> FixedPoint:
        return self.recurrent_activation.result_format(self.sum)

    @cached_property
    def reset_state(self) -> FixedPoint:
        """Format of ``r * s``."""
        return product_format(self.gate, self.state)

    @cached_property
    def biased(self) -> FixedPoint:
        """Format of ``s . R_h + d_h``."""
        return sum_format(self.gate_product.sum_format, self.bias_format)

    @cached_property
    def reset_sum(self) -> FixedPoint:
        """Format of what is added to ``x . K_h + b_h``."""
        if self.reset_after:
            return product_format(self.gate, self.biased)
        return self.candidate_product.sum_format

    @cached_property
    def candidate_sum(self) -> FixedPoint:
        return sum_format(self.input_product.output, self.reset_sum)

    @cached_property
    def candidate(self) -> FixedPoint:
        return self.activation.result_format(self.candidate_sum)

    @cached_property
    def kept(self) -> FixedPoint:
        """Format of ``z * s``."""
        return product_format(self.gate, self.state)

    @cached_property
    def learned(self) -> FixedPoint:
        """Format of ``(1 - z) * g``."""
        return product_format(complement_format(self.gate), self.candidate)

    @cached_property
    def hidden(self) -> FixedPoint:
        """Format of h before the state quantizer: the output's."""
        return sum_format(self.kept, self.learned)

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("i", self.kernel.shape[0], self.input, self.steps),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("o", self.units, self.hidden),)

    @property
    def recurrent_cycles(self) -> int:
        """From the start of a step until the next step may begin."""
        if self.reset_after:
            return self.gate_product.sum_latency + AFTER_STAGES
        return (
            self.gate_product.sum_latency
            + RESET_STAGES
            + self.candidate_product.sum_latency
            + BEFORE_STAGES
        )

    @property
    def timing(self) -> BlockTiming:
        recurrent = [self.gate_product]
        if not self.reset_after:
            recurrent.append(self.candidate_product)
        return BlockTiming(
            latency_cycles=self.input_product.timing.latency_cycles + self.recurrent_cycles + 1,
            interval_cycles=max(self.input_reuse, self.recurrent_cycles),
            multipliers=self.input_product.product.multipliers
            + sum(product.multipliers for product in recurrent)
            + 3 * len(self.gate_product.columns),
            products=self.kernel.size + self.recurrent_kernel.size + 3 * self.units,
        )

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, T, n_in)`` to the last hidden state's codes ``(N, units)``.

        `trace`, if given, receives ``h``, ``(N, T, units)``, before the state quantizer.
        """
        projected = self.input_product.reference(codes)
        hidden = np.zeros((len(codes), self.units), dtype=np.int64)
        history: list[np.ndarray] = []
        for step in range(self.steps):
            hidden = self._step(projected[:, step], self.state.resize(hidden, self.hidden))
            history.append(hidden)
        if trace is not None:
            trace["h"] = np.stack(history, axis=1)
        return hidden

    def _step(self, projected: np.ndarray, state: np.ndarray) -> np.ndarray:
        x_z, x_r, x_h = np.split(projected, 3, axis=1)
        sums = self.gate_product.reference(state)
        z, r = (
            self.recurrent_activation.apply(
                add(
                    self.sum,
                    (x, self.input_product.output),
                    (sums[:, gate], self.gate_product.sum_format),
                ),
                self.sum,
            )
            for gate, x in enumerate((x_z, x_r))
        )
        if self.reset_after:
            late = self.recurrent_bias[2 * self.units :]
            reset = r * add(
                self.biased, (sums[:, 2], self.gate_product.sum_format), (late, self.bias_format)
            )
        else:
            reset = self.candidate_product.reference(r * state)[:, 0]
        g = self.activation.apply(
            add(self.candidate_sum, (x_h, self.input_product.output), (reset, self.reset_sum)),
            self.candidate_sum,
        )
        rest = complement_format(self.gate)
        one = (1 << rest.fraction) - (z << (rest.fraction - self.gate.fraction))
        return add(self.hidden, (z * state, self.kept), (one * g, self.learned))

    def build(self) -> Block:
        return GRUBlock(self)
