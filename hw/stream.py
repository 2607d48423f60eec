"""Streams between blocks, and the skid buffer that ends them.

Inside a network nothing waits: every block has a fixed latency and a fixed interval, the entry
paces the beats (`hw.top.axi`), and one clock enable freezes all of it while the output is blocked.
A block's stream therefore has ``valid`` but no ``ready`` (``always_ready``).
"""

from dataclasses import dataclass

from amaranth.hdl import Module, Mux, ShapeLike, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.number.fixed_point import FixedPoint


@dataclass(frozen=True)
class Port:
    """One input or output of a block.

    Parameters
    ----------
    name
        Name within the block.
    channels
        Values in one beat.
    format
        Number format of each value.
    steps
        Beats in one window (time steps), or ``None`` for one beat a window.
    """

    name: str
    channels: int
    format: FixedPoint
    steps: int | None = None

    def carries_same(self, other: "Port") -> bool:
        """Tell whether beats of `other` mean the same here: shape, grid and rate agree."""
        return (
            self.channels == other.channels
            and self.steps == other.steps
            and self.format.same_grid(other.format)
        )

    @property
    def layout(self) -> data.StructLayout:
        """Payload of one beat; ``first`` and ``last`` mark the ends of a window."""
        return data.StructLayout(
            {"data": data.ArrayLayout(self.format.shape, self.channels), "first": 1, "last": 1}
        )

    @property
    def signature(self) -> stream.Signature:
        """The stream that carries this port's beats."""
        return stream.Signature(self.layout, always_ready=True)


class Block(wiring.Component):
    """A component with the input stream ``i`` and the output stream ``o``."""

    i: stream.Interface
    o: stream.Interface

    def __init__(self, source: Port, result: Port) -> None:
        super().__init__({"i": In(source.signature), "o": Out(result.signature)})


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
