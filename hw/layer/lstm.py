"""LSTM as QKeras computes it (``qkeras/qrecurrent.py``, ``QLSTMCell.call``).

With the state quantizer q applied on entry to every step, and gates in Keras's order i f c o::

    z = x . kernel + bias + q(h) . recurrent_kernel
    c = sigma(z_f) * q(c) + sigma(z_i) * tanh(z_c)
    h = sigma(z_o) * tanh(c)

where sigma is `recurrent_activation` and tanh is `activation`; z, c and h keep every bit.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.memory import Memory

from hw.function.pointwise import Pointwise
from hw.layer.dense import Dense
from hw.layer.recurrent import NewState, RecurrentBlock, Step, unit_queue
from hw.number.arithmetic import add, product_format, sum_format
from hw.number.fixed_point import FixedPoint
from hw.number.resize import resize
from hw.pipeline import delay
from hw.product.engine import ProductEngine, Result
from hw.product.folded import FoldedProduct
from hw.stream import Block, Port
from hw.timing import BlockTiming

CELL_STAGES = 5
"""Registers from the sum of a unit's gates to its hidden state: z, gates, products, c, tanh(c)."""


@dataclass(frozen=True, eq=False)
class LSTM:
    """A long short-term memory layer that gives the last step's hidden state.

    Parameters
    ----------
    kernel, recurrent_kernel, bias
        int64 codes ``(n_in, 4 * units)``, ``(units, 4 * units)``, ``(4 * units,)``.
    input, kernel_format, recurrent_format, bias_format
        Their number formats.
    state
        Format into which h and c are brought on entry to a step.
    activation, recurrent_activation
        Applied to the candidate and the cell, and to the three gates.
    steps
        Time steps in a window.
    input_reuse, recurrent_reuse
        Reuse factors of the two products.
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
    input_reuse: int
    recurrent_reuse: int

    @property
    def units(self) -> int:
        return self.recurrent_kernel.shape[0]

    @cached_property
    def input_product(self) -> Dense:
        """``x . kernel + bias`` for all gates."""
        return Dense(
            self.kernel,
            self.bias,
            self.input,
            self.kernel_format,
            self.bias_format,
            self.input_reuse,
            self.steps,
        )

    @cached_property
    def recurrent_product(self) -> FoldedProduct:
        """``q(h) . recurrent_kernel``, the four gates of a unit at once."""
        kernel = self.recurrent_kernel.reshape(self.units, 4, self.units)
        return FoldedProduct(kernel, self.state, self.recurrent_format, self.recurrent_reuse)

    @cached_property
    def sum(self) -> FixedPoint:
        """Format of z."""
        return sum_format(self.input_product.output, self.recurrent_product.sum_format)

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

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("i", self.kernel.shape[0], self.input, self.steps),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("o", self.units, self.hidden),)

    @property
    def tail_cycles(self) -> int:
        """From the last recurrent product of a step until the next step may begin."""
        return (
            self.recurrent_product.sum_latency
            - self.recurrent_product.busy_cycles
            + (CELL_STAGES + 1)
        )

    @property
    def timing(self) -> BlockTiming:
        recurrent_cycles = self.recurrent_product.busy_cycles + self.tail_cycles
        return BlockTiming(
            latency_cycles=self.input_product.timing.latency_cycles + recurrent_cycles + 1,
            interval_cycles=max(self.input_reuse, recurrent_cycles),
            multipliers=self.input_product.product.multipliers
            + self.recurrent_product.multipliers
            + 3 * len(self.recurrent_product.columns),
            products=self.kernel.size + self.recurrent_kernel.size + 3 * self.units,
        )

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, T, n_in)`` to the last hidden state's codes ``(N, units)``.

        `trace`, if given, receives ``h`` and ``c``, ``(N, T, units)``, before the state quantizer.
        """
        projected = self.input_product.reference(codes)
        hidden = np.zeros((len(codes), self.units), dtype=np.int64)
        carry = np.zeros_like(hidden)
        history: list[tuple[np.ndarray, np.ndarray]] = []
        for step in range(self.steps):
            hidden, carry = self._step(
                projected[:, step],
                self.state.resize(hidden, self.hidden),
                self.state.resize(carry, self.carry),
            )
            history.append((hidden, carry))
        if trace is not None:
            trace["h"] = np.stack([h for h, _ in history], axis=1)
            trace["c"] = np.stack([c for _, c in history], axis=1)
        return hidden

    def _step(
        self, projected: np.ndarray, hidden: np.ndarray, carry: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        sums = self.recurrent_product.reference(hidden).reshape(len(hidden), -1)
        z = add(
            self.sum,
            (projected, self.input_product.output),
            (sums, self.recurrent_product.sum_format),
        )
        z_i, z_f, z_c, z_o = np.split(z, 4, axis=1)
        i, f, o = (self.recurrent_activation.apply(gate, self.sum) for gate in (z_i, z_f, z_o))
        g = self.activation.apply(z_c, self.sum)
        c = add(
            self.carry,
            (f * carry, product_format(self.gate, self.state)),
            (i * g, product_format(self.gate, self.candidate)),
        )
        return o * self.activation.apply(c, self.carry), c

    def build(self) -> Block:
        return LSTMBlock(self)


class LSTMBlock(RecurrentBlock):
    """`LSTM` in hardware: one cell pipeline for each column of the recurrent product."""

    def __init__(self, spec: LSTM) -> None:
        super().__init__(spec)
        self._spec = spec

    def cell(self, m: Module, step: Step) -> list[NewState]:
        spec = self._spec
        m.submodules.recurrent_product = engine = ProductEngine(spec.recurrent_product)
        m.d.comb += [engine.start.eq(step.go), engine.vector.eq(step.hidden)]
        states = [
            self._pipeline(m, step, result, column.units)
            for column, result in zip(spec.recurrent_product.columns, engine.results, strict=True)
        ]
        order = np.argsort([c.busy_cycles for c in spec.recurrent_product.columns], kind="stable")
        return [states[i] for i in order]

    def _pipeline(self, m: Module, step: Step, result: Result, units: tuple[int, ...]) -> NewState:
        spec = self._spec
        name = f"unit{units[0]}"
        heads = unit_queue(m, step, units, (0, 1, 2, 3), result.valid)
        widen = spec.sum.fraction - spec.input_product.output.fraction
        widen_sum = spec.sum.fraction - spec.recurrent_product.sum_format.fraction
        activations = [spec.recurrent_activation] * 4
        activations[2] = spec.activation
        gates = []
        for gate, (head, total) in enumerate(zip(heads, result.sums, strict=True)):
            z = Signal(spec.sum.shape, name=f"{name}_z{gate}")
            m.d.sync += z.eq((head << widen) + (total << widen_sum))
            gates.append(activations[gate].hardware(m, z, spec.sum, f"{name}_gate{gate}"))
        i, f, g, o = gates
        states = self._carry_memory(m, units, name)
        read, write = states.read_port(domain="comb"), states.write_port()
        m.d.comb += read.addr.eq(delay(m, result.unit, 2, f"{name}_read"))
        kept = Signal(spec.state.shape, name=f"{name}_kept_carry")
        m.d.comb += kept.eq(Mux(step.first, 0, read.data))
        forgotten = product_format(spec.gate, spec.state)
        learned = product_format(spec.gate, spec.candidate)
        old = Signal(forgotten.shape, name=f"{name}_old")
        new = Signal(learned.shape, name=f"{name}_new")
        carry = Signal(spec.carry.shape, name=f"{name}_carry")
        hidden = Signal(spec.hidden.shape, name=f"{name}_hidden")
        m.d.sync += [
            old.eq(f * kept),
            new.eq(i * g),
            carry.eq(
                (old << (spec.carry.fraction - forgotten.fraction))
                + (new << (spec.carry.fraction - learned.fraction))
            ),
        ]
        squashed = spec.activation.hardware(m, carry, spec.carry, f"{name}_squash")
        m.d.comb += [
            write.addr.eq(delay(m, result.unit, 4, f"{name}_write")),
            write.data.eq(resize(m, carry, spec.carry, spec.state, f"{name}_carry_state")),
            write.en.eq(delay(m, result.valid, 4, f"{name}_write_enable")),
        ]
        m.d.sync += hidden.eq(delay(m, o, 3, f"{name}_output_gate") * squashed)
        return NewState(
            delay(m, result.valid, CELL_STAGES + 1, f"{name}_valid"),
            delay(m, result.unit, CELL_STAGES + 1, f"{name}_index"),
            hidden,
            units,
        )

    def _carry_memory(self, m: Module, units: tuple[int, ...], name: str) -> Memory:
        depth = max(len(units), 2)
        memory = Memory(shape=self._spec.state.shape, depth=depth, init=[])
        m.submodules[f"{name}_carry"] = memory
        return memory
