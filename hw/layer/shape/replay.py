"""Replay: a window's beats again, after its last one, forwards or backwards.

What a step needs that the whole window must have passed for: the subtraction of its mean, a
bidirectional or backward recurrent layer (``go_backwards``).
"""

from dataclasses import dataclass, replace

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib.memory import Memory

from hw.errors import ChronogateError
from hw.number.fixed_point import FixedPoint
from hw.stream import Block, Port
from hw.timing import BlockTiming, Emission


@dataclass(frozen=True)
class Replay:
    """Keep the beats of a window and send them when it is complete.

    While one window leaves, the next may come: there are two memories, used in turn.

    Parameters
    ----------
    steps
        Beats in a window.
    channels
        Values in a beat.
    format
        Their format.
    pace
        Cycles between two beats that leave; the interval of the slowest block behind.
    backwards
        Send the last step first.

    Raises
    ------
    ChronogateError
        When `pace` is less than one.
    """

    steps: int
    channels: int
    format: FixedPoint
    pace: int = 1
    backwards: bool = False

    def __post_init__(self) -> None:
        if self.pace < 1:
            raise ChronogateError(f"a replay every {self.pace} cycles: write a pace from 1 on")

    def folded_to(self, cycles: int) -> "Replay":
        """Return the block that sends a beat every `cycles` cycles."""
        return replace(self, pace=max(cycles, 1))

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("i", self.channels, self.format, self.steps),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("o", self.channels, self.format, self.steps),)

    @property
    def timing(self) -> BlockTiming:
        beats = range(self.steps)
        return BlockTiming(
            latency_cycles=2,
            interval_cycles=1,
            emission=Emission(
                trigger=(self.steps - 1,) * self.steps,
                delay=tuple(beat * self.pace for beat in beats),
            ),
        )

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Return the int64 codes ``(N, T, C)``, steps reversed if backwards."""
        return codes[:, ::-1] if self.backwards else codes

    def build(self) -> Block:
        return ReplayBlock(self)


class ReplayBlock(Block):
    """`Replay` in hardware: one memory of two windows, a write and a read counter."""

    def __init__(self, spec: Replay) -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec, last = self._spec, self._spec.steps - 1
        place_bits = max(last.bit_length(), 1)
        beat = self.i.payload.data.as_value()
        m.submodules.windows = memory = Memory(
            shape=unsigned(len(beat)), depth=2 << place_bits, init=[]
        )
        write, read = memory.write_port(), memory.read_port()

        bank = Signal(name="write_bank")
        following = Signal(place_bits, name="next_place")
        place = Signal(place_bits, name="write_place")
        ends = Signal(name="window_ends")
        m.d.comb += [
            place.eq(Mux(self.i.payload.tag.first, 0, following)),
            ends.eq(self.i.valid & self.i.payload.tag.last),
            write.addr.eq(Cat(place, bank)),
            write.data.eq(beat),
            write.en.eq(self.i.valid),
        ]
        with m.If(self.i.valid):
            m.d.sync += following.eq(place + 1)

        reading = Signal(name="reading")
        sent = Signal(place_bits, name="sent")
        read_place = Signal(place_bits, name="read_place")
        wait = Signal(range(max(spec.pace, 2)), name="pace_wait")
        goes = Signal(name="goes")
        final = Signal(name="final")
        tag = Signal.like(self.i.payload.tag, name="window_tag")
        m.d.comb += [
            goes.eq(reading & (wait == 0)),
            final.eq(sent == last),
            read_place.eq(last - sent if spec.backwards else sent),
            read.addr.eq(Cat(read_place, ~bank)),
            self.o.payload.data.as_value().eq(read.data),
        ]
        m.d.sync += [
            self.o.valid.eq(goes),
            self.o.payload.tag.as_value().eq(tag.as_value()),
            self.o.payload.tag.first.eq(sent == 0),
            self.o.payload.tag.last.eq(final),
        ]
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.If(goes):
            m.d.sync += [sent.eq(sent + 1), reading.eq(~final), wait.eq(spec.pace - 1)]
        with m.If(ends):
            m.d.sync += [
                bank.eq(~bank),
                reading.eq(1),
                sent.eq(0),
                wait.eq(0),
                tag.as_value().eq(self.i.payload.tag.as_value()),
            ]
        return m
