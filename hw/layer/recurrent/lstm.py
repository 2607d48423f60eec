"""LSTM as QKeras computes it (``qkeras/qrecurrent.py``, ``QLSTMCell.call``).

With the state quantizer q applied on entry to every step, and gates in Keras's order i f c o::

    z = x . kernel + bias + q(h) . recurrent_kernel
    c = sigma(z_f) * q(c) + sigma(z_i) * tanh(z_c)
    h = sigma(z_o) * tanh(c)

where sigma is `recurrent_activation` and tanh is `activation`; z, c and h keep every bit. The
hardware is in `hw.layer.recurrent.lstm_cell`.
"""

from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property

import numpy as np

from hw.function.pointwise import Pointwise
from hw.layer.recurrent.history import History
from hw.layer.recurrent.lstm_cell import GATE_ORDER, LSTMBlock, tail_after_sum
from hw.layer.recurrent.one_sum import OneSum
from hw.layer.recurrent.step import StepPlan
from hw.layer.recurrent.step_order import begin_cycles, in_order_of_need
from hw.layer.saturating import Quantized, places, quantized_by
from hw.number.arithmetic import add, common_format, product_format, sum_format
from hw.number.fixed_point import FixedPoint
from hw.product.columns import Group
from hw.product.folded import Program, exact_matmul
from hw.stream import Block, Port
from hw.timing import BlockTiming


@dataclass(frozen=True, eq=False)
class LSTM(OneSum):
    """A long short-term memory layer.

    Parameters
    ----------
    kernel, recurrent_kernel, bias
        int64 codes ``(n_in, 4 * units)``, ``(units, 4 * units)``, ``(4 * units,)``; a bias of
        zeros where the layer has none.
    input, kernel_format, recurrent_format, bias_format
        Their number formats.
    state
        Format into which h and c are brought on entry to a step.
    activation, recurrent_activation
        Applied to the candidate and the cell, and to the three gates.
    steps
        Time steps in a window.
    gate_reuse
        Reuse factor of the input product of each gate, in Keras's order, each with multipliers of
        its own; then `input_reuse` is ``None``. What is wanted late (o, z) may take longer.
    return_state
        Whether each beat that leaves also holds c, before the state quantizer: after `units` values
        of h as many of c, all in the narrowest format of both. A
        `hw.layer.elementwise.select.Select` behind takes them apart.

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
    recurrent_activation: Pointwise
    steps: int
    _: KW_ONLY
    gate_reuse: tuple[int, ...] = ()
    return_state: bool = False

    @property
    def state_kinds(self) -> tuple[str, ...]:
        return ("h", "c")

    @property
    def quantized(self) -> tuple[Quantized, ...]:
        """The states that a step hands on, and what activations that are quantizers are given."""
        return (
            *super().quantized,
            Quantized("c", self.carry, self.state),
            *quantized_by("gates", self.recurrent_activation, self.sum),
            *quantized_by("candidate", self.activation, self.sum),
            *quantized_by("squashed", self.activation, self.carry),
        )

    @property
    def outputs(self) -> tuple[Port, ...]:
        (port,) = super().outputs
        if not self.return_state:
            return (port,)
        format = common_format(self.hidden, self.carry)
        return (replace(port, channels=2 * self.units, format=format),)

    @cached_property
    def gate(self) -> FixedPoint:
        return self.recurrent_activation.result_format(self.sum)

    @cached_property
    def candidate(self) -> FixedPoint:
        return self.activation.result_format(self.sum)

    @cached_property
    def carry(self) -> FixedPoint:
        """Format of c before the state quantizer."""
        return sum_format(
            product_format(self.gate, self.state), product_format(self.gate, self.candidate)
        )

    @cached_property
    def squashed(self) -> FixedPoint:
        """Format of tanh(c)."""
        return self.activation.result_format(self.carry)

    @cached_property
    def hidden(self) -> FixedPoint:
        """Format of h before the state quantizer: the output's."""
        return product_format(self.gate, self.squashed)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Units and lanes of each cell."""
        return self.unit_groups(4)

    @cached_property
    def _order(self) -> np.ndarray:
        """The input product's outputs in the order in which they are computed: by unit.

        Where gates have multipliers of their own it is by gate.
        """
        if self.gate_reuse:
            return np.arange(4 * self.units)
        units = np.arange(self.units)[:, np.newaxis]
        return (np.array(GATE_ORDER) * self.units + units).ravel()

    @property
    def input_bias(self) -> np.ndarray:
        """Bias in the order of the input product's program."""
        return self.input_product.aligned_bias[self._order]

    @cached_property
    def plan(self) -> StepPlan:
        """When everything runs."""
        columns = self.recurrent_columns(GATE_ORDER)
        recurrent = Program(
            self.recurrent_weights, self.state, self.recurrent_format, self.sum, columns
        )
        need = begin_cycles(columns, 4 * self.units)[self._order]
        (program,) = self.input_programs(
            [self.input_weights[:, self._order]],
            self.kernel_format,
            self.input_product.output,
            self._order,
        )
        firsts = [group.units[0] for group in self.groups]
        starts = [4 * unit for unit in firsts]
        if self.gate_reuse:
            starts = [gate * self.units + unit for gate in GATE_ORDER for unit in firsts]
        return StepPlan(
            (in_order_of_need(program, need, starts),),
            (recurrent,),
            self.folding.shared,
            ((need,),),
            (tail_after_sum(self),),
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
            int64 codes ``(N, T, units)`` with `return_sequences`, else ``(N, units)``; twice as
            many channels with `return_state`.

        `trace`, if given, receives what enters each of `quantized`, ``(N, T, ...)``: ``h`` and
        ``c`` before the state quantizer among it.
        """
        projected = self.input_product.reference(codes)
        zeros = np.zeros((len(codes), self.units), dtype=np.int64)
        kept, cell = initial if self.initial_state else (zeros, zeros)
        history = History(("h", "c") if trace is None else places(self.quantized))
        for step in range(codes.shape[1]):
            hidden, carry = self.step(projected[:, step], kept, cell, history)
            kept = self.state.resize(hidden, self.hidden)
            cell = self.state.resize(carry, self.carry)
        if trace is not None:
            history.into(trace)
        sequence, carries = history["h"], history["c"]
        if self.return_state:
            fraction = self.outputs[0].format.fraction
            both = (
                sequence << (fraction - self.hidden.fraction),
                carries << (fraction - self.carry.fraction),
            )
            sequence = np.concatenate(both, axis=-1)
        return sequence if self.return_sequences else sequence[:, -1]

    def step(
        self, projected: np.ndarray, hidden: np.ndarray, carry: np.ndarray, history: History
    ) -> tuple[np.ndarray, np.ndarray]:
        """Compute one step.

        Parameters
        ----------
        projected
            ``x . kernel + bias``, int64 ``(N, 4 * units)``.
        hidden, carry
            q(h) and q(c), int64 ``(N, units)``.
        history
            Where to note what enters each of `quantized`.

        Returns
        -------
        tuple of numpy.ndarray
            The new h and c.
        """
        sums = exact_matmul(hidden, self.recurrent_kernel, self.recurrent_sum)
        z = add(self.sum, (projected, self.input_product.output), (sums, self.recurrent_sum))
        z_i, z_f, z_c, z_o = np.split(z, 4, axis=1)
        i, f, o = (self.recurrent_activation.apply(gate, self.sum) for gate in (z_i, z_f, z_o))
        g = self.activation.apply(z_c, self.sum)
        c = add(
            self.carry,
            (f * carry, product_format(self.gate, self.state)),
            (i * g, product_format(self.gate, self.candidate)),
        )
        h = o * self.activation.apply(c, self.carry)
        history.add(h=h, c=c, squashed=c, gates=np.hstack([z_i, z_f, z_o]), candidate=z_c)
        return h, c

    def build(self) -> Block:
        return LSTMBlock(self)
