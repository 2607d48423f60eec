"""The gate behind an output, in hardware: forecasts wait until their window has closed well.

See `hw.network.gate` for when and why. Latency 0 for what comes last.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.network.gate import Gate
from hw.stream import Port
from hw.top.join import queue


class ForecastGate(wiring.Component):
    """A queue of beats, and a count of the closed windows whose forecast is not out yet.

    Parameters
    ----------
    port
        The output.
    gate
        How much it holds.
    """

    i: stream.Interface
    o: stream.Interface
    closes: Signal

    def __init__(self, port: Port, gate: Gate) -> None:
        self._port, self._gate = port, gate
        super().__init__({"i": In(port.signature), "o": Out(port.signature), "closes": In(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        closed = Signal(range(self._gate.windows + 2), name="closed_windows")
        goes, ends = Signal(name="goes"), Signal(name="ends")
        payload = self.i.payload.as_value()
        there, head = queue(m, 0, self.i.valid, payload, goes, self._gate.depth)
        m.d.comb += [
            goes.eq(there & ((closed != 0) | self.closes)),
            ends.eq(goes & data.View(self._port.layout, head).tag.last),
            self.o.valid.eq(goes),
            self.o.payload.as_value().eq(head),
        ]
        m.d.sync += closed.eq(closed + self.closes - ends)
        return m
