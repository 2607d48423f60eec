"""Everything that the clock enable stops: the entry and the blocks of a network."""

import re

from amaranth.hdl import Module, ResetInserter, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.control.saturation import SaturationWatch
from hw.network.graph import Network, Node
from hw.network.mode import Mode
from hw.network.schedule import GATE, gate_stage
from hw.top.banked_entry import BankedEntry
from hw.top.entry import Entry, padded_width, series_bits
from hw.top.framing import StreamingFraming, WindowFraming
from hw.top.join import Join
from hw.top.single_entry import SingleEntry
from hw.top.sliding_entry import SlidingEntry


def make_entry(network: Network) -> Entry:
    """Return the entry for the network's mode and number of series."""
    port, pace, drain = network.input, network.schedule.pace, network.schedule.drain_cycles
    if network.mode is Mode.SLIDING:
        return SlidingEntry(port, pace, drain)
    streaming = network.mode is Mode.STREAMING
    framing = StreamingFraming() if streaming else WindowFraming(port.beats)
    return (BankedEntry if port.series > 1 else SingleEntry)(port, pace, drain, framing)


class Core(wiring.Component):
    """The entry, then one block for each node.

    Parameters
    ----------
    network
        What is computed.
    watches
        Quantizers of which ``saturated[k]`` tells that a beat saturates them.
    """

    tdata: Signal
    tid: Signal
    tvalid: Signal
    tready: Signal
    tlast: Signal
    restart: Signal
    restarted: Signal
    dropped_windows: Signal
    saturated: Signal
    o: stream.Interface

    def __init__(self, network: Network, watches: tuple[SaturationWatch, ...] = ()) -> None:
        self._network = network
        self._watches = watches
        super().__init__(
            {
                "tdata": In(unsigned(padded_width(network.input) * network.input.channels)),
                "tid": In(max(series_bits(network.input), 1)),
                "tvalid": In(1),
                "tready": Out(1),
                "tlast": In(1),
                "restart": In(1),
                "restarted": Out(1),
                "dropped_windows": Out(32),
                "saturated": Out(len(self._watches)),
                "o": Out(network.output.signature),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        network = self._network
        m.submodules.entry = entry = make_entry(network)
        m.d.comb += [
            entry.tdata.eq(self.tdata),
            entry.tid.eq(self.tid),
            entry.tvalid.eq(self.tvalid),
            entry.tlast.eq(self.tlast),
            entry.restart.eq(self.restart),
            self.restarted.eq(entry.restarted),
            self.tready.eq(entry.tready),
            self.dropped_windows.eq(entry.dropped_windows),
        ]
        streams = {network.input.name: (entry.o.valid, entry.o.payload)}
        for node in network.nodes:
            block = node.spec.build()
            m.submodules[identifier(node.name)] = block
            given = [streams[source] for source in node.inputs]
            if len(given) > 1:
                given = self._join(m, node, given, entry.clear)
            for port, (there, payload) in zip(node.spec.inputs, given, strict=True):
                taken = getattr(block, port.name)
                m.d.comb += [taken.valid.eq(there), taken.payload.eq(payload)]
            streams[node.name] = block.o.valid, block.o.payload
            _probe(m, node.name, block.o.valid, block.o.payload)
        for index, watch in enumerate(self._watches):
            saturates = watch.hardware(m, *streams[watch.source], index)
            m.d.comb += self.saturated[index].eq(saturates)
        there, payload = streams[network.outputs[0]]
        if network.schedule.output == GATE:
            closes = entry.o.valid & entry.o.payload.tag.last
            there, payload = self._gate(m, (there, payload), closes, entry.clear)
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
        """Let the beats of several streams enter a block in the same cycle."""
        join = Join(node.spec.inputs, self._network.schedule.joins[node.name])
        m.submodules[f"{identifier(node.name)}_join"] = ResetInserter(clear)(join)
        for queue, (valid, payload) in zip(join.inputs, given, strict=True):
            m.d.comb += [queue.valid.eq(valid), queue.payload.eq(payload)]
        return [(head.valid, head.payload) for head in join.outputs]


def identifier(name: str) -> str:
    """Return a layer's name as hardware spells it: letters, digits and underscores."""
    return re.sub(r"\W", "_", name)


def probe_names(name: str) -> tuple[str, str]:
    """Return the wires of `Core` on which simulation sees a node's beats: valid and data."""
    return f"probe_{identifier(name)}_valid", f"probe_{identifier(name)}_data"


def _probe(m: Module, name: str, valid: Signal, payload: data.View) -> None:
    for wire, value in zip(probe_names(name), (valid, payload.data.as_value()), strict=True):
        m.d.comb += Signal(len(value), name=wire).eq(value)
