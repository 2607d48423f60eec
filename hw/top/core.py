"""Everything that the clock enable stops: the entry and the blocks of a network."""

import re
from collections.abc import Sequence

from amaranth.hdl import Cat, Module, ResetInserter, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.control.reload import model_memories
from hw.control.saturation import SaturationWatch
from hw.control.state import state_memories, stateful_nodes
from hw.layer.carrier import carrying, with_model
from hw.network.graph import Network, Node
from hw.network.mode import Mode
from hw.network.schedule import GATE, gate_stage
from hw.product.reloadable import ModelSelect
from hw.stream import Block, Port
from hw.top.banked_entry import BankedEntry
from hw.top.entry import Entry, padded_width, series_bits
from hw.top.framing import StreamingFraming, WindowFraming
from hw.top.join import Join
from hw.top.single_entry import SingleEntry
from hw.top.sliding_entry import SlidingEntry
from hw.top.state_port import StatePort

Beats = tuple[Signal, data.View]
"""Valid and payload of a stream."""


def make_entry(network: Network) -> Entry:
    """Return the entry for the network's mode and number of series."""
    port, pace, drain = network.input, network.schedule.pace, network.schedule.drain_cycles
    if network.mode is Mode.SLIDING:
        return SlidingEntry(port, pace, drain)
    streaming = network.mode is Mode.STREAMING
    framing = StreamingFraming() if streaming else WindowFraming(port.beats)
    begun = next(iter(state_memories(network)), None)
    return (BankedEntry if port.series > 1 else SingleEntry)(port, pace, drain, framing, begun)


class Core(wiring.Component):
    """The entry, then one block for each node.

    Parameters
    ----------
    network
        What is computed.
    watches
        Quantizers of which ``saturated[k]`` tells that a beat saturates them.

    A network with reloadable weights also has the ports of `hw.product.reloadable.ModelSelect`
    and for each reloadable node, in order, a memory port ``model<k>``, all in the domain ``host``.
    Where states can be reached, there is a memory port ``state<k>`` for each of
    `hw.control.state.state_memories`; it answers in cycles only in which the core is not frozen.
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
    commit: Signal
    settled: Signal
    target: Signal
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
                "o": Out(self._tagged(network.output).signature),
            }
            | model_ports(network)
            | {f"state{k}": In(port.signature) for k, port in enumerate(state_memories(network))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        network = self._network
        m.submodules.entry = entry = make_entry(network)
        hold = Signal(name="hold")
        m.d.comb += [
            entry.tdata.eq(self.tdata),
            entry.tid.eq(self.tid),
            entry.tvalid.eq(self.tvalid & ~hold),
            entry.tlast.eq(self.tlast),
            entry.restart.eq(self.restart),
            self.restarted.eq(entry.restarted),
            self.tready.eq(entry.tready & ~hold),
            self.dropped_windows.eq(entry.dropped_windows),
        ]
        streams: dict[str, Beats] = {network.input.name: (entry.o.valid, entry.o.payload)}
        if network.reloadable:
            streams = {network.input.name: self._with_model(m, entry)}
        settled: list[Value] = []
        buses: list[object] = [entry.state_bus] if stateful_nodes(network) else []
        for node in network.nodes:
            block = node.spec.build()
            if node in stateful_nodes(network):
                buses.append(block.state_bus)
            if network.reloadable:
                block = carrying(node.spec, block)
            m.submodules[identifier(node.name)] = block
            if node in network.reloadable:
                settled.append(self._reach(m, block, len(settled)))
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
        if buses:
            m.d.comb += hold.eq(self._reach_states(m, entry, buses))
        if settled:
            m.d.comb += self.settled.eq(Cat(settled).all())
        there, payload = streams[network.outputs[0]]
        if network.schedule.output == GATE:
            closes = entry.o.valid & entry.o.payload.tag.last
            there, payload = self._gate(m, (there, payload), closes, entry.clear)
        m.d.comb += [self.o.valid.eq(there), self.o.payload.eq(payload)]
        return m

    def _tagged(self, port: Port) -> Port:
        """Return a port as it is in this design."""
        return with_model(port) if self._network.reloadable else port

    def _with_model(self, m: Module, entry: Entry) -> Beats:
        """Give each window its model at its first beat."""
        m.submodules.models = select = ModelSelect()
        layout = self._tagged(self._network.input).layout
        payload = data.View(layout, Signal(layout.size, name="input_with_model"))
        given, tag = entry.o.payload, payload.tag
        # Samples of a stream have a forecast each, whatever the state that they go on from.
        streaming = self._network.mode is Mode.STREAMING
        m.d.comb += [
            payload.data.eq(given.data),
            *(tag[name].eq(given.tag[name]) for name, _ in given.tag.shape()),
            tag.model.eq(select.model),
            select.boundary.eq(entry.o.valid & (given.tag.first | streaming)),
            select.commit.eq(self.commit),
            select.settled.eq(self.settled),
            self.target.eq(select.target),
        ]
        return entry.o.valid, payload

    def _reach(self, m: Module, block: Block, index: int) -> Value:
        """Lead a reloadable block's memories out; returns whether it is settled."""
        m.d.comb += block.model_target.eq(self.target)
        wiring.connect(m, wiring.flipped(getattr(self, f"model{index}")), block.model_port)
        return block.model_settled

    def _reach_states(self, m: Module, entry: Entry, buses: Sequence[object]) -> Value:
        """Lead the states out; returns whether a host waits for one, so that no beat may enter."""
        moving = settling_cycles(self._network)
        wait = Signal(range(moving + 1), name="settling")
        calm = Signal(name="calm")
        holds: list[Value] = []
        m.d.comb += calm.eq(entry.resting & (wait == 0))
        with m.If(entry.o.valid):
            m.d.sync += wait.eq(moving)
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        memories = state_memories(self._network)
        for index, (memory, bus) in enumerate(zip(memories, buses, strict=True)):
            m.submodules[f"state{index}"] = port = StatePort(memory)
            wiring.connect(m, port.bus, bus)
            wiring.connect(m, wiring.flipped(getattr(self, f"state{index}")), port.port)
            m.d.comb += port.calm.eq(calm & ~entry.o.valid)
            holds.append(port.hold)
        return Cat(holds).any()

    def _gate(self, m: Module, forecast: Beats, closes: Value, clear: Signal) -> Beats:
        """Keep a forecast back until its window has closed where it should."""
        schedule, network = self._network.schedule, self._network
        gate = gate_stage(network.outputs[0], network.output)
        ports = [self._tagged(port) for port in gate.inputs]
        join = Join(ports, schedule.joins[GATE])
        m.submodules.forecast_gate = ResetInserter(clear)(join)
        queue, closed = join.inputs
        m.d.comb += [
            queue.valid.eq(forecast[0]),
            queue.payload.eq(forecast[1]),
            closed.valid.eq(closes),
        ]
        return join.outputs[0].valid, join.outputs[0].payload

    def _join(self, m: Module, node: Node, given: list[Beats], clear: Signal) -> list[Beats]:
        """Let the beats of several streams enter a block in the same cycle."""
        ports = [self._tagged(port) for port in node.spec.inputs]
        join = Join(ports, self._network.schedule.joins[node.name])
        m.submodules[f"{identifier(node.name)}_join"] = ResetInserter(clear)(join)
        for queue, (valid, payload) in zip(join.inputs, given, strict=True):
            m.d.comb += [queue.valid.eq(valid), queue.payload.eq(payload)]
        return [(head.valid, head.payload) for head in join.outputs]


def model_ports(network: Network) -> dict[str, wiring.Member]:
    """Return what a host needs to replace weights, as seen from the core."""
    if not network.reloadable:
        return {}
    return {
        "commit": In(1),
        "settled": Out(1),
        "target": Out(1),
        **{f"model{k}": In(memory.signature) for k, memory in enumerate(model_memories(network))},
    }


def settling_cycles(network: Network) -> int:
    """Return the cycles from a beat's entry until nothing of it moves any more."""
    timings = [stage.timing for stage in network.stages]
    bursts = [max(t.emission.delay) for t in timings if t.emission is not None]
    held = [waiting.delay for joins in network.schedule.joins.values() for waiting in joins]
    return sum(t.latency_cycles for t in timings) + sum(bursts) + sum(held) + 2


def identifier(name: str) -> str:
    """Return a layer's name as hardware spells it: letters, digits and underscores."""
    return re.sub(r"\W", "_", name)


def probe_names(name: str) -> tuple[str, str]:
    """Return the wires of `Core` on which simulation sees a node's beats: valid and data."""
    return f"probe_{identifier(name)}_valid", f"probe_{identifier(name)}_data"


def _probe(m: Module, name: str, valid: Signal, payload: data.View) -> None:
    for wire, value in zip(probe_names(name), (valid, payload.data.as_value()), strict=True):
        m.d.comb += Signal(len(value), name=wire).eq(value)
