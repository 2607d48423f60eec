"""WindowSum: the sum of all steps of a window, exact.

A `Quotient` by the number of steps behind it makes it the mean (Keras
``GlobalAveragePooling1D``), rounded once.
"""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data

from hw.layer.series_state import series_state, state_cycles
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
    series
        Independent series that share the hardware.
    """

    steps: int
    channels: int
    format: FixedPoint
    series: int = 1

    @property
    def output(self) -> FixedPoint:
        """The narrowest format that holds every sum."""
        plain = self.format.plain()
        ends = plain.minimum * self.steps, plain.maximum * self.steps
        return FixedPoint.covering(*ends, self.format.fraction)

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("i", self.channels, self.format, self.steps, self.series),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("o", self.channels, self.output, None, self.series),)

    @property
    def timing(self) -> BlockTiming:
        return BlockTiming(latency_cycles=1 + state_cycles(self.series), interval_cycles=1)

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, T, C)`` to ``(N, C)``."""
        return codes.sum(axis=1, dtype=np.int64)

    def build(self) -> Block:
        return WindowSumBlock(self)


class WindowSumBlock(Block):
    """`WindowSum` in hardware: one accumulator per channel and series."""

    def __init__(self, spec: WindowSum) -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._spec
        layout = data.ArrayLayout(spec.output.shape, spec.channels)
        state = series_state(m, self.i, spec.series, layout, "totals")
        tag = state.payload.tag
        m.d.sync += [
            self.o.valid.eq(state.valid & tag.last),
            self.o.payload.tag.as_value().eq(tag.as_value()),
            self.o.payload.tag.first.eq(1),
        ]
        for channel in range(spec.channels):
            before = Mux(tag.first, 0, state.now[channel])
            total = Signal(spec.output.shape, name=f"total{channel}")
            m.d.comb += [
                total.eq(before + state.payload.data[channel]),
                state.following[channel].eq(total),
            ]
            if spec.series == 1:
                m.d.comb += self.o.payload.data[channel].eq(state.now[channel])
            else:
                m.d.sync += self.o.payload.data[channel].eq(total)
        return m
