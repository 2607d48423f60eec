"""Flatten: the beats of one window become one wide beat, time-major (Keras ``Flatten``)."""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Module, Signal

from hw.number.fixed_point import FixedPoint
from hw.stream import Block, Port
from hw.timing import BlockTiming


@dataclass(frozen=True)
class Flatten:
    """Collect `steps` beats of `channels` values.

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
    def inputs(self) -> tuple[Port, ...]:
        return (Port("i", self.channels, self.format, self.steps),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("o", self.steps * self.channels, self.format),)

    @property
    def timing(self) -> BlockTiming:
        return BlockTiming(latency_cycles=1, interval_cycles=1)

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, T, C)`` to ``(N, T * C)``."""
        return codes.reshape(len(codes), self.steps * self.channels)

    def build(self) -> Block:
        return FlattenBlock(self)


class FlattenBlock(Block):
    """`Flatten` in hardware: a shift register as long as the window."""

    def __init__(self, spec: Flatten) -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        beat = self._spec.channels * self._spec.format.width
        window = Signal(self._spec.steps * beat, name="window")
        m.d.comb += [
            self.o.payload.data.as_value().eq(window),
            self.o.payload.tag.first.eq(1),
            self.o.payload.tag.last.eq(1),
        ]
        m.d.sync += self.o.valid.eq(self.i.valid & self.i.payload.tag.last)
        with m.If(self.i.valid):
            # The oldest step leaves at the low end, where channel 0 of step 0 must arrive.
            m.d.sync += window.eq(Cat(window[beat:], self.i.payload.data.as_value()))
        return m
