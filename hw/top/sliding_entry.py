"""Entry of the sliding mode: the look-back lives on chip, one forecast for every new sample.

The first window of a series comes in beat by beat. From then on the entry sends all but the last
beat of the next window from its own memory, and waits at the last one for a new sample: what
comes late costs no more than the window's latency. ``tlast`` ends a series; the next sample
begins a new one. A series that ends before its first window is full is dropped and counted.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data
from amaranth.lib.memory import Memory

from hw.top.entry import Entry, countdown


class SlidingEntry(Entry):
    """A ring of the last ``steps - 1`` samples in front of the network."""

    def frame(self, m: Module, values: data.View) -> None:
        steps, pace = self.port.beats, self.pace
        step_wait = countdown(m, pace.step, "step_wait")
        window_wait = countdown(m, pace.window, "window_wait")
        count = Signal(range(max(steps, 2)))
        replaying = Signal()
        closes, due, takes, moves, full = (
            Signal(name=name) for name in ("closes", "due", "takes", "moves", "full")
        )
        breaks = Signal(name="breaks")
        calm = self.drain(m, breaks | self.restart) & ~self.hold
        m.d.comb += [
            breaks.eq(takes & self.tlast & ~closes),
            closes.eq(count == steps - 1),
            due.eq(calm & (step_wait == 0) & (~closes | (window_wait == 0)) & ~self.restart),
            self.restarted.eq(self.restart),
            self.tready.eq(due & (closes | ~replaying)),
            takes.eq(self.tready & self.tvalid),
            moves.eq(takes | (due & replaying & ~closes)),
            full.eq(takes & closes),
            self.o.valid.eq(moves & ~breaks),
            self.o.payload.tag.first.eq(count == 0),
            self.o.payload.tag.last.eq(closes),
        ]
        kept = self._ring(m, values, takes, moves)
        m.d.comb += self.o.payload.data.eq(Mux(takes, values.as_value(), kept))
        with m.If(moves):
            m.d.sync += [step_wait.eq(pace.step - 1), count.eq(count + 1)]
        with m.If(full):
            m.d.sync += [count.eq(0), replaying.eq(~self.tlast), window_wait.eq(pace.window - 1)]
        with m.If(breaks):
            m.d.sync += [count.eq(0), self.dropped_windows.eq(self.dropped_windows + 1)]
        with m.If(self.restart):
            # Samples that already had their forecasts are forgotten, but no window is lost.
            lost = ~replaying & (count != 0)
            m.d.sync += [
                count.eq(0),
                replaying.eq(0),
                self.dropped_windows.eq(self.dropped_windows + lost),
            ]

    def _ring(self, m: Module, values: data.View, takes: Signal, moves: Signal) -> Signal:
        """Return the oldest sample not yet sent again; the newest one takes the oldest's place.

        One position serves both: it goes round once a window, and the sample that leaves it is
        either sent (replaying) or not there yet (filling). The last beat of a window is stored
        where the oldest was, which has just been sent as the first.
        """
        steps = self.port.beats
        depth = max(steps - 1, 1)
        width = len(values.as_value())
        m.submodules.ring = ring = Memory(shape=width, depth=max(depth, 2), init=[])
        place, following = (Signal(range(max(depth, 2)), name=n) for n in ("place", "following"))
        # A window moves the position on by `steps`, one more than the ring holds.
        m.d.comb += following.eq(place)
        with m.If(moves):
            m.d.comb += following.eq(Mux(place == depth - 1, 0, place + 1))
        m.d.sync += place.eq(following)
        write = ring.write_port()
        read = ring.read_port(transparent_for=(write,))
        m.d.comb += [
            write.addr.eq(place),
            write.data.eq(values.as_value()),
            write.en.eq(takes),
            read.addr.eq(following),
        ]
        return read.data
