"""SimpleRNN as QKeras computes it (``qkeras/qrecurrent.py``, ``QSimpleRNNCell.call``).

With the state quantizer q applied on entry to every step::

    h = tanh(x . kernel + bias + q(h) . recurrent_kernel)

where tanh is `activation`; everything in between keeps every bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import Module

from hw.function.pointwise import Pointwise
from hw.layer.recurrent.history import History
from hw.layer.recurrent.one_sum import OneSum
from hw.layer.recurrent.recurrent import RecurrentBlock
from hw.layer.recurrent.recurrent_cell import Arrival, Cell, NewState
from hw.layer.recurrent.step import StepPlan
from hw.layer.recurrent.step_order import begin_cycles, in_order_of_need
from hw.layer.saturating import Quantized, places, quantized_by
from hw.number.arithmetic import add
from hw.number.fixed_point import FixedPoint
from hw.pipeline import delay
from hw.product.array import MultiplierArray
from hw.product.columns import Group
from hw.product.folded import Program, exact_matmul
from hw.stream import Block
from hw.timing import BlockTiming


@dataclass(frozen=True, eq=False)
class SimpleRNN(OneSum):
    """A fully connected recurrent layer.

    Parameters
    ----------
    kernel, recurrent_kernel, bias
        int64 codes ``(n_in, units)``, ``(units, units)``, ``(units,)``; a bias of zeros where the
        layer has none.
    input, kernel_format, recurrent_format, bias_format
        Their number formats.
    state
        Format into which h is brought on entry to a step.
    activation
        Applied to the sum; its result is h.
    steps
        Time steps in a window.

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
    input: FixedPoint
    kernel_format: FixedPoint
    recurrent_format: FixedPoint
    bias_format: FixedPoint
    state: FixedPoint
    activation: Pointwise
    steps: int

    @cached_property
    def hidden(self) -> FixedPoint:
        """Format of h before the state quantizer: the output's."""
        return self.activation.result_format(self.sum)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Units and lanes of each activation."""
        return self.unit_groups(1)

    @property
    def quantized(self) -> tuple[Quantized, ...]:
        """The state that a step hands on, and what an activation that is a quantizer is given."""
        return (*super().quantized, *quantized_by("sum", self.activation, self.sum))

    @property
    def input_bias(self) -> np.ndarray:
        """Bias on the grid of the input product."""
        return self.input_product.aligned_bias

    @cached_property
    def plan(self) -> StepPlan:
        """When everything runs."""
        columns = self.recurrent_columns((0,))
        recurrent = Program(
            self.recurrent_weights, self.state, self.recurrent_format, self.sum, columns
        )
        need = begin_cycles(columns, self.units)
        (program,) = self.input_programs(
            [self.input_weights],
            self.kernel_format,
            self.input_product.output,
            np.arange(self.units),
        )
        starts = [group.units[0] for group in self.groups]
        return StepPlan(
            (in_order_of_need(program, need, starts),),
            (recurrent,),
            self.folding.shared,
            ((need,),),
            (self.activation.delay_cycles(self.sum),),
            self.series,
            self.storage,
            self.reloadable,
            self.period,
        )

    @property
    def tail_cycles(self) -> int:
        """From the last recurrent product of a step until the next step may begin."""
        return self.plan.tail_cycles[-1]

    @property
    def timing(self) -> BlockTiming:
        plan = self.plan
        return BlockTiming(
            latency_cycles=plan.latency_cycles,
            interval_cycles=plan.interval_cycles,
            multipliers=plan.multipliers,
            products=plan.products,
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

        `trace`, if given, receives what enters each of `quantized`, ``(N, T, units)``: ``h``
        before the state quantizer among it.
        """
        projected = self.input_product.reference(codes)
        hidden = np.zeros((len(codes), self.units), dtype=np.int64)
        state = initial[0] if self.initial_state else hidden
        history = History(("h",) if trace is None else places(self.quantized))
        for step in range(codes.shape[1]):
            sums = exact_matmul(state, self.recurrent_kernel, self.recurrent_sum)
            given = projected[:, step], self.input_product.output
            total = add(self.sum, given, (sums, self.recurrent_sum))
            hidden = self.activation.apply(total, self.sum)
            state = self.state.resize(hidden, self.hidden)
            history.add(h=hidden, sum=total)
        if trace is not None:
            history.into(trace)
        return history["h"] if self.return_sequences else hidden

    def build(self) -> Block:
        return SimpleRNNBlock(self)


class SimpleRNNBlock(RecurrentBlock):
    """`SimpleRNN` in hardware: one activation for each column."""

    def __init__(self, spec: SimpleRNN) -> None:
        super().__init__(spec)
        self._spec = spec

    def cells(self, m: Module, cells: Sequence[Cell], array: MultiplierArray) -> list[NewState]:
        sums = [{0: cell.arrival(0, (0,), 0, self._spec.sum)} for cell in cells]
        self.look_at_sums(m, "sum", cells, sums, (0,))
        return [self._cell(m, cell, row[0]) for cell, row in zip(cells, sums, strict=True)]

    def _cell(self, m: Module, cell: Cell, total: Arrival) -> NewState:
        spec, name = self._spec, cell.name
        for lookup, _ in cell.columns:
            first = cell.group.units[0]
            value = cell.first_sums(lookup, (0,), first, {0: 0}, f"{name}_projection")
            widen = spec.sum.fraction - spec.input_product.output.fraction
            m.d.comb += lookup.initial.eq(value << widen)
        late = spec.activation.delay_cycles(spec.sum)
        return NewState(
            delay(m, total.valid, late, f"{name}_valid"),
            delay(m, total.index, late, f"{name}_index"),
            spec.activation.hardware(m, total.total, spec.sum, f"{name}_hidden"),
            cell.group.units,
            cell.sum_delay + late,
        )
