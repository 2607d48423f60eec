"""Moving average of the same length as the series: the trend of a decomposition.

``y[j] = (x[j - h] + ... + x[j + h]) / size`` with ``h = (size - 1) / 2``, where the window's first
and last step stand for what lies outside (``moving_avg`` in ``models/DLinear.py`` of
cure-lab/LTSF-Linear). The season is ``x - y``, a node of its own.

One running sum per channel: a step comes in, a step leaves, which a memory has kept. The last h
averages need no step that is still to come; they leave as a burst after the window's end.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import Module, Mux, Signal, Value, unsigned
from amaranth.lib import data
from amaranth.lib.memory import Memory

from hw.errors import ChronogateError
from hw.function.quotient import Quotient
from hw.layer.convolution.receptive_field import ReceptiveField
from hw.layer.saturating import Quantized, SaturatingBlock
from hw.number.fixed_point import FixedPoint
from hw.pipeline import delay
from hw.stream import Block, Port
from hw.timing import BlockTiming

READ_TO_SUM = 2
"""Registers in front of the division: the memory's, and the sum's."""


@dataclass(frozen=True)
class MovingAverage:
    """A centred moving average with repeated ends.

    Parameters
    ----------
    channels
        Values in a beat.
    input
        Their format.
    steps
        Beats in a window.
    size
        Steps that are averaged; odd.
    output
        Format into which the exact average is brought.
    pace
        Fewest cycles between two beats of the burst that follows a window's end, where the next
        block is slower than one beat a cycle.

    Raises
    ------
    ChronogateError
        When `size` is even or less than three.
    """

    channels: int
    input: FixedPoint
    steps: int
    size: int
    output: FixedPoint
    pace: int = 1

    def __post_init__(self) -> None:
        if self.size < 3 or self.size % 2 == 0:
            raise ChronogateError(
                f"a moving average of {self.size} steps has no middle step: use 3, 5, 7 or so"
            )
        _ = self.field  # Refuses what is not possible.

    @property
    def half(self) -> int:
        """Steps on either side of the middle one."""
        return self.size // 2

    @cached_property
    def field(self) -> ReceptiveField:
        """What each output step sees."""
        return ReceptiveField(self.steps, self.size, 1, 1, self.half, self.half, 1, self.pace)

    @cached_property
    def sum(self) -> FixedPoint:
        """Format of the running sums."""
        low, high = self.size * self.input.minimum, self.size * self.input.maximum
        return FixedPoint.covering(low, high, self.input.fraction)

    @property
    def quotient(self) -> Quotient:
        """The division of a sum."""
        return Quotient(self.size, self.output)

    @property
    def quantized(self) -> tuple[Quantized, ...]:
        """The sums, whose quotients are rounded."""
        return (Quantized("sum", self.sum, self.output, self.size),)

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("i", self.channels, self.input, self.steps),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("o", self.channels, self.output, self.steps),)

    @property
    def timing(self) -> BlockTiming:
        return BlockTiming(
            latency_cycles=READ_TO_SUM + self.quotient.delay_cycles(self.sum),
            interval_cycles=self.field.interval_cycles,
            emission=self.field.emission,
        )

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, T, C)`` to codes of the same shape.

        `trace` receives the sums, before they are divided, under ``"sum"``.
        """
        ends = np.pad(codes, ((0, 0), (self.half, self.half), (0, 0)), mode="edge")
        totals = np.cumsum(ends, axis=1)
        sums = totals[:, self.size - 1 :].copy()
        sums[:, 1:] -= totals[:, : -self.size]
        if trace is not None:
            trace["sum"] = sums
        return self.quotient.apply(sums, self.sum)

    def build(self) -> Block:
        return MovingAverageBlock(self)


@dataclass(frozen=True)
class _Burst:
    """The virtual beats behind a window: whether one comes now, and which one."""

    due: Signal
    behind: Signal


class MovingAverageBlock(SaturatingBlock):
    """`MovingAverage` in hardware."""

    def __init__(self, spec: MovingAverage) -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec, tag = self._spec, self.i.payload.tag
        age = Signal(range(spec.size + 1), name="age")
        age_now = Signal.like(age, name="age_now")
        m.d.comb += age_now.eq(Mux(tag.first, 0, age))
        with m.If(self.i.valid):
            m.d.sync += age.eq(Mux(age_now == spec.size, spec.size, age_now + 1))
        burst = self._burst(m)
        left = self._memory(m, burst)
        live = delay(m, self.i.valid, 1, "live")
        now = Signal.like(self.i.payload.data, name="newest")
        m.d.sync += now.eq(self.i.payload.data)
        age_late = delay(m, age_now, 1, "age")
        ends = Signal(name="ends")
        m.d.comb += ends.eq(live & delay(m, tag.last, 1, "last"))
        due = delay(m, burst.due, 1, "due")
        behind = delay(m, burst.behind, 1, "behind")
        cycles = 1 + spec.quotient.delay_cycles(spec.sum)
        # Beat T - 1 + u of the padded window completes an average from beat h on.
        fires = (live & (age_late >= spec.half)) | (due & (behind >= spec.half - spec.steps))
        first = Mux(due, behind == spec.half - spec.steps, age_late == spec.half)
        m.d.comb += [
            self.o.valid.eq(delay(m, fires, cycles, "fires")),
            self.o.payload.tag.first.eq(delay(m, first, cycles, "first")),
            self.o.payload.tag.last.eq(delay(m, due & (behind == spec.half - 1), cycles, "final")),
        ]
        sums: list[Signal] = []
        for channel in range(spec.channels):
            name = f"channel{channel}"
            kept, kept_tail = (
                Signal(spec.sum.shape, name=f"{name}_{part}_kept") for part in ("sum", "tail")
            )
            total, total_tail = (
                Signal(spec.sum.shape, name=f"{name}_{part}") for part in ("sum", "tail")
            )
            # The first step stays what it is for the burst, when the next window has begun.
            oldest, oldest_tail, newest_tail = (
                Signal(spec.input.shape, name=f"{name}_{part}")
                for part in ("oldest", "oldest_tail", "newest_tail")
            )
            x = now[channel]
            old = Mux(age_late == spec.size, left[channel], oldest)
            old_tail = Mux(behind > spec.size - spec.steps, left[channel], oldest_tail)
            chosen = Signal(spec.sum.shape, name=f"{name}_chosen")
            m.d.comb += [
                total.eq(
                    Mux(
                        age_late == 0,
                        x * (spec.half + 1),
                        kept + x - Mux(age_late > spec.half, old, 0),
                    )
                ),
                total_tail.eq(
                    kept_tail + newest_tail - Mux(behind > spec.half - spec.steps, old_tail, 0)
                ),
            ]
            m.d.sync += chosen.eq(Mux(due, total_tail, total))
            with m.If(live):
                m.d.sync += kept.eq(total)
                with m.If(age_late == 0):
                    m.d.sync += oldest.eq(x)
            with m.If(due):
                m.d.sync += kept_tail.eq(total_tail)
            with m.If(ends):
                m.d.sync += [
                    kept_tail.eq(total),
                    newest_tail.eq(x),
                    oldest_tail.eq(oldest),  # of no use in a window of one step
                ]
            sums.append(chosen)
            quotient = spec.quotient.hardware(m, chosen, spec.sum, name)
            m.d.comb += self.o.payload.data[channel].eq(quotient)
        if self.is_watched("sum"):
            there = delay(m, fires, 1, "sum_there")
            self.look(m, "sum", [(there, total) for total in sums], there)
        return m

    def _burst(self, m: Module) -> _Burst:
        """Count the steps behind a window's end, from 0, at their pace."""
        spec = self._spec
        wait = Signal(range(max(spec.field.flush_cycles, 2)), name="burst_wait")
        behind = Signal(range(max(spec.half, 2)), name="burst_step")
        bursting = Signal()
        due = Signal(name="burst_due")
        m.d.comb += due.eq(bursting & (wait == 0))
        with m.If(due):
            m.d.sync += [
                wait.eq(spec.field.flush_cycles - 1),
                behind.eq(behind + 1),
                bursting.eq(behind != spec.half - 1),
            ]
        with m.Elif(bursting):
            m.d.sync += wait.eq(wait - 1)
        with m.If(self.i.valid & self.i.payload.tag.last):
            m.d.sync += [bursting.eq(1), behind.eq(0), wait.eq(spec.field.flush_cycles - 1)]
        return _Burst(due, behind)

    def _memory(self, m: Module, burst: _Burst) -> data.View:
        """Keep the steps; return, one cycle late, the one that leaves the average now.

        While the burst reads, the next window writes no faster: one step more than are averaged
        is enough.
        """
        spec = self._spec
        row = spec.channels * spec.input.width
        bits = spec.size.bit_length()
        memory = Memory(shape=unsigned(row), depth=1 << bits, init=[])
        m.submodules.history = memory
        read, write = memory.read_port(), memory.write_port()
        place = Signal(bits, name="place")
        tail_place = Signal(bits, name="tail_place")
        m.d.comb += [
            write.addr.eq(place),
            write.data.eq(self.i.payload.data.as_value()),
            write.en.eq(self.i.valid),
            read.addr.eq(Mux(burst.due, tail_place, place - spec.size)),
        ]
        with m.If(self.i.valid):
            m.d.sync += place.eq(place + 1)
        with m.If(burst.due):
            m.d.sync += tail_place.eq(tail_place + 1)
        with m.If(self.i.valid & self.i.payload.tag.last):
            m.d.sync += tail_place.eq(place + 1 - spec.size)
        value: Value = read.data
        return data.View(data.ArrayLayout(spec.input.shape, spec.channels), value)
