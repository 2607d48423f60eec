"""Unflatten: one wide beat becomes the beats of a window, time-major (Keras ``Reshape``)."""

from dataclasses import dataclass, replace

import numpy as np
from amaranth.hdl import Module, Signal

from hw.errors import ChronogateError
from hw.number.fixed_point import FixedPoint
from hw.stream import Block, Port
from hw.timing import BlockTiming, Emission


@dataclass(frozen=True)
class Unflatten:
    """Send a beat of ``steps * channels`` values as `steps` beats.

    Any other reshape is a `Flatten` before it; a repetition (Keras ``RepeatVector``) is a `Select`
    before it.

    Parameters
    ----------
    steps
        Beats that leave for one that comes.
    channels
        Values in each.
    format
        Their format.
    pace
        Cycles between two beats that leave; the interval of the slowest block behind.

    Raises
    ------
    ChronogateError
        When `pace` is less than one.
    """

    steps: int
    channels: int
    format: FixedPoint
    pace: int = 1

    def __post_init__(self) -> None:
        if self.pace < 1:
            raise ChronogateError(f"a beat every {self.pace} cycles: write a pace from 1 on")

    def folded_to(self, cycles: int) -> "Unflatten":
        """Return the block that takes all of `cycles` cycles to send its beats."""
        return replace(self, pace=max((cycles - 1) // max(self.steps - 1, 1), 1))

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("i", self.steps * self.channels, self.format),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("o", self.channels, self.format, self.steps),)

    @property
    def timing(self) -> BlockTiming:
        return BlockTiming(
            latency_cycles=1,
            interval_cycles=(self.steps - 1) * self.pace + 1,
            emission=Emission(
                trigger=(0,) * self.steps,
                delay=tuple(beat * self.pace for beat in range(self.steps)),
            ),
        )

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, T * C)`` to ``(N, T, C)``."""
        return codes.reshape(len(codes), self.steps, self.channels)

    def build(self) -> Block:
        return UnflattenBlock(self)


class UnflattenBlock(Block):
    """`Unflatten` in hardware: a shift register."""

    def __init__(self, spec: Unflatten) -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._spec
        beat = spec.channels * spec.format.width
        rest = Signal(spec.steps * beat, name="rest")
        tag = Signal.like(self.i.payload.tag, name="window_tag")
        sending = Signal(name="sending")
        step = Signal(range(max(spec.steps, 2)), name="step")
        wait = Signal(range(max(spec.pace, 2)), name="pace_wait")
        goes = Signal(name="goes")
        final = Signal(name="final")
        m.d.comb += [
            goes.eq(sending & (wait == 0)),
            final.eq(step == spec.steps - 1),
            self.o.valid.eq(goes),
            self.o.payload.tag.eq(tag),
            self.o.payload.tag.first.eq(step == 0),
            self.o.payload.tag.last.eq(final),
            self.o.payload.data.as_value().eq(rest[:beat]),
        ]
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.If(goes):
            m.d.sync += [
                rest.eq(rest >> beat),
                step.eq(step + 1),
                wait.eq(spec.pace - 1),
                sending.eq(~final),
            ]
        with m.If(self.i.valid):
            m.d.sync += [
                rest.eq(self.i.payload.data.as_value()),
                tag.eq(self.i.payload.tag),
                step.eq(0),
                wait.eq(0),
                sending.eq(1),
            ]
        return m
