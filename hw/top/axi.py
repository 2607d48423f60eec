"""The AXI4-Stream top: pads, paces, frames, and freezes.

One input beat is one time step, one output beat is one forecast; every value is extended to whole
bytes, value 0 in the low bits. ``tlast`` must close a window exactly at its last beat; a window
that is closed too early or too late is dropped and counted, and the next beat after the offending
``tlast`` begins a new one.

Inside nothing waits (`hw.stream`): the entry lets beats in no faster than the slowest block takes
them, and while the output buffer is full one clock enable stops everything. ``tready`` depends on
registers only.
"""

import re

from amaranth.back import verilog
from amaranth.hdl import (
    Cat,
    ClockDomain,
    ClockSignal,
    EnableInserter,
    Module,
    ResetInserter,
    ResetSignal,
    Signal,
    Value,
    unsigned,
)
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.network.graph import Network, Node
from hw.network.schedule import GATE, gate_stage
from hw.stream import Port
from hw.top.join import Join
from hw.top.skid_buffer import SkidBuffer


def padded_width(port: Port) -> int:
    """Return the bits of one value of `port` on the bus: whole bytes."""
    return -(-port.format.width // 8) * 8


class Accelerator(wiring.Component):
    """A network behind AXI4-Stream.

    Parameters
    ----------
    network
        What is computed.
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

    def __init__(self, network: Network) -> None:
        self._network = network
        super().__init__(
            {
                "aclk": In(1),
                "aresetn": In(1),
                "s_axis_tdata": In(unsigned(padded_width(network.input) * network.input.channels)),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "s_axis_tlast": In(1),
                "m_axis_tdata": Out(
                    unsigned(padded_width(network.output) * network.output.channels)
                ),
                "m_axis_tvalid": Out(1),
                "m_axis_tready": In(1),
                "m_axis_tlast": Out(1),
                "dropped_windows": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = ClockDomain()
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]
        network = self._network
        enable = Signal(name="clock_enable")
        core = Core(network)
        m.submodules.core = EnableInserter(enable)(core)
        width = padded_width(network.output)
        m.submodules.output = output = SkidBuffer(unsigned(width * network.output.channels))
        values = [core.o.payload.data[c] for c in range(network.output.channels)]
        m.d.comb += [
            enable.eq(output.i.ready),
            core.tdata.eq(self.s_axis_tdata),
            core.tlast.eq(self.s_axis_tlast),
            core.tvalid.eq(self.s_axis_tvalid & enable),
            self.s_axis_tready.eq(core.tready & enable),
            output.i.valid.eq(core.o.valid),
            output.i.payload.eq(
                Cat(_extended(m, value, width, f"result{c}") for c, value in enumerate(values))
            ),
            self.m_axis_tdata.eq(output.o.payload),
            self.m_axis_tvalid.eq(output.o.valid),
            self.m_axis_tlast.eq(1),
            output.o.ready.eq(self.m_axis_tready),
            self.dropped_windows.eq(core.dropped_windows),
        ]
        return m


def _extended(m: Module, value: "Signal | data.View", width: int, name: str) -> Signal:
    extended = Signal(width, name=name)
    m.d.comb += extended.eq(value)
    return extended


class Core(wiring.Component):
    """Everything that the clock enable stops: the entry and the blocks."""

    tdata: Signal
    tvalid: Signal
    tready: Signal
    tlast: Signal
    dropped_windows: Signal
    o: stream.Interface

    def __init__(self, network: Network) -> None:
        self._network = network
        super().__init__(
            {
                "tdata": In(unsigned(padded_width(network.input) * network.input.channels)),
                "tvalid": In(1),
                "tready": Out(1),
                "tlast": In(1),
                "dropped_windows": Out(32),
                "o": Out(network.output.signature),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        network = self._network
        port = network.input
        width = padded_width(port)
        beat = Signal(port.layout, name="beat")
        valid = Signal(name="beat_valid")
        for channel in range(port.channels):
            raw = self.tdata[channel * width : channel * width + port.format.width]
            m.d.comb += beat.data[channel].eq(raw)
        clear = Signal(name="clear_joins")
        self._frame(m, valid, beat.tag.first, beat.tag.last, clear)
        streams = {port.name: (valid, beat)}
        for node in network.nodes:
            block = node.spec.build()
            m.submodules[identifier(node.name)] = block
            given = [streams[source] for source in node.inputs]
            if len(given) > 1:
                given = self._join(m, node, given, clear)
            for port, (there, payload) in zip(node.spec.inputs, given, strict=True):
                taken = getattr(block, port.name)
                m.d.comb += [taken.valid.eq(there), taken.payload.eq(payload)]
            streams[node.name] = block.o.valid, block.o.payload
            _probe(m, node.name, block.o.valid, block.o.payload)
        there, payload = streams[network.outputs[0]]
        if network.schedule.output == GATE:
            there, payload = self._gate(m, (there, payload), valid & beat.tag.last, clear)
        m.d.comb += [self.o.valid.eq(there), self.o.payload.eq(payload)]
        return m

    def _gate(
        self, m: Module, forecast: tuple[Signal, Signal], closes: Value, clear: Signal
    ) -> tuple[Signal, Signal]:
        """Keep a forecast back until its window has closed where it should."""
        schedule, network = self._network.schedule, self._network
        ports = gate_stage(network.outputs[0], network.output).inputs
        join = Join(ports, schedule.joins[GATE])
        m.submodules.forecast_gate = ResetInserter(clear)(join)
        queue, closed = join.inputs
        m.d.comb += [
            queue.valid.eq(forecast[0]),
            queue.payload.eq(forecast[1]),
            closed.valid.eq(closes),
        ]
        return join.outputs[0].valid, join.outputs[0].payload

    def _join(
        self, m: Module, node: Node, given: list[tuple[Signal, Signal]], clear: Signal
    ) -> list[tuple[Signal, Signal]]:
        """Let the beats of several streams enter a block in the same cycle.

        Branches send different numbers of beats of a window that breaks off; `clear` drops them.
        """
        join = Join(node.spec.inputs, self._network.schedule.joins[node.name])
        m.submodules[f"{identifier(node.name)}_join"] = ResetInserter(clear)(join)
        for queue, (valid, payload) in zip(join.inputs, given, strict=True):
            m.d.comb += [queue.valid.eq(valid), queue.payload.eq(payload)]
        return [(head.valid, head.payload) for head in join.outputs]

    def _frame(self, m: Module, valid: Signal, first: Signal, last: Signal, clear: Signal) -> None:
        """Pace the beats and check the window's length.

        After a window that breaks off, the next beat waits until all of it is through: intervals
        hold only within and between whole windows.
        """
        network = self._network
        steps, pace = network.look_back, network.schedule.pace
        drain = network.schedule.drain_cycles + 1
        step_wait = _countdown(m, max(pace.step, drain), "step_wait")
        broken = Signal()
        window_wait = _countdown(m, pace.window, "window_wait")
        count = Signal(range(max(steps, 2)))
        dropping = Signal()
        closes = Signal()
        accepted = Signal()
        m.d.comb += [
            closes.eq(count == steps - 1),
            self.tready.eq((step_wait == 0) & (~closes | (window_wait == 0))),
            accepted.eq(self.tvalid & self.tready),
            first.eq(count == 0),
            last.eq(closes),
            valid.eq(accepted & ~dropping & (self.tlast == closes)),
            clear.eq(broken & (step_wait == 1)),
        ]
        with m.If(clear):
            m.d.sync += broken.eq(0)
        with m.If(accepted):
            m.d.sync += step_wait.eq(pace.step - 1)
            with m.If(dropping):
                m.d.sync += dropping.eq(~self.tlast)
            with m.Elif(self.tlast != closes):
                m.d.sync += [
                    count.eq(0),
                    dropping.eq(~self.tlast),
                    self.dropped_windows.eq(self.dropped_windows + 1),
                    broken.eq(1),
                    step_wait.eq(drain - 1),
                ]
            with m.Elif(closes):
                m.d.sync += [
                    count.eq(0),
                    window_wait.eq(pace.window - 1),
                ]
            with m.Else():
                m.d.sync += count.eq(count + 1)


def identifier(name: str) -> str:
    """Return a layer's name as hardware spells it: letters, digits and underscores."""
    return re.sub(r"\W", "_", name)


def probe_names(name: str) -> tuple[str, str]:
    """Return the wires of `Core` on which simulation sees a node's beats: valid and data."""
    return f"probe_{identifier(name)}_valid", f"probe_{identifier(name)}_data"


def _probe(m: Module, name: str, valid: Signal, payload: data.View) -> None:
    for wire, value in zip(probe_names(name), (valid, payload.data.as_value()), strict=True):
        m.d.comb += Signal(len(value), name=wire).eq(value)


def _countdown(m: Module, interval: int, name: str) -> Signal:
    """Return a register that counts down to zero; what loads it comes later and wins."""
    register = Signal(range(max(interval, 2)), name=name)
    with m.If(register != 0):
        m.d.sync += register.eq(register - 1)
    return register


def accelerator_verilog(network: Network, name: str = "accelerator") -> str:
    """Return the Verilog of `network`'s AXI4-Stream top as module `name`."""
    return verilog.convert(Accelerator(network), name=name, emit_src=False)
