"""Everything that the clock enable stops: the entry and the blocks of a network."""

import re

from amaranth.hdl import Const, Module, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.control.saturation import SaturationWatch
from hw.network.graph import Network, Node
from hw.network.mode import Mode
from hw.top.banked_entry import BankedEntry
from hw.top.entry import Entry, countdown, padded_width, series_bits
from hw.top.framing import StreamingFraming, WindowFraming
from hw.top.join import Join
from hw.top.single_entry import SingleEntry
from hw.top.sliding_entry import SlidingEntry


def make_entry(network: Network) -> Entry:
    """Return the entry for the network's mode and number of series."""
    port, pace = network.input, network.schedule.pace
    if network.mode is Mode.SLIDING:
        return SlidingEntry(port, pace)
    streaming = network.mode is Mode.STREAMING
    framing = StreamingFraming() if streaming else WindowFraming(port.beats)
    return (BankedEntry if port.series > 1 else SingleEntry)(port, pace, framing)


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
            entry.tlast.eq(self.tlast),
            entry.restart.eq(self.restart),
            self.restarted.eq(entry.restarted),
            self.dropped_windows.eq(entry.dropped_windows),
        ]
        flush = self._drained(m, entry)
        streams = {network.input.name: (entry.o.valid, entry.o.payload)}
        for node in network.nodes:
            block = node.spec.build()
            m.submodules[identifier(node.name)] = block
            given = [streams[source] for source in node.inputs]
            if len(given) > 1:
                given = self._join(m, node, given, flush)
            for port, (there, payload) in zip(node.spec.inputs, given, strict=True):
                taken = getattr(block, port.name)
                m.d.comb += [taken.valid.eq(there), taken.payload.eq(payload)]
            streams[node.name] = block.o.valid, block.o.payload
            _probe(m, node.name, block.o.valid, block.o.payload)
        for index, watch in enumerate(self._watches):
            saturates = watch.hardware(m, *streams[watch.source], index)
            m.d.comb += self.saturated[index].eq(saturates)
        there, payload = streams[network.outputs[0]]
        m.d.comb += [self.o.valid.eq(there), self.o.payload.eq(payload)]
        return m

    def _drained(self, m: Module, entry: Entry) -> Value:
        """Connect the entry's handshake; let nothing in while a lost window drains.

        Returns
        -------
        Value
            High at the end of that time, when all that is left in queues is to be forgotten.
        """
        drain = self._network.schedule.drain
        if drain == 0:
            m.d.comb += [entry.tvalid.eq(self.tvalid), self.tready.eq(entry.tready)]
            return Const(0)
        counted = Signal.like(entry.dropped_windows, name="drained_windows")
        wait = countdown(m, drain + 1, "drain_wait")
        drains = Signal(name="drains")
        lost = entry.dropped_windows != counted
        m.d.comb += [
            drains.eq(lost | (wait != 0)),
            entry.tvalid.eq(self.tvalid & ~drains),
            self.tready.eq(entry.tready & ~drains),
        ]
        m.d.sync += counted.eq(entry.dropped_windows)
        with m.If(lost):
            m.d.sync += wait.eq(drain)
        return wait == 1

    def _join(
        self, m: Module, node: Node, given: list[tuple[Signal, Signal]], flush: Value
    ) -> list[tuple[Signal, Signal]]:
        """Let the beats of several streams enter a block in the same cycle."""
        join = Join(node.spec.inputs, self._network.schedule.joins[node.name])
        m.submodules[f"{identifier(node.name)}_join"] = join
        m.d.comb += join.flush.eq(flush)
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
