"""GRU as QKeras computes it (``qkeras/qrecurrent.py``, ``QGRUCell.call``).

With the state quantizer q applied on entry to every step, gates in Keras's order z r h, and
``s = q(h)``::

    z = sigma(x . K_z + b_z + s . R_z + d_z)
    r = sigma(x . K_r + b_r + s . R_r + d_r)
    reset after:   g = tanh(x . K_h + b_h + r * (s . R_h + d_h))
    reset before:  g = tanh(x . K_h + b_h + (r * s) . R_h)
    h = z * s + (1 - z) * g

where d is the recurrent bias (reset-after only), sigma is `recurrent_activation` and tanh is
`activation`; everything in between keeps every bit. The hardware is in
`hw.layer.recurrent.gru_cell`.
"""

from dataclasses import KW_ONLY, dataclass
from functools import cached_property

import numpy as np

from hw.function.pointwise import Pointwise
from hw.layer.dense.dense import Dense
from hw.layer.recurrent.folded_recurrence import FoldedRecurrence
from hw.layer.recurrent.gru_after_cell import GRUAfterBlock
from hw.layer.recurrent.gru_before_cell import GRUBeforeBlock
from hw.layer.recurrent.gru_cell import CANDIDATE, RESET, UPDATE
from hw.layer.recurrent.gru_plan import input_order, step_plan
from hw.layer.recurrent.history import History
from hw.layer.recurrent.step import StepPlan
from hw.layer.saturating import Quantized, places, quantized_by
from hw.number.arithmetic import (
    add,
    complement_format,
    product_format,
    sum_format,
)
from hw.number.fixed_point import FixedPoint
from hw.product.columns import Group
from hw.product.folded import exact_matmul
from hw.product.model_store import ModelTable, check_codes
from hw.stream import Block
from hw.timing import BlockTiming


@dataclass(frozen=True, eq=False)
class GRU(FoldedRecurrence):
    """A gated recurrent unit layer.

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
    gate_reuse
        Reuse factor of the input product of each gate, in Keras's order, each with multipliers of
        its own; then `input_reuse` is ``None``. What is wanted late (o, z) may take longer.

    The others are those of `RecurrentOptions`.

    Raises
    ------
    ChronogateError
        When neither or both foldings are given, a sum would exceed 63 bits, a code of a
        reloadable layer lies outside its format, or a step does not fit into `period`.
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
    _: KW_ONLY
    gate_reuse: tuple[int, ...] = ()

    @cached_property
    def input_product(self) -> Dense:
        """``x . kernel + bias`` for all gates, with d_z and d_r, which only add to b_z and b_r."""
        early = np.where(np.arange(3 * self.units) < 2 * self.units, self.recurrent_bias, 0)
        bias = self.bias + early
        grid = FixedPoint.covering(int(bias.min()), int(bias.max()), self.bias_format.fraction)
        if self.reloadable:
            grid = sum_format(self.bias_format, self.bias_format)
        return Dense(
            self.kernel,
            bias,
            self.input,
            self.kernel_format,
            grid,
            1,
            self.steps,
            reloadable=self.reloadable,
        )

    @cached_property
    def gate_sum(self) -> FixedPoint:
        """Format of the product of s: gates z and r, and h as well where the reset comes after."""
        return self.sum_format_of(self._gate_kernel, self.state)

    @property
    def _gate_kernel(self) -> np.ndarray:
        return self.recurrent_kernel[:, : (2 + self.reset_after) * self.units]

    @property
    def _candidate_kernel(self) -> np.ndarray:
        return self.recurrent_kernel[:, 2 * self.units :]

    @cached_property
    def sum(self) -> FixedPoint:
        """Format of the two gates' sums."""
        return sum_format(self.input_product.output, self.gate_sum)

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
        return sum_format(self.gate_sum, self.bias_format)

    @cached_property
    def reset_sum(self) -> FixedPoint:
        """Format of what is added to ``x . K_h + b_h``."""
        if self.reset_after:
            return product_format(self.gate, self.biased)
        return self.sum_format_of(self._candidate_kernel, self.reset_state)

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

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Units and lanes of each cell."""
        return self.unit_groups(2 + self.reset_after)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.reloadable:
            check_codes("GRU", self.recurrent_bias, self.bias_format, "recurrent bias")

    @cached_property
    def model_tables(self) -> tuple[ModelTable, ...]:
        """As of all recurrent layers; with reset-after also d_h for each group of units."""
        late = self.recurrent_bias[2 * self.units :, np.newaxis]
        tables = [
            ModelTable(f"late_bias{group.units[0]}", late[list(group.units)], self.bias_format)
            for group in self.groups
            if self.reset_after
        ]
        return (*super().model_tables, *tables)

    @property
    def quantized(self) -> tuple[Quantized, ...]:
        """The state that a step hands on, and what activations that are quantizers are given."""
        return (
            *super().quantized,
            *quantized_by("gates", self.recurrent_activation, self.sum),
            *quantized_by("candidate", self.activation, self.candidate_sum),
        )

    @property
    def input_bias(self) -> np.ndarray:
        """Bias in the order of the input product's programs."""
        return self.input_product.aligned_bias[input_order(self.units, bool(self.gate_reuse))]

    @cached_property
    def plan(self) -> StepPlan:
        """When everything runs."""
        return step_plan(self)

    @property
    def tail_cycles(self) -> int:
        """From the last recurrent products of a step until the next may begin; all tails."""
        return sum(self.plan.tail_cycles)

    @property
    def timing(self) -> BlockTiming:
        plan = self.plan
        return BlockTiming(
            latency_cycles=plan.latency_cycles,
            interval_cycles=plan.interval_cycles,
            multipliers=plan.multipliers + 3 * len(self.groups),
            products=plan.products + 3 * self.units,
            series_cycles=plan.loop_cycles if self.series > 1 else None,
            span_cycles=plan.span_cycles if self.period is not None else None,
            shifters=plan.shifters,
        )

    def reference(
        self,
        codes: np.ndarray,
        *initial: np.ndarray,
        trace: dict[str, np.ndarray] | None = None,
    ) -> np.ndarray:
        """Map int64 codes ``(N, T, n_in)``, and `initial` states ``(N, units)``, to hidden states.

        Returns
        -------
        numpy.ndarray
            int64 codes ``(N, T, units)`` with `return_sequences`, else ``(N, units)``.

        `trace`, if given, receives what enters each of `quantized`, ``(N, T, ...)``: ``h`` before
        the state quantizer among it.
        """
        projected = self.input_product.reference(codes)
        hidden = np.zeros((len(codes), self.units), dtype=np.int64)
        state = initial[0] if self.initial_state else hidden
        history = History(("h",) if trace is None else places(self.quantized))
        for step in range(codes.shape[1]):
            hidden = self.step(projected[:, step], state, state, history)
            state = self.state.resize(hidden, self.hidden)
        if trace is not None:
            history.into(trace)
        return history["h"] if self.return_sequences else hidden

    def step(
        self, projected: np.ndarray, state: np.ndarray, seen: np.ndarray, history: History
    ) -> np.ndarray:
        """Compute the new h of one step, int64 ``(N, units)``.

        Parameters
        ----------
        projected
            ``x . kernel + bias``, int64 ``(N, 3 * units)``.
        state
            s, int64 ``(N, units)``.
        seen
            What the product of s takes in its place: s itself but with delta updates.
        history
            Where to note what enters each of `quantized`.
        """
        x_z, x_r, x_h = np.split(projected, 3, axis=1)
        sums = exact_matmul(seen, self._gate_kernel, self.gate_sum)
        sums = sums.reshape(len(state), -1, self.units)
        z_sum, r_sum = (
            add(self.sum, (x, self.input_product.output), (sums[:, gate], self.gate_sum))
            for gate, x in ((UPDATE, x_z), (RESET, x_r))
        )
        z, r = (self.recurrent_activation.apply(total, self.sum) for total in (z_sum, r_sum))
        if self.reset_after:
            late = self.recurrent_bias[2 * self.units :]
            reset = r * add(
                self.biased, (sums[:, CANDIDATE], self.gate_sum), (late, self.bias_format)
            )
        else:
            reset = exact_matmul(r * state, self._candidate_kernel, self.reset_sum)
        total = add(self.candidate_sum, (x_h, self.input_product.output), (reset, self.reset_sum))
        g = self.activation.apply(total, self.candidate_sum)
        rest = complement_format(self.gate)
        one = (1 << rest.fraction) - (z << (rest.fraction - self.gate.fraction))
        h = add(self.hidden, (z * state, self.kept), (one * g, self.learned))
        history.add(h=h, gates=np.hstack([z_sum, r_sum]), candidate=total)
        return h

    def build(self) -> Block:
        return GRUAfterBlock(self) if self.reset_after else GRUBeforeBlock(self)
