"""The hardware of `hw.layer.convolution.receptive_field.ReceptiveField`: history and taps."""

from collections.abc import Sequence
from dataclasses import replace

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data
from amaranth.lib.memory import Memory

from hw.layer.convolution.carrier import Carrier
from hw.layer.convolution.receptive_field import ReceptiveField
from hw.layer.series_state import series_state, state_cycles
from hw.stream import Block, Port
from hw.timing import BlockTiming

MEMORY_BITS = 512
"""Dilated histories from this size on go into a memory; registers would cost more."""


class ReceptiveFieldBlock(Block):
    """Turns beats into one beat of all taps for each output step.

    Latency 0; with interleaved series one cycle, as the history of each lies in a memory.

    Channel c of tap i, the oldest tap being 0, is channel ``i * channels + c`` of the result.

    Parameters
    ----------
    field
        Geometry.
    source
        Port of the input.
    """

    def __init__(self, field: ReceptiveField, source: Port) -> None:
        self._field, self._row = field, source.channels * source.format.width
        self._series = source.series
        super().__init__((source,), (_result(field, source),))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        field = self._field
        self._state = state = series_state(m, self.i, self._series, self._layout, "history")
        tag = state.payload.tag
        now = state.payload.data.as_value()
        if self._shifts or field.reach * self._row < MEMORY_BITS:
            rows = self._registers(m, now)
            older = self._masked(m, rows[field.dilation - 1 :: field.dilation])
        else:
            rows: list[Value] = []
            older = self._masked(m, self._memory(m, now))
        taps = [now, *older]
        fires = self._fires(m)
        live = Signal(name="live")
        m.d.comb += live.eq(state.valid & fires)
        m.d.comb += [
            self.o.valid.eq(live),
            self.o.payload.data.as_value().eq(Cat(reversed(taps))),
        ]
        if field.stride == 1 and field.last[0] == 0 and not field.flushed:
            # Beat for beat, so also where windows have no end: what comes in tells.
            m.d.comb += self.o.payload.tag.as_value().eq(tag.as_value())
            return m
        index_now = Signal(range(field.outputs + 1), name="output_step_now")
        m.d.comb += [
            index_now.eq(Mux(tag.first, 0, state.now.index)),
            state.following.index.eq(index_now + fires),
            self.o.payload.tag.as_value().eq(tag.as_value()),
            self.o.payload.tag.first.eq(index_now == 0),
            self.o.payload.tag.last.eq(index_now == field.outputs - 1),
        ]
        if field.flushed:
            self._flush(m, [now, *rows])
        return m

    @property
    def _shifts(self) -> bool:
        return bool(self._field.flushed) or self._field.dilation == 1 or self._series > 1

    @property
    def _layout(self) -> data.StructLayout:
        """What is kept of a series: the last rows, and counters of beats."""
        field = self._field
        kept = self._shifts or field.reach * self._row < MEMORY_BITS
        return data.StructLayout(
            {
                "rows": data.ArrayLayout(self._row, field.reach if kept else 0),
                "index": field.outputs.bit_length(),
                "age": max(field.reach.bit_length(), 1),
                "wait": max(field.last[0], field.stride - 1, 1).bit_length(),
            }
        )

    def _registers(self, m: Module, now: Value) -> list[Value]:
        """Return the rows of the last beats, the newest first."""
        state, reach = self._state, self._field.reach
        rows: list[Value] = [state.now.rows[age] for age in range(reach)]
        m.d.comb += [
            state.following.rows[age].eq(newer)
            for age, newer in zip(range(reach), [now, *rows], strict=False)
        ]
        return rows

    def _memory(self, m: Module, now: Value) -> list[Value]:
        """Return the taps before the newest, each kept in the memory for `dilation` beats.

        The word that the next beat needs is read while this one is written, one place on.
        """
        field = self._field
        memory = Memory(shape=unsigned(self._row * (field.taps - 1)), depth=field.dilation, init=[])
        m.submodules.history = memory
        read, write = memory.read_port(), memory.write_port()
        place = Signal(range(field.dilation), name="place")
        following = Signal.like(place, name="next_place")
        m.d.comb += [
            following.eq(Mux(place == field.dilation - 1, 0, place + 1)),
            read.addr.eq(following),
            read.en.eq(self.i.valid),
            write.addr.eq(place),
            write.en.eq(self.i.valid),
            write.data.eq(Cat(now, read.data)),  # the oldest falls off
        ]
        with m.If(self.i.valid):
            m.d.sync += place.eq(following)
        return [read.data[q * self._row : (q + 1) * self._row] for q in range(field.taps - 1)]

    def _masked(self, m: Module, older: Sequence[Value]) -> Sequence[Value]:
        """Replace taps that lie before the window's first beat by zeros."""
        field = self._field
        if not field.before:
            return older
        state = self._state
        age_now = Signal(range(field.reach + 1), name="age_now")
        m.d.comb += [
            age_now.eq(Mux(state.payload.tag.first, 0, state.now.age)),
            state.following.age.eq(Mux(age_now != field.reach, age_now + 1, age_now)),
        ]
        return [
            Mux(age_now >= q * field.dilation, row, 0)
            if q * field.dilation > field.last[0]
            else row
            for q, row in enumerate(older, start=1)
        ]

    def _fires(self, m: Module) -> Value:
        """Tell whether the beat completes an output step."""
        field = self._field
        if field.stride == 1 and field.last[0] == 0:
            return Const(1)
        state = self._state
        wait_now = Signal(len(state.now.wait), name="wait_now")
        fires = Signal(name="fires")
        m.d.comb += [
            wait_now.eq(Mux(state.payload.tag.first, field.last[0], state.now.wait)),
            fires.eq(wait_now == 0),
            state.following.wait.eq(Mux(fires, field.stride - 1, wait_now - 1)),
        ]
        return fires

    def _flush(self, m: Module, rows: list[Value]) -> None:
        """Add the burst: zeros are shifted into a copy of the window's last rows."""
        field = self._field
        tail = [Signal(self._row, name=f"tail{age}") for age in range(1, field.reach + 1)]
        behind = Signal(range(field.flushed[-1] + 1), name="behind")
        timer = Signal(range(max(field.flush_cycles, 2)), name="flush_timer")
        flushing = Signal()
        due = Signal(name="flush_due")
        m.d.comb += due.eq(flushing & (timer == 0))
        completes = Array(Const(u in field.flushed) for u in range(1, field.flushed[-1] + 1))
        with m.If(due):
            m.d.comb += [
                self.o.valid.eq(completes[behind]),
                self.o.payload.data.as_value().eq(
                    Cat(
                        *(tail[q * field.dilation - 1] for q in range(field.taps - 1, 0, -1)),
                        Const(0, self._row),
                    )
                ),
                self.o.payload.tag.first.eq(
                    (behind == field.flushed[0] - 1) & (len(field.flushed) == field.outputs)
                ),
                self.o.payload.tag.last.eq(behind == field.flushed[-1] - 1),
            ]
            m.d.sync += [
                *(row.eq(newer) for row, newer in zip(tail[1:], tail, strict=False)),
                tail[0].eq(0),
                behind.eq(behind + 1),
                flushing.eq(behind != field.flushed[-1] - 1),
                timer.eq(field.flush_cycles - 1),
            ]
        with m.Elif(flushing):
            m.d.sync += timer.eq(timer - 1)
        with m.If(self.i.valid & self.i.payload.tag.last):
            m.d.sync += [
                # Beats of the window before are none of this one's.
                *(
                    row.eq(newer if age < field.steps else 0)
                    for age, (row, newer) in enumerate(zip(tail, rows, strict=False))
                ),
                behind.eq(0),
                flushing.eq(1),
                timer.eq(field.flush_cycles - 1),
            ]


def taps_block(field: ReceptiveField, source: Port) -> Block:
    """Return what gathers the taps; with ``tag.model`` beside it where `source` has that."""
    plain = replace(source, models=1)
    block = ReceptiveFieldBlock(field, plain)
    if source.models == 1:
        return block
    timing = BlockTiming(
        state_cycles(source.series), field.interval_cycles, emission=field.emission
    )
    return Carrier(block, (plain,), (_result(field, plain),), timing)


def _result(field: ReceptiveField, source: Port) -> Port:
    channels = field.taps * source.channels
    return Port("o", channels, source.format, field.outputs, source.series)
