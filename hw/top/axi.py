"""The AXI4-Stream top: a network's core, frozen while its output is blocked.

One input beat is one time step, one output beat is one forecast or one step of it, closed by
``tlast``; every value is extended to whole bytes, value 0 in the low bits. Interleaved designs
have ``tid``, the number of the series, on both sides. Inside nothing waits (`hw.stream`): while
the output buffer is full one clock enable stops everything.
"""

from amaranth.back import verilog
from amaranth.hdl import (
    Cat,
    ClockDomain,
    ClockSignal,
    EnableInserter,
    Module,
    ResetSignal,
    Shape,
    Signal,
    Value,
    unsigned,
)
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.network.graph import Network
from hw.stream import Port, tag_layout
from hw.top.core import Core
from hw.top.entry import padded_width, series_bits
from hw.top.skid_buffer import SkidBuffer


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
    s_axis_tid: Signal
    m_axis_tid: Signal

    def __init__(self, network: Network) -> None:
        self._network = network
        bits = series_bits(network.input)
        number = {"s_axis_tid": In(bits), "m_axis_tid": Out(bits)} if bits else {}
        super().__init__(
            {
                "aclk": In(1),
                "aresetn": In(1),
                "s_axis_tdata": In(beat_shape(network.input)),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "s_axis_tlast": In(1),
                "m_axis_tdata": Out(beat_shape(network.output)),
                "m_axis_tvalid": Out(1),
                "m_axis_tready": In(1),
                "m_axis_tlast": Out(1),
                "dropped_windows": Out(32),
                **number,
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = ClockDomain()
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]
        enable = Signal(name="clock_enable")
        core = Core(self._network)
        m.submodules.core = EnableInserter(enable)(core)
        port = self._network.output
        layout = data.StructLayout({"data": beat_shape(port), "tag": tag_layout(port.series)})
        m.submodules.output = output = SkidBuffer(layout)
        m.d.comb += [
            enable.eq(output.i.ready),
            core.tdata.eq(self.s_axis_tdata),
            core.tlast.eq(self.s_axis_tlast),
            core.tvalid.eq(self.s_axis_tvalid & enable),
            self.s_axis_tready.eq(core.tready & enable),
            output.i.valid.eq(core.o.valid),
            output.i.payload.data.eq(padded(m, core.o.payload.data, port)),
            output.i.payload.tag.eq(core.o.payload.tag),
            self.m_axis_tdata.eq(output.o.payload.data),
            self.m_axis_tvalid.eq(output.o.valid),
            self.m_axis_tlast.eq(output.o.payload.tag.last),
            output.o.ready.eq(self.m_axis_tready),
            self.dropped_windows.eq(core.dropped_windows),
        ]
        if port.series > 1:
            m.d.comb += [
                core.tid.eq(self.s_axis_tid),
                self.m_axis_tid.eq(output.o.payload.tag.series),
            ]
        return m


def beat_shape(port: Port) -> Shape:
    """Return the shape of one beat of `port` on the bus."""
    return unsigned(padded_width(port) * port.channels)


def padded(m: Module, values: data.View, port: Port) -> Value:
    """Return the beat that carries `values`, each extended to whole bytes."""
    parts = [Signal(padded_width(port), name=f"result{c}") for c in range(port.channels)]
    m.d.comb += [part.eq(values[channel]) for channel, part in enumerate(parts)]
    return Cat(parts)


def accelerator_verilog(network: Network, name: str = "accelerator") -> str:
    """Return the Verilog of `network`'s AXI4-Stream top as module `name`."""
    return verilog.convert(Accelerator(network), name=name, emit_src=False)
