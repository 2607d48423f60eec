"""The AXI4-Stream top: a network's core, frozen while its output is blocked.

One input beat is one time step, one output beat is one forecast or one step of it, closed by
``tlast``; every value is extended to whole bytes, value 0 in the low bits. Interleaved designs
have ``tid``, the number of the series, on both sides; with reloadable weights ``m_axis_tuser``
tells which bank a forecast's model came from. Inside nothing waits (`hw.stream`): while
the output buffer is full one clock enable stops everything.
"""

from amaranth.back import verilog
from amaranth.hdl import (
    Cat,
    ClockDomain,
    ClockSignal,
    EnableInserter,
    Module,
    Mux,
    ResetSignal,
    Shape,
    Signal,
    Value,
    unsigned,
)
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.control.axi_lite import PREFIX, connect_bus
from hw.control.map import host_memories
from hw.control.state import state_memories
from hw.memory_port import MemoryInterface
from hw.network.graph import Network
from hw.stream import Port
from hw.top.control import Control
from hw.top.core import Core
from hw.top.entry import padded_width, series_bits
from hw.top.skid_buffer import SkidBuffer


class Accelerator(wiring.Component):
    """A network behind AXI4-Stream.

    Parameters
    ----------
    network
        What is computed.
    control
        Whether it has registers behind AXI4-Lite, ``s_axil_*`` (`hw.control.map.control_map`).
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
    m_axis_tuser: Signal
    s_axis_tid: Signal
    m_axis_tid: Signal

    def __init__(self, network: Network, control: bool = False) -> None:
        self._network = network
        self._control = Control(network, host_memories(network)) if control else None
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
                **({"m_axis_tuser": Out(1)} if network.reloadable else {}),
                **(self._control.pins if self._control is not None else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = ClockDomain()
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]
        enable = Signal(name="clock_enable")
        control = self._control
        core = Core(self._network, () if control is None else control.watches)
        m.submodules.core = EnableInserter(enable)(core)
        port = self._network.output
        if self._network.reloadable:
            m.domains.host = ClockDomain()
            m.d.comb += [ClockSignal("host").eq(self.aclk), ResetSignal("host").eq(~self.aresetn)]
        layout = data.StructLayout({"data": beat_shape(port), "tag": core.o.payload.tag.shape()})
        m.submodules.output = output = SkidBuffer(layout)
        moves: Value = enable
        if control is not None:
            m.submodules.control = control
            self._attach(m, control, core, enable)
            moves = enable & control.accepting
        m.d.comb += [
            enable.eq(output.i.ready),
            core.tdata.eq(self.s_axis_tdata),
            core.tlast.eq(self.s_axis_tlast),
            core.tvalid.eq(self.s_axis_tvalid & moves),
            self.s_axis_tready.eq(core.tready & moves),
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
        if self._network.reloadable:
            m.d.comb += self.m_axis_tuser.eq(output.o.payload.tag.model)
        return m

    def _attach(self, m: Module, control: Control, core: Core, enable: Signal) -> None:
        """Connect registers and counters."""
        connect_bus(m, self, control, control.address_bits, PREFIX)
        m.d.comb += [
            core.restart.eq(control.restart),
            control.restarted.eq(core.restarted & enable),
            control.input_beat.eq(self.s_axis_tvalid & self.s_axis_tready),
            control.output_beat.eq(self.m_axis_tvalid & self.m_axis_tready),
            control.stalled.eq(self.m_axis_tvalid & ~self.m_axis_tready),
            # Counters do not freeze, so they must not see one beat of a frozen core twice.
            control.saturated.eq(Mux(enable, core.saturated, 0)),
            control.dropped_windows.eq(core.dropped_windows),
        ]
        if self._network.reloadable:
            m.d.comb += [
                core.commit.eq(control.commit),
                control.commit_pending.eq(~core.settled),
                control.target.eq(core.target),
            ]
        models = len(self._network.reloadable)
        for index in range(models):
            wiring.connect(m, getattr(control, f"memory{index}"), getattr(core, f"model{index}"))
        for index in range(len(state_memories(self._network))):
            asks: MemoryInterface = getattr(control, f"memory{models + index}")
            answers: MemoryInterface = getattr(core, f"state{index}")
            m.d.comb += [
                answers.request.valid.eq(asks.request.valid),
                answers.request.payload.eq(asks.request.payload),
                # A frozen core shows one answer for long.
                asks.request.ready.eq(answers.request.ready & enable),
                asks.response.valid.eq(answers.response.valid & enable),
                asks.response.payload.eq(answers.response.payload),
            ]


def beat_shape(port: Port) -> Shape:
    """Return the shape of one beat of `port` on the bus."""
    return unsigned(padded_width(port) * port.channels)


def padded(m: Module, values: data.View, port: Port) -> Value:
    """Return the beat that carries `values`, each extended to whole bytes."""
    parts = [Signal(padded_width(port), name=f"result{c}") for c in range(port.channels)]
    m.d.comb += [part.eq(values[channel]) for channel, part in enumerate(parts)]
    return Cat(parts)


def accelerator_verilog(
    network: Network, name: str = "accelerator", *, control: bool = False
) -> str:
    """Return the Verilog of `network`'s top as module `name`, on request with registers."""
    return verilog.convert(Accelerator(network, control), name=name, emit_src=False)
