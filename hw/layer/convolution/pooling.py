"""Pooling over time: the largest value or the average of some steps (Keras ``MaxPooling1D``,
``AveragePooling1D``, ``GlobalMaxPooling1D``, ``GlobalAveragePooling1D``, padding ``valid``).

The average is the exact sum; where the pool is a power of two, dividing it only moves the binary
point, else the quotient is rounded once into `AveragePooling.output`.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from operator import add

import numpy as np
from amaranth.hdl import Module, Mux, Value

from hw.errors import ChronogateError
from hw.function.quotient import Quotient
from hw.layer.convolution.pool import Pool, PoolBlock
from hw.layer.saturating import Quantized, SaturatingBlock
from hw.layer.series_state import state_cycles
from hw.number.fixed_point import FixedPoint
from hw.pipeline import delay
from hw.stream import Block, Port
from hw.timing import BlockTiming


@dataclass(frozen=True)
class MaxPooling:
    """The largest value of every pool.

    Parameters
    ----------
    channels
        Values in a beat.
    input
        Their format.
    pool
        Which steps are pooled.
    series
        Independent series that share the hardware.
    """

    channels: int
    input: FixedPoint
    pool: Pool
    series: int = 1

    @property
    def inputs(self) -> tuple[Port, ...]:
        return self.pool.ports(self.channels, self.input, self.input, self.series)[0]

    @property
    def outputs(self) -> tuple[Port, ...]:
        return self.pool.ports(self.channels, self.input, self.input, self.series)[1]

    @property
    def timing(self) -> BlockTiming:
        return self.pool.timing(1 + state_cycles(self.series))

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, T, C)`` to ``(N, [T_out,] C)``."""
        return self.pool.result(self.pool.gather(codes).max(axis=2))

    def build(self) -> Block:
        return PoolBlock(self.inputs[0], self.outputs[0], self.pool, _larger)


@dataclass(frozen=True)
class AveragePooling:
    """The average of every pool.

    Parameters
    ----------
    channels
        Values in a beat.
    input
        Their format.
    pool
        Which steps are pooled.
    output
        Format into which the exact average is brought, or ``None`` to keep every bit, which takes
        a pool of a power of two.
    series
        Independent series that share the hardware.

    Raises
    ------
    ChronogateError
        When the average has no end in binary and no output format is given.
    """

    channels: int
    input: FixedPoint
    pool: Pool
    output: FixedPoint | None = None
    series: int = 1

    def __post_init__(self) -> None:
        span = self.pool.span
        if self.output is None and span & (span - 1):
            raise ChronogateError(
                f"the average of {span} steps has no exact binary value: put a QActivation with "
                "quantized_bits behind the pooling, or use a pool_size that is a power of two"
            )

    @cached_property
    def sum(self) -> FixedPoint:
        """Format of a pool's sum."""
        low, high = (end * self.pool.span for end in (self.input.minimum, self.input.maximum))
        return FixedPoint.covering(low, high, self.input.fraction)

    @property
    def result(self) -> FixedPoint:
        """Format of the average."""
        if self.output is not None:
            return self.output
        return FixedPoint(self.sum.width, self.sum.integer - (self.pool.span.bit_length() - 1))

    @property
    def quantized(self) -> tuple[Quantized, ...]:
        """The sums, where their quotients are rounded."""
        if self.output is None:
            return ()
        return (Quantized("sum", self.sum, self.output, self.pool.span),)

    @property
    def division_cycles(self) -> int:
        """Cycles from a sum to its average."""
        if self.output is None:
            return 0
        return Quotient(self.pool.span, self.output).delay_cycles(self.sum)

    @property
    def inputs(self) -> tuple[Port, ...]:
        return self.pool.ports(self.channels, self.input, self.result, self.series)[0]

    @property
    def outputs(self) -> tuple[Port, ...]:
        return self.pool.ports(self.channels, self.input, self.result, self.series)[1]

    @property
    def timing(self) -> BlockTiming:
        return self.pool.timing(1 + self.division_cycles + state_cycles(self.series))

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, T, C)`` to ``(N, [T_out,] C)``.

        `trace` receives the sums, before they are divided, under ``"sum"``.
        """
        sums = self.pool.result(self.pool.gather(codes).sum(axis=2))
        if self.output is None:
            return sums
        if trace is not None:
            trace["sum"] = sums
        return Quotient(self.pool.span, self.output).apply(sums, self.sum)

    def build(self) -> Block:
        return AveragePoolingBlock(self)


class AveragePoolingBlock(SaturatingBlock):
    """`AveragePooling` in hardware: sums, and their quotients where those are rounded."""

    def __init__(self, spec: AveragePooling) -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._spec
        m.submodules.sums = sums = PoolBlock(
            spec.inputs[0], replace(spec.outputs[0], format=spec.sum), spec.pool, add
        )
        cycles = spec.division_cycles
        m.d.comb += [
            sums.i.valid.eq(self.i.valid),
            sums.i.payload.eq(self.i.payload),
            self.o.valid.eq(delay(m, sums.o.valid, cycles, "valid")),
            self.o.payload.tag.as_value().eq(
                delay(m, sums.o.payload.tag.as_value(), cycles, "tag")
            ),
        ]
        totals = sums.o.payload.data
        codes = [(sums.o.valid, totals[channel]) for channel in range(spec.channels)]
        self.look(m, "sum", codes, sums.o.valid)
        for channel in range(spec.channels):
            total: Value = sums.o.payload.data[channel]
            if spec.output is not None:
                quotient = Quotient(spec.pool.span, spec.output)
                total = quotient.hardware(m, total, spec.sum, f"channel{channel}")
            m.d.comb += self.o.payload.data[channel].eq(total)
        return m


def _larger(left: Value, right: Value) -> Value:
    return Mux(left > right, left, right)
