"""The skid buffer between the blocks, which never wait, and a consumer, which may."""

from amaranth.hdl import Module, Mux, ShapeLike, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class SkidBuffer(wiring.Component):
    """Two-entry buffer that cuts every combinational path between its two sides.

    Latency one cycle, interval one cycle. ``i.ready`` and ``o.valid`` are registers, so no path
    leads from a consumer's ready to a producer's valid (AXI4-Stream, ARM IHI 0051, section 2.2).
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, payload: ShapeLike) -> None:
        signature = stream.Signature(payload)
        super().__init__({"i": In(signature), "o": Out(signature)})
        self._payload = payload

    def elaborate(self, platform: object) -> Module:
        m = Module()
        kept = Signal(self._payload, name="skid_kept")
        full = Signal(name="skid_full")
        moves = Signal(name="skid_moves")
        m.d.comb += [
            self.i.ready.eq(~full),
            moves.eq(self.o.ready | ~self.o.valid),
        ]
        with m.If(moves):
            m.d.sync += [
                self.o.valid.eq(full | self.i.valid),
                self.o.payload.eq(Mux(full, kept, self.i.payload)),
                full.eq(0),
            ]
        with m.Elif(self.i.valid & ~full):
            m.d.sync += [kept.eq(self.i.payload), full.eq(1)]
        return m
