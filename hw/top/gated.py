"""The AXI4-Stream top of two networks behind a gate.

Beats go into the cheap network as they come, so a smooth window is answered as if it were alone;
they are kept meanwhile, and a window that turns out to be rough is replayed to the large network
while the next ones come in. A large network that began before the last beat would save at most
the time in which the window comes in, and would work in vain for windows that break off.

Nothing is frozen by a blocked output: a window begins only when there is a place for its forecast
(``in_flight``) and for itself (`hw.top.window_bank`). The clock of the large network is enabled
from a verdict until nothing moves in it any more. Forecasts leave in the order of their windows;
the cheap one of a rough window is taken from its queue together with the large one and dropped.
"""

from amaranth.hdl import (
    Cat,
    ClockDomain,
    ClockSignal,
    EnableInserter,
    Module,
    Mux,
    ResetSignal,
    Signal,
    Value,
)
from amaranth.lib import data, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from hw.control.axi_lite import PREFIX, connect_bus
from hw.control.saturation import saturation_watches
from hw.network.gated import GatedNetwork
from hw.top.axi import beat_shape, padded
from hw.top.core import Core
from hw.top.entry import countdown
from hw.top.gated_control import GatedControl
from hw.top.judge import Judge
from hw.top.window_bank import WindowBank
from hw.top.write_verilog import to_verilog


class GatedAccelerator(wiring.Component):
    """Two networks behind one AXI4-Stream.

    Parameters
    ----------
    gated
        What is computed.
    control
        Whether it has registers behind AXI4-Lite, ``s_axil_*`` (`hw.control.gated_map.gated_map`);
        without them the threshold is a constant.
    """

    aclk: Signal
    aresetn: Signal
    s_axis_tdata: Signal
    s_axis_tvalid: Signal
    s_axis_tready: Signal
    s_axis_tlast: Signal
    m_axis_tdata: Signal
    m_axis_tvalid: Signal
    m_axis_tready: Signal
    m_axis_tlast: Signal
    dropped_windows: Signal

    def __init__(self, gated: GatedNetwork, control: bool = False) -> None:
        self._gated = gated
        self._control = GatedControl(gated) if control else None
        super().__init__(
            {
                "aclk": In(1),
                "aresetn": In(1),
                "s_axis_tdata": In(beat_shape(gated.input)),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "s_axis_tlast": In(1),
                "m_axis_tdata": Out(beat_shape(gated.output)),
                "m_axis_tvalid": Out(1),
                "m_axis_tready": In(1),
                "m_axis_tlast": Out(1),
                "dropped_windows": Out(32),
                **(self._control.pins if self._control is not None else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = ClockDomain()
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]
        gated = self._gated
        watched = self._control is not None
        watches = [saturation_watches(n) if watched else () for n in (gated.cheap, gated.large)]
        m.submodules.cheap = cheap = Core(gated.cheap, watches[0])
        m.submodules.judge = judge = Judge(gated)
        m.submodules.bank = bank = WindowBank(gated)
        m.d.comb += [
            judge.i.valid.eq(cheap.entered.valid),
            judge.i.payload.eq(cheap.entered.payload),
            bank.i.valid.eq(judge.kept.valid),
            bank.i.payload.eq(judge.kept.payload),
            bank.decided.eq(judge.decided),
            bank.rough.eq(judge.rough),
            cheap.tdata.eq(self.s_axis_tdata),
            cheap.tlast.eq(self.s_axis_tlast),
            self.dropped_windows.eq(cheap.dropped_windows),
        ]
        large = Core(gated.large, watches[1])
        awake = self._replay(m, bank, large)
        m.submodules.large = EnableInserter(awake)(large)
        leaves = self._answer(m, judge, cheap, large, awake)
        places = self._places(m, judge.i.valid & judge.i.payload.tag.last, leaves)
        m.d.comb += cheap.hold.eq(bank.full | ~places)
        if self._control is None:
            m.d.comb += [
                judge.threshold.eq(gated.threshold),
                cheap.tvalid.eq(self.s_axis_tvalid),
                self.s_axis_tready.eq(cheap.tready),
            ]
        else:
            m.submodules.control = self._control
            self._attach(m, self._control, cheap, judge)
            # A clock that rests must not count one beat again and again.
            seen = Mux(awake, large.saturated, 0)
            m.d.comb += [
                self._control.saturated.eq(Cat(cheap.saturated, seen)),
                self._control.awake.eq(awake),
            ]
        return m

    def _replay(self, m: Module, bank: WindowBank, large: Core) -> Signal:
        """Send rough windows to the large network; return when its clock is enabled."""
        port, busy = self._gated.large.input, self._gated.gated_timing.large.busy_cycles
        rest = countdown(m, busy + 1, "rest")
        awake = Signal(name="awake")
        m.d.comb += [
            large.tdata.eq(padded(m, bank.o.payload.data, port, "replayed")),
            large.tvalid.eq(bank.o.valid),
            large.tlast.eq(bank.o.payload.last),
            bank.o.ready.eq(large.tready),
            awake.eq(bank.waits | (rest != 0)),
        ]
        with m.If(bank.o.valid & bank.o.ready):
            m.d.sync += rest.eq(busy)
        return awake

    def _answer(self, m: Module, judge: Judge, cheap: Core, large: Core, awake: Value) -> Signal:
        """Let forecasts leave in the order of their windows; return when one has left."""
        windows, port = self._gated.queue, self._gated.output
        beats = windows * port.beats
        there, rough = _queue(m, "verdicts", judge.decided, judge.rough, windows)
        cheaps, cheap_beat = _queue(
            m, "cheap_forecasts", cheap.o.valid, cheap.o.payload.as_value(), beats
        )
        larges, large_beat = _queue(
            m, "large_forecasts", large.o.valid & awake, large.o.payload.as_value(), beats
        )
        moves, leaves = Signal(name="output_moves"), Signal(name="forecast_leaves")
        beat = data.View(port.layout, Signal(port.layout.size, name="forecast"))
        m.d.comb += [
            beat.as_value().eq(Mux(rough.r_data, large_beat.r_data, cheap_beat.r_data)),
            self.m_axis_tvalid.eq(there & cheaps & (larges | ~rough.r_data)),
            self.m_axis_tdata.eq(padded(m, beat.data, port)),
            self.m_axis_tlast.eq(beat.tag.last),
            moves.eq(self.m_axis_tvalid & self.m_axis_tready),
            leaves.eq(moves & beat.tag.last),
            rough.r_en.eq(leaves),
            cheap_beat.r_en.eq(moves),
            large_beat.r_en.eq(moves & rough.r_data),
        ]
        return leaves

    def _places(self, m: Module, comes: Value, leaves: Value) -> Value:
        """Return whether there is a place for the forecast of one more window."""
        windows = self._gated.queue
        in_flight = Signal(range(windows + 1), name="in_flight")
        m.d.sync += in_flight.eq(in_flight + comes - leaves)
        return in_flight != windows

    def _attach(self, m: Module, control: GatedControl, cheap: Core, judge: Judge) -> None:
        """Connect registers and counters."""
        connect_bus(m, self, control, control.address_bits, PREFIX)
        m.d.comb += [
            cheap.tvalid.eq(self.s_axis_tvalid & control.accepting),
            self.s_axis_tready.eq(cheap.tready & control.accepting),
            judge.threshold.eq(control.threshold),
            cheap.restart.eq(control.restart),
            control.restarted.eq(cheap.restarted),
            control.input_beat.eq(self.s_axis_tvalid & self.s_axis_tready),
            control.output_beat.eq(self.m_axis_tvalid & self.m_axis_tready),
            control.stalled.eq(self.m_axis_tvalid & ~self.m_axis_tready),
            control.decided.eq(judge.decided),
            control.rough.eq(judge.rough),
            control.dropped_windows.eq(cheap.dropped_windows),
        ]


def _queue(
    m: Module, name: str, valid: Value, payload: Value, depth: int
) -> tuple[Signal, SyncFIFO]:
    """Return whether a beat is there, and the queue; it is never full when one comes."""
    # In a FIFO of one entry Amaranth's pointers have no bits, which Verilog cannot express.
    fifo = SyncFIFO(width=len(payload), depth=max(depth, 2))
    m.submodules[name] = fifo
    m.d.comb += [fifo.w_en.eq(valid), fifo.w_data.eq(payload)]
    return fifo.r_rdy, fifo


def gated_verilog(gated: GatedNetwork, name: str = "accelerator", *, control: bool = False) -> str:
    """Return the Verilog of `gated`'s top as module `name`, on request with registers."""
    return to_verilog(GatedAccelerator(gated, control), name)
