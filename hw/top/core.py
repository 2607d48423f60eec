"""Everything that the clock enable stops: the entry and the blocks of a network."""

from amaranth.hdl import Cat, EnableInserter, Module, ResetInserter, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.control.saturation import SaturationWatch
from hw.control.state import state_memories, stateful_nodes
from hw.layer.convolution.carrier import carrying, with_model
from hw.layer.saturating import SaturatingBlock
from hw.network.checks import identifier
from hw.network.graph import Network, Node
from hw.network.mode import Mode
from hw.product.reloadable import ModelSelect
from hw.stream import AdaptiveBlock, Block, Port
from hw.top.entry import Entry, padded_width, series_bits
from hw.top.forecast_gate import ForecastGate
from hw.top.host_access import model_ports, reach_models, reach_states
from hw.top.join import Join
from hw.top.make_entry import make_entry
from hw.top.side_inputs import SideInputs


def adaptive_nodes(network: Network) -> tuple[Node, ...]:
    """Return the nodes whose time depends on data."""
    return tuple(node for node in network.nodes if node.spec.timing.extra is not None)


Stream = tuple[Signal, data.View]
"""Valid and payload."""


class Core(wiring.Component):
    """The entry, then one block for each node.

    The pins ``tdata`` to ``tlast`` belong to the leading input, ``side<k>_tdata`` to
    ``side<k>_tlast`` to input k of the others. The first output is ``o``, number k is ``o<k>``.

    A network with reloadable weights also has the ports of `hw.product.reloadable.ModelSelect`
    and for each reloadable node, in order, a memory port ``model<k>``, all in the domain ``host``.
    Where states can be reached, there is a memory port ``state<k>`` for each of
    `hw.control.state.state_memories`; it answers in cycles only in which the core is not frozen.

    Parameters
    ----------
    network
        What is computed.
    watches
        Quantizers of which ``saturated[k]`` tells that a beat saturates them.

    Attributes
    ----------
    hold : In(1)
        No beat is let in.
    entered : Out(stream)
        The beats that enter the first block: those of broken windows end without a last one.
    moved : Out
        For each of `adaptive_nodes` that of its block (`hw.stream.AdaptiveBlock`).
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
    moved: Signal
    hold: Signal
    entered: stream.Interface
    o: stream.Interface

    def __init__(self, network: Network, watches: tuple[SaturationWatch, ...] = ()) -> None:
        self._network = network
        self._watches = watches
        self._built: dict[str, Block] = {}
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
                "moved": Out(len(adaptive_nodes(network))),
                "hold": In(1),
                "entered": Out(network.input.signature),
                "o": Out(self._tagged(network.output).signature),
            }
            | {
                f"o{k}": Out(self._tagged(port).signature)
                for k, port in enumerate(network.output_ports)
                if k
            }
            | model_ports(network)
            | {f"state{k}": In(port.signature) for k, port in enumerate(state_memories(network))}
            | {
                f"side{k}_{name}": kind
                for k, port in enumerate(network.side_inputs)
                for name, kind in (
                    ("tdata", In(unsigned(padded_width(port) * port.channels))),
                    ("tvalid", In(1)),
                    ("tready", Out(1)),
                    ("tlast", In(1)),
                )
            }
        )

    @property
    def results(self) -> list[stream.Interface]:
        """Streams of the outputs."""
        count = len(self._network.outputs)
        return [self.o, *(getattr(self, f"o{k}") for k in range(1, count))]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        network = self._network
        entry = make_entry(network)
        # While a block takes longer than in the best case, the entry's time stands still.
        runs = Signal(name="entry_runs")
        m.submodules.entry = EnableInserter(runs)(entry) if network.is_adaptive else entry
        reached = Signal(name="states_reached")
        enters = Signal(name="enters")
        tag = self.entered.payload.tag
        m.d.comb += [
            entry.tdata.eq(self.tdata),
            entry.tid.eq(self.tid),
            entry.tvalid.eq(self.tvalid & runs),
            entry.tlast.eq(self.tlast),
            entry.restart.eq(self.restart),
            entry.hold.eq(self.hold | reached),
            self.entered.valid.eq(enters),
            self.entered.payload.data.eq(entry.o.payload.data),
            *(tag[name].eq(entry.o.payload.tag[name]) for name, _ in tag.shape()),
            self.restarted.eq(entry.restarted & runs),
            self.tready.eq(entry.tready & runs),
            self.dropped_windows.eq(entry.dropped_windows),
            enters.eq(entry.o.valid & runs),
        ]
        streams: dict[str, Stream] = {network.input.name: (enters, entry.o.payload)}
        if network.side_inputs:
            streams |= self._side_inputs(m, entry)
        if network.reloadable:
            streams = self._with_models(m, entry, streams)
        blocks = self._blocks(m, streams, entry)
        for index, watch in enumerate(self._watches):
            if watch.place:
                inner = self._built[watch.layer]
                assert isinstance(inner, SaturatingBlock)
                saturates = inner.watch(watch.place, watch.low, watch.high)
            else:
                saturates = watch.hardware(m, *streams[watch.source], index)
            m.d.comb += self.saturated[index].eq(saturates)
        self._lead_out(m, entry, blocks, reached, runs)
        for output, result in zip(network.outputs, self.results, strict=True):
            there, payload = self._gate(m, output, streams[output], entry)
            m.d.comb += [result.valid.eq(there), result.payload.eq(payload)]
        return m

    def _blocks(self, m: Module, streams: dict[str, Stream], entry: Entry) -> dict[str, Block]:
        """Add the block of each node and its stream to `streams`; returns the plain blocks."""
        network = self._network
        blocks: dict[str, Block] = {}
        for node in network.nodes:
            self._built[node.name] = blocks[node.name] = block = node.spec.build()
            if network.reloadable:
                block = carrying(node.spec, block)
            m.submodules[identifier(node.name)] = block
            given = [streams[source] for source in node.inputs]
            if len(given) > 1:
                given = self._join(m, node, given, entry.clear)
            for port, (there, payload) in zip(node.spec.inputs, given, strict=True):
                taken = getattr(block, port.name)
                m.d.comb += [taken.valid.eq(there), taken.payload.eq(payload)]
            streams[node.name] = block.o.valid, block.o.payload
            _probe(m, node.name, block.o.valid, block.o.payload)
        return blocks

    def _lead_out(
        self, m: Module, entry: Entry, blocks: dict[str, Block], reached: Signal, runs: Signal
    ) -> None:
        """Connect what of the blocks a host reaches, and what the entry waits for."""
        network = self._network
        adaptive = [b for b in blocks.values() if isinstance(b, AdaptiveBlock)]
        m.d.comb += runs.eq(1)
        if adaptive:
            m.d.comb += [
                runs.eq(~Cat(block.hold for block in adaptive).any()),
                self.moved.eq(Cat(block.moved for block in adaptive)),
            ]
        if network.reloadable:
            ports = [getattr(self, f"model{k}") for k in range(len(network.reloadable))]
            loaded = [blocks[node.name] for node in network.reloadable]
            m.d.comb += self.settled.eq(reach_models(m, loaded, ports, self.target, entry.gone))
        nodes = stateful_nodes(network)
        if nodes:
            buses = [entry.state_bus, *(blocks[node.name].state_bus for node in nodes)]
            ports = [getattr(self, f"state{k}") for k in range(len(buses))]
            m.d.comb += reached.eq(reach_states(m, network, entry, buses, ports))

    def _tagged(self, port: Port) -> Port:
        """Return a port as it is in this design."""
        return with_model(port) if self._network.reloadable else port

    def _with_models(
        self, m: Module, entry: Entry, streams: dict[str, Stream]
    ) -> dict[str, Stream]:
        """Give each window its model at its first beat."""
        m.submodules.models = select = ModelSelect()
        m.d.comb += [
            select.commit.eq(self.commit),
            select.settled.eq(self.settled),
            self.target.eq(select.target),
            entry.target.eq(select.target),
        ]
        if entry.port.models > 1:
            return streams
        # Samples of a stream have a forecast each, whatever the state that they go on from.
        streaming = self._network.mode is Mode.STREAMING
        m.d.comb += select.boundary.eq(entry.o.valid & (entry.o.payload.tag.first | streaming))
        tagged: dict[str, Stream] = {}
        for port in self._network.inputs:
            valid, given = streams[port.name]
            layout = with_model(port).layout
            payload = data.View(layout, Signal(layout.size, name=f"{port.name}_with_model"))
            m.d.comb += [
                payload.data.eq(given.data),
                *(payload.tag[name].eq(given.tag[name]) for name, _ in given.tag.shape()),
                payload.tag.model.eq(select.model),
            ]
            tagged[port.name] = valid, payload
        return tagged

    def _side_inputs(self, m: Module, entry: Entry) -> dict[str, Stream]:
        """Let the beats of the other inputs enter with those of the leading one."""
        network = self._network
        m.submodules.side_inputs = sides = SideInputs(network.input, network.side_inputs)
        m.d.comb += [
            sides.tlast.eq(self.tlast),
            sides.first.eq(entry.first),
            sides.dropping.eq(entry.dropping),
            sides.accepted.eq(entry.tvalid & entry.tready),
            sides.breaks.eq(entry.breaks),
            sides.enters.eq(entry.o.valid),
            sides.enters_last.eq(entry.o.payload.tag.last),
            entry.misfit.eq(sides.misfit),
            entry.tvalid.eq(self.tvalid & sides.there),
            self.tready.eq(entry.tready & sides.there),
        ]
        streams: dict[str, Stream] = {}
        for k, port in enumerate(network.side_inputs):
            for name in ("tdata", "tvalid", "tlast"):
                m.d.comb += getattr(sides, f"{name}{k}").eq(getattr(self, f"side{k}_{name}"))
            m.d.comb += getattr(self, f"side{k}_tready").eq(getattr(sides, f"tready{k}"))
            o: stream.Interface = getattr(sides, f"o{k}")
            streams[port.name] = o.valid, o.payload
        return streams

    def _gate(self, m: Module, output: str, forecast: Stream, entry: Entry) -> Stream:
        """Keep a forecast back until its window has closed where it should, if need be."""
        network = self._network
        if output not in network.schedule.gates:
            return forecast
        index = network.outputs.index(output)
        port = self._tagged(network.output_ports[index])
        gate = ForecastGate(port, network.schedule.gates[output])
        m.submodules[f"{identifier(output)}_gate"] = ResetInserter(entry.clear)(gate)
        m.d.comb += [
            gate.i.valid.eq(forecast[0]),
            gate.i.payload.eq(forecast[1]),
            gate.closes.eq(entry.o.valid & entry.o.payload.tag.last),
        ]
        return gate.o.valid, gate.o.payload

    def _join(self, m: Module, node: Node, given: list[Stream], clear: Signal) -> list[Stream]:
        """Let the beats of several streams enter a block in the same cycle."""
        ports = [self._tagged(port) for port in node.spec.inputs]
        join = Join(ports, self._network.schedule.joins[node.name])
        m.submodules[f"{identifier(node.name)}_join"] = ResetInserter(clear)(join)
        for queue, (valid, payload) in zip(join.inputs, given, strict=True):
            m.d.comb += [queue.valid.eq(valid), queue.payload.eq(payload)]
        return [(head.valid, head.payload) for head in join.outputs]


def probe_names(name: str) -> tuple[str, str]:
    """Return the wires of `Core` on which simulation sees a node's beats: valid and data."""
    return f"probe_{identifier(name)}_valid", f"probe_{identifier(name)}_data"


def _probe(m: Module, name: str, valid: Signal, payload: data.View) -> None:
    for wire, value in zip(probe_names(name), (valid, payload.data.as_value()), strict=True):
        m.d.comb += Signal(len(value), name=wire).eq(value)
