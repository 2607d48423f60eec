"""The hardware of `hw.layer.receptive_field.ReceptiveField`: the history and its taps."""

from collections.abc import Sequence

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib.memory import Memory

from hw.layer.receptive_field import ReceptiveField
from hw.stream import Block, Port

MEMORY_BITS = 512
"""Dilated histories from this size on go into a memory; registers would cost more."""


class ReceptiveFieldBlock(Block):
    """Turns beats into one beat of all taps for each output step; latency 0.

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
        result = Port("o", field.taps * source.channels, source.format, field.outputs)
        super().__init__((source,), (result,))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        field, tag = self._field, self.i.payload.tag
        now = self.i.payload.data.as_value()
        shifts = bool(field.flushed) or field.dilation == 1
        if shifts or field.reach * self._row < MEMORY_BITS:
            rows = self._registers(m, now)
            older = self._masked(m, rows[field.dilation - 1 :: field.dilation])
        else:
            rows: list[Signal] = []
            older = self._masked(m, self._memory(m, now))
        taps = [now, *older]
        fires = self._fires(m)
        live = Signal(name="live")
        m.d.comb += live.eq(self.i.valid & fires)
        m.d.comb += [
            self.o.valid.eq(live),
            self.o.payload.data.as_value().eq(Cat(reversed(taps))),
        ]
        if field.stride == 1 and field.last[0] == 0 and not field.flushed:
            # Beat for beat, so also where windows have no end: what comes in tells.
            m.d.comb += self.o.payload.tag.as_value().eq(tag.as_value())
            return m
        index = Signal(range(field.outputs + 1), name="output_step")
        index_now = Signal.like(index, name="output_step_now")
        m.d.comb += [
            index_now.eq(Mux(tag.first, 0, index)),
            self.o.payload.tag.first.eq(index_now == 0),
            self.o.payload.tag.last.eq(index_now == field.outputs - 1),
        ]
        with m.If(self.i.valid):
            m.d.sync += index.eq(index_now + fires)
        if field.flushed:
            self._flush(m, [now, *rows])
        return m

    def _registers(self, m: Module, now: Value) -> list[Signal]:
        """Return the rows of the last beats, the newest first."""
        rows = [Signal(self._row, name=f"row{age}") for age in range(1, self._field.reach + 1)]
        with m.If(self.i.valid):
            m.d.sync += [row.eq(newer) for row, newer in zip(rows, [now, *rows], strict=False)]
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
        age = Signal(range(field.reach + 1), name="age")
        age_now = Signal.like(age, name="age_now")
        m.d.comb += age_now.eq(Mux(self.i.payload.tag.first, 0, age))
        with m.If(self.i.valid & (age_now != field.reach)):
            m.d.sync += age.eq(age_now + 1)
        with m.Elif(self.i.valid):
            m.d.sync += age.eq(age_now)
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
        most = max(field.last[0], field.stride - 1)
        wait = Signal(range(most + 1), name="wait")
        wait_now = Signal.like(wait, name="wait_now")
        fires = Signal(name="fires")
        m.d.comb += [
            wait_now.eq(Mux(self.i.payload.tag.first, field.last[0], wait)),
            fires.eq(wait_now == 0),
        ]
        with m.If(self.i.valid):
            m.d.sync += wait.eq(Mux(fires, field.stride - 1, wait_now - 1))
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
