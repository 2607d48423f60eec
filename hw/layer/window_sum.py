"""WindowSum: the sum of all steps of a window, exact.

A `Quotient` by the number of steps behind it makes it the mean (Keras
``GlobalAveragePooling1D``), rounded once.
"""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Module, Mux, Signal

from hw.number.fixed_point import FixedPoint
from hw.stream import Block, Port
from hw.timing import BlockTiming


@dataclass(frozen=True)
class WindowSum:
    """Sum every channel over a window.

    Parameters
    ----------
    steps
        Beats in a window.
    channels
        Values in a beat.
    format
        Their format.
    """

    steps: int
    channels: int
    format: FixedPoint

    @property
    def output(self) -> FixedPoint:
        """The narrowest format that holds every sum."""
        plain = self.format.plain()
        ends = plain.minimum * self.steps, plain.maximum * self.steps
        return FixedPoint.covering(*ends, self.format.fraction)

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("i", self.channels, self.format, self.steps),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("o", self.channels, self.output),)

    @property
    def timing(self) -> BlockTiming:
        return BlockTiming(latency_cycles=1, interval_cycles=1)

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, T, C)`` to ``(N, C)``."""
        return codes.sum(axis=1, dtype=np.int64)

    def build(self) -> Block:
        return WindowSumBlock(self)


class WindowSumBlock(Block):
    """`WindowSum` in hardware: one accumulator per channel."""

    def __init__(self, spec: WindowSum) -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec, tag = self._spec, self.i.payload.tag
        m.d.sync += [
            self.o.valid.eq(self.i.valid & tag.last),
            self.o.payload.tag.as_value().eq(tag.as_value()),
            self.o.payload.tag.first.eq(1),
        ]
        for channel in range(spec.channels):
            total = Signal(spec.output.shape, name=f"total{channel}")
            with m.If(self.i.valid):
                added = self.i.payload.data[channel]
                m.d.sync += total.eq(Mux(tag.first, 0, total) + added)
            m.d.comb += self.o.payload.data[channel].eq(total)
        return m
