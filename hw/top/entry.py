"""The entry of a network: unpads, paces and frames the beats that AXI4-Stream brings.

Beats come in no faster than the slowest block takes them (`hw.network.schedule.Pace`). How
windows are cut from them is a matter of the mode (`hw.network.mode`), each in a file of its own.
"""

from abc import abstractmethod

from amaranth.hdl import Module, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.layer.recurrent.state_access import bus_members
from hw.memory_port import Memory, StateInterface
from hw.network.pace import Pace
from hw.stream import Port


def padded_width(port: Port) -> int:
    """Return the bits of one value of `port` on the bus: whole bytes."""
    return -(-port.format.width // 8) * 8


def series_bits(port: Port) -> int:
    """Return the width of ``tid``; zero where the hardware serves one series."""
    return (port.series - 1).bit_length()


class Entry(wiring.Component):
    """From AXI4-Stream beats to the network's first stream.

    ``restart`` begins all series anew: it must stay high until `restarted`; no beat is let in
    meanwhile, and the next beat of each series is a first one. Windows that had begun are lost
    and counted. While ``hold`` is high, no beat is let in. ``clear`` empties the joins of the
    network after a window that broke off.

    Where other streams accompany this one (`hw.top.side_inputs`), ``misfit`` drops the window as a
    wrong ``tlast`` does; ``first``, ``dropping`` and ``breaks`` tell them of the beat at hand.

    Parameters
    ----------
    port
        Input of the network.
    pace
        How fast beats may follow each other.
    drain_cycles
        Cycles from a beat's entry after which nothing of it moves any more.
    begun
        The memory in which a host finds whether series have begun, if there is one; it is
        reached through ``state_bus`` while `resting`, which is while no beat waits in the entry.

    Where the port has ``tag.model``, the entry gives each window its own: windows that begin have
    that of ``target``, and ``gone`` says that no other one is in use.
    """

    tdata: Signal
    tid: Signal
    tvalid: Signal
    tready: Signal
    tlast: Signal
    restart: Signal
    restarted: Signal
    hold: Signal
    dropped_windows: Signal
    clear: Signal
    resting: Signal
    state_bus: StateInterface
    misfit: Signal
    first: Signal
    dropping: Signal
    breaks: Signal
    target: Signal
    gone: Signal
    o: stream.Interface

    def __init__(
        self, port: Port, pace: Pace, drain_cycles: int, begun: Memory | None = None
    ) -> None:
        self.port, self.pace, self.drain_cycles, self.begun = port, pace, drain_cycles, begun
        super().__init__(
            {
                "tdata": In(unsigned(padded_width(port) * port.channels)),
                "tid": In(max(series_bits(port), 1)),
                "tvalid": In(1),
                "tready": Out(1),
                "tlast": In(1),
                "restart": In(1),
                "restarted": Out(1),
                "hold": In(1),
                "dropped_windows": Out(32),
                "clear": Out(1),
                "resting": Out(1),
                "misfit": In(1),
                "first": Out(1),
                "dropping": Out(1),
                "breaks": Out(1),
                "target": In(1),
                "gone": Out(1),
                "o": Out(port.signature),
            }
            | bus_members(begun)
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        values = unpad(m, self.tdata, self.port, "unpadded")
        m.d.comb += [self.resting.eq(1), self.gone.eq(1)]
        self.frame(m, values)
        return m

    @abstractmethod
    def frame(self, m: Module, values: data.View) -> None:
        """Add what drives ``tready``, ``o`` and the other outputs from the unpadded `values`."""

    def drain(self, m: Module, breaks: Value) -> Signal:
        """Return whether all of a window that broke off is through; drives ``clear`` at its end.

        Intervals hold only within and between whole windows, and the branches of a network send
        different numbers of beats of a broken one: what waits in the joins then is cleared.
        """
        if self.drain_cycles == 0:
            return Signal(init=1, name="drained")
        wait = Signal(range(self.drain_cycles + 2), name="drain_wait")
        calm = Signal(name="drained")
        m.d.comb += [self.clear.eq(wait == 1), calm.eq(wait == 0)]
        with m.If(breaks):
            m.d.sync += wait.eq(self.drain_cycles + 1)
        with m.Elif(~calm):
            m.d.sync += wait.eq(wait - 1)
        return calm


def countdown(m: Module, interval: int, name: str) -> Signal:
    """Return a register that counts down to zero; what loads it comes later and wins."""
    register = Signal(range(max(interval, 2)), name=name)
    with m.If(register != 0):
        m.d.sync += register.eq(register - 1)
    return register


def unpad(m: Module, tdata: Value, port: Port, name: str) -> data.View:
    """Return the values in a beat of `port` on the bus."""
    layout = data.ArrayLayout(port.format.shape, port.channels)
    values = data.View(layout, Signal(layout.size, name=name))
    width = padded_width(port)
    for channel in range(port.channels):
        raw = tdata[channel * width : channel * width + port.format.width]
        m.d.comb += values[channel].eq(raw)
    return values
