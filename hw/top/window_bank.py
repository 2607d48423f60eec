"""Windows kept while the judge looks at them, and sent again when they turn out to be rough.

A smooth window's place is overwritten by the next window; a rough one's is free again when the
last beat has been sent.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory, WritePort
from amaranth.lib.wiring import In, Out

from hw.network.gated import GatedNetwork


class WindowBank(wiring.Component):
    """A memory of whole windows, filled at one end and replayed at the other.

    Parameters
    ----------
    gated
        The design.

    Attributes
    ----------
    i : In(stream)
        Beats of windows; one that ends without a last beat leaves nothing behind.
    decided, rough : In(1)
        The verdict on the window whose last beat came in the cycle before.
    full : Out(1)
        No window may begin to come in, as it might find no place.
    waits : Out(1)
        A rough window is there whose last beat has not been sent.
    o : Out(stream)
        The values of its beats, with ``last``; ready as in AXI4-Stream.
    """

    i: stream.Interface
    decided: Signal
    rough: Signal
    full: Signal
    waits: Signal
    o: stream.Interface

    def __init__(self, gated: GatedNetwork) -> None:
        self._steps, self._banks = gated.look_back, gated.banks
        port = gated.input
        self._values = data.ArrayLayout(port.format.shape, port.channels)
        beat = data.StructLayout({"data": self._values, "last": 1})
        super().__init__(
            {
                "i": In(gated.input.signature),
                "decided": In(1),
                "rough": In(1),
                "full": Out(1),
                "waits": Out(1),
                "o": Out(stream.Signature(beat)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        depth = self._steps * self._banks
        width = self._values.size
        m.submodules.windows = windows = Memory(shape=width, depth=depth, init=[])
        write, read = windows.write_port(), windows.read_port()
        self._fill(m, write, depth)
        held = Signal(range(self._banks + 1), name="held")
        held_now = Signal(range(self._banks + 1), name="held_now")
        sent = Signal(name="sent")
        tag = self.i.payload.tag
        judging = Signal(name="judging")
        m.d.comb += [
            judging.eq(self.i.valid & tag.last),
            held_now.eq(held + (self.decided & self.rough)),
            # What has no verdict yet counts as rough.
            self.full.eq(held_now + judging >= self._banks),
            self.waits.eq(held_now != 0),
        ]
        m.d.sync += held.eq(held_now - sent)
        place, step = Signal(range(depth), name="place"), Signal(range(self._steps), name="step")
        following = Signal.like(place, name="following")
        moves = Signal(name="moves")
        m.d.comb += [
            # The next window's first beat is read again and again, so that it is at hand.
            read.addr.eq(following),
            following.eq(Mux(moves, Mux(place == depth - 1, 0, place + 1), place)),
            moves.eq(self.o.valid & self.o.ready),
            sent.eq(moves & self.o.payload.last),
            self.o.valid.eq(self.waits),
            self.o.payload.data.as_value().eq(read.data),
            self.o.payload.last.eq(step == self._steps - 1),
        ]
        m.d.sync += place.eq(following)
        with m.If(moves):
            m.d.sync += step.eq(Mux(self.o.payload.last, 0, step + 1))
        return m

    def _fill(self, m: Module, write: WritePort, depth: int) -> None:
        """Write a window behind the latest rough one, from the start again if it breaks off."""
        base = Signal(range(depth), name="base")
        base_now = Signal.like(base, name="base_now")
        fill, here = Signal.like(base, name="fill"), Signal.like(base, name="fill_here")
        behind = Mux(base == depth - self._steps, 0, base + self._steps)
        m.d.comb += [
            base_now.eq(Mux(self.decided & self.rough, behind, base)),
            here.eq(Mux(self.i.payload.tag.first, base_now, fill)),
            write.en.eq(self.i.valid),
            write.addr.eq(here),
            write.data.eq(self.i.payload.data.as_value()),
        ]
        m.d.sync += base.eq(base_now)
        with m.If(self.i.valid):
            m.d.sync += fill.eq(here + 1)
