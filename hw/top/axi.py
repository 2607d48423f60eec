"""The AXI4-Stream top: a network's core, frozen while an output is blocked.

One input beat is one time step, one output beat is one forecast or one step of it, closed by
``tlast``; every value is extended to whole bytes, value 0 in the low bits. Interleaved designs
have ``tid``, the number of the series, on both sides; with reloadable weights ``m_axis_tuser``
tells which bank a forecast's model came from. Inside nothing waits (`hw.stream`): while an output
buffer is full one clock enable stops everything.

A network of several inputs has a stream ``s_axis_<name>_`` for each, of several outputs a stream
``m_axis_<name>_`` for each. How packets of several inputs make a window, and what a wrong ``tlast``
does, is said in `hw.top.side_inputs`. Every output has a buffer of its own for two beats; a
receiver that reads forecasts of more beats one output after the other needs a FIFO on the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.control.axi_lite import PREFIX, connect_bus
from hw.control.map import host_memories
from hw.control.state import state_memories
from hw.memory_port import MemoryInterface
from hw.network.checks import identifier
from hw.network.design import Design
from hw.network.graph import Network
from hw.stream import Port
from hw.top.control import Control
from hw.top.core import Core
from hw.top.entry import padded_width, series_bits
from hw.top.skid_buffer import SkidBuffer
from hw.top.write_verilog import to_verilog


def stream_prefixes(side: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return what the pins of each stream begin with, `side` being ``s_axis`` or ``m_axis``."""
    if len(names) == 1:
        return (side,)
    return tuple(f"{side}_{identifier(name)}" for name in names)


def input_prefixes(network: Design) -> dict[str, str]:
    """Return what the pins of each input begin with, by its name."""
    names = [port.name for port in network.inputs]
    return dict(zip(names, stream_prefixes("s_axis", names), strict=True))


def output_prefixes(network: Design) -> tuple[str, ...]:
    """Return what the pins of each output begin with."""
    return stream_prefixes("m_axis", network.outputs)


class Accelerator(wiring.Component):
    """A network behind AXI4-Stream.

    Parameters
    ----------
    network
        What is computed.
    control
        Whether it has registers behind AXI4-Lite, ``s_axil_*`` (`hw.control.map.control_map`).

    The pins named here are those of a network with one input and one output.
    """

    aclk: Signal
    aresetn: Signal
    dropped_windows: Signal
    s_axis_tdata: Signal
    s_axis_tvalid: Signal
    s_axis_tready: Signal
    s_axis_tlast: Signal
    m_axis_tdata: Signal
    m_axis_tvalid: Signal
    m_axis_tready: Signal
    m_axis_tlast: Signal
    s_axis_tid: Signal
    m_axis_tid: Signal
    m_axis_tuser: Signal

    def __init__(self, network: Network, control: bool = False) -> None:
        self._network = network
        self._control = Control(network, host_memories(network)) if control else None
        self._inputs = input_prefixes(network)
        self._outputs = output_prefixes(network)
        super().__init__(
            {"aclk": In(1), "aresetn": In(1)}
            | {
                name: pin
                for port in network.inputs
                for name, pin in stream_pins(self._inputs[port.name], port).items()
            }
            | {
                name: pin.flip()
                for prefix, port in zip(self._outputs, network.output_ports, strict=True)
                for name, pin in stream_pins(prefix, port).items()
            }
            | {f"{prefix}_tuser": Out(1) for prefix in self._outputs if network.reloadable}
            | {
                "dropped_windows": Out(32),
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
        if self._network.reloadable:
            m.domains.host = ClockDomain()
            m.d.comb += [ClockSignal("host").eq(self.aclk), ResetSignal("host").eq(~self.aresetn)]
        moves: Value = enable
        if control is not None:
            m.submodules.control = control
            self._attach(m, control, core, enable)
            moves = enable & control.accepting
        lead = self._pins(self._inputs[self._network.input.name])
        m.d.comb += [
            core.tdata.eq(lead.tdata),
            core.tlast.eq(lead.tlast),
            core.tvalid.eq(lead.tvalid & moves),
            lead.tready.eq(core.tready & moves),
            self.dropped_windows.eq(core.dropped_windows),
        ]
        if lead.tid is not None:
            m.d.comb += core.tid.eq(lead.tid)
        for k, port in enumerate(self._network.side_inputs):
            self._side(m, core, k, port, enable)
        ready = [
            self._output(m, k, port, result, enable)
            for k, (port, result) in enumerate(
                zip(self._network.output_ports, core.results, strict=True)
            )
        ]
        m.d.comb += enable.eq(Cat(ready).all())
        return m

    def _side(self, m: Module, core: Core, k: int, port: Port, enable: Signal) -> None:
        """Add the buffer in front of one of the inputs beside the leading one."""
        pins = self._pins(self._inputs[port.name])
        layout = data.StructLayout({"data": beat_shape(port), "last": 1})
        m.submodules[f"input_buffer{k}"] = buffer = SkidBuffer(layout)
        m.d.comb += [
            buffer.i.valid.eq(pins.tvalid),
            buffer.i.payload.data.eq(pins.tdata),
            buffer.i.payload.last.eq(pins.tlast),
            pins.tready.eq(buffer.i.ready),
            getattr(core, f"side{k}_tvalid").eq(buffer.o.valid),
            getattr(core, f"side{k}_tdata").eq(buffer.o.payload.data),
            getattr(core, f"side{k}_tlast").eq(buffer.o.payload.last),
            buffer.o.ready.eq(getattr(core, f"side{k}_tready") & enable),
        ]

    def _output(
        self, m: Module, k: int, port: Port, result: stream.Interface, enable: Signal
    ) -> Value:
        """Add the buffer behind an output; returns whether it has room."""
        pins = self._pins(self._outputs[k])
        tag = result.payload.tag
        layout = data.StructLayout({"data": beat_shape(port), "tag": tag.shape()})
        buffer = SkidBuffer(layout)
        m.submodules["output" if k == 0 else f"output{k}"] = buffer
        m.d.comb += [
            # While the core is frozen, its beat has been taken or is none's to take yet.
            buffer.i.valid.eq(result.valid & enable),
            buffer.i.payload.data.eq(padded(m, result.payload.data, port, f"result{k}_")),
            buffer.i.payload.tag.eq(tag),
            pins.tdata.eq(buffer.o.payload.data),
            pins.tvalid.eq(buffer.o.valid),
            pins.tlast.eq(buffer.o.payload.tag.last),
            buffer.o.ready.eq(pins.tready),
        ]
        if pins.tid is not None:
            m.d.comb += pins.tid.eq(buffer.o.payload.tag.series)
        if self._network.reloadable:
            tuser: Signal = getattr(self, f"{self._outputs[k]}_tuser")
            m.d.comb += tuser.eq(buffer.o.payload.tag.model)
        return buffer.i.ready

    def _pins(self, prefix: str) -> "Pins":
        names = ("tdata", "tvalid", "tready", "tlast")
        tid = getattr(self, f"{prefix}_tid", None)
        return Pins(*(getattr(self, f"{prefix}_{name}") for name in names), tid=tid)

    def _attach(self, m: Module, control: Control, core: Core, enable: Signal) -> None:
        """Connect registers and counters."""
        connect_bus(m, self, control, control.address_bits, PREFIX)
        lead = self._pins(self._inputs[self._network.input.name])
        results = [self._pins(prefix) for prefix in self._outputs]
        m.d.comb += [
            core.restart.eq(control.restart),
            control.restarted.eq(core.restarted & enable),
            control.input_beat.eq(lead.tvalid & lead.tready),
            control.output_beat.eq(results[0].tvalid & results[0].tready),
            control.stalled.eq(Cat(pins.tvalid & ~pins.tready for pins in results).any()),
            # Counters do not freeze, so they must not see one beat of a frozen core twice.
            control.saturated.eq(Mux(enable, core.saturated, 0)),
            control.dropped_windows.eq(core.dropped_windows),
        ]
        if self._network.is_adaptive:
            m.d.comb += control.moved.eq(Mux(enable, core.moved, 0))
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


@dataclass(frozen=True)
class Pins:
    """The pins of one stream; ``tid`` in interleaved designs only."""

    tdata: Signal
    tvalid: Signal
    tready: Signal
    tlast: Signal
    tid: Signal | None


def stream_pins(prefix: str, port: Port) -> dict[str, wiring.Member]:
    """Return the pins of a stream that brings the beats of `port`."""
    bits = series_bits(port)
    return {
        f"{prefix}_tdata": In(beat_shape(port)),
        f"{prefix}_tvalid": In(1),
        f"{prefix}_tready": Out(1),
        f"{prefix}_tlast": In(1),
        **({f"{prefix}_tid": In(bits)} if bits else {}),
    }


def beat_shape(port: Port) -> Shape:
    """Return the shape of one beat of `port` on the bus."""
    return unsigned(padded_width(port) * port.channels)


def padded(m: Module, values: data.View, port: Port, name: str = "result") -> Value:
    """Return the beat that carries `values`, each extended to whole bytes."""
    parts = [Signal(padded_width(port), name=f"{name}{c}") for c in range(port.channels)]
    m.d.comb += [part.eq(values[channel]) for channel, part in enumerate(parts)]
    return Cat(parts)


def accelerator_verilog(
    network: Network, name: str = "accelerator", *, control: bool = False
) -> str:
    """Return the Verilog of `network`'s top as module `name`, on request with registers."""
    return to_verilog(Accelerator(network, control), name)
