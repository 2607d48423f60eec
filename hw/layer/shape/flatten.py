"""Flatten: the beats of one window become one wide beat, time-major (Keras ``Flatten``)."""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Module
from amaranth.lib import data

from hw.layer.series_state import series_state, state_cycles
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
    series
        Independent series that share the hardware.
    """

    steps: int
    channels: int
    format: FixedPoint
    series: int = 1

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("i", self.channels, self.format, self.steps, self.series),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("o", self.steps * self.channels, self.format, None, self.series),)

    @property
    def timing(self) -> BlockTiming:
        return BlockTiming(latency_cycles=1 + state_cycles(self.series), interval_cycles=1)

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, T, C)`` to ``(N, T * C)``."""
        return codes.reshape(len(codes), self.steps * self.channels)

    def build(self) -> Block:
        return FlattenBlock(self)


class FlattenBlock(Block):
    """`Flatten` in hardware: a shift register as long as the window, one for each series."""

    def __init__(self, spec: Flatten) -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._spec
        beat = spec.channels * spec.format.width
        layout = data.StructLayout({"window": spec.steps * beat})
        state = series_state(m, self.i, spec.series, layout)
        tag = state.payload.tag
        # The oldest step leaves at the low end, where channel 0 of step 0 must arrive.
        window = Cat(state.now.window[beat:], state.payload.data.as_value())
        m.d.comb += state.following.window.eq(window)
        m.d.sync += [
            self.o.valid.eq(state.valid & tag.last),
            self.o.payload.tag.as_value().eq(tag.as_value()),
            self.o.payload.tag.first.eq(1),
        ]
        if spec.series == 1:
            m.d.comb += self.o.payload.data.as_value().eq(state.now.window)
        else:
            m.d.sync += self.o.payload.data.as_value().eq(window)
        return m
