"""Networks with reloadable weights, and a host that loads models into their core."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from amaranth.hdl import ClockDomain, ClockSignal, EnableInserter, Module, ResetSignal, Signal
from amaranth.sim import Simulator

from hw import (
    GRU,
    LSTM,
    Activation,
    BatchNormalization,
    Conv1D,
    Dense,
    DepthwiseConv1D,
    Network,
    Node,
    SharedDense,
    SharedLayer,
    SimpleRNN,
)
from hw.control.reload import MemoryWrite, model_writes
from hw.network.mode import Mode
from hw.top.core import Core
from hw.top.entry import padded_width
from tests.hw.drawing import draw_codes

T = TypeVar("T")
Weighted = (
    BatchNormalization | Conv1D | Dense | DepthwiseConv1D | GRU | LSTM | SharedDense | SimpleRNN
)


def made_reloadable(network: Network) -> Network:
    """Return a chain with reloadable layers; activations follow the wider sums."""
    nodes: list[Node] = []
    given = network.input
    for node in network.nodes:
        spec = node.spec
        if isinstance(spec, Activation):
            spec = replace(spec, input=given.format)
        elif isinstance(spec, Dense):
            spec = replace(spec, skip_zeros=False, reloadable=True)
        elif isinstance(spec, Weighted):
            spec = replace(spec, reloadable=True)
        nodes.append(Node(node.name, spec, node.inputs))
        given = spec.outputs[0]
    return replace(network, nodes=tuple(nodes))


def other_model(network: Network, rng: np.random.Generator) -> Network:
    """Return a network of the same shape with other weights, the extremes among them."""
    nodes = [
        Node(n.name, _drawn(n.spec, rng), n.inputs)
        if isinstance(n.spec, Weighted) and n in network.reloadable
        else n
        for n in network.nodes
    ]
    return replace(network, nodes=tuple(nodes), name=f"{network.name}_other")


def _drawn(spec: Weighted, rng: np.random.Generator) -> Weighted:
    if isinstance(spec, SharedDense):
        return replace(spec, layers=tuple(_redrawn(layer, rng) for layer in spec.layers))
    return _redrawn(spec, rng)


def _redrawn(spec: T, rng: np.random.Generator) -> T:
    assert isinstance(spec, Weighted | SharedLayer)
    assert not isinstance(spec, SharedDense)
    if isinstance(spec, BatchNormalization):
        given = {"scale": spec.scale_format, "offset": spec.offset_format}
    else:
        given = {"kernel": spec.kernel_format, "bias": spec.bias_format}
    if isinstance(spec, GRU | LSTM | SimpleRNN):
        given["recurrent_kernel"] = spec.recurrent_format
    if isinstance(spec, GRU) and spec.reset_after:
        given["recurrent_bias"] = spec.bias_format
    codes = {name: draw_codes(rng, f, *getattr(spec, name).shape) for name, f in given.items()}
    if rng.random() < 0.3:
        ends = {n: (f.minimum, f.maximum)[int(rng.integers(2))] for n, f in given.items()}
        codes = {name: np.full_like(value, ends[name]) for name, value in codes.items()}
    return replace(spec, **codes)


@dataclass
class Reloading:
    """Sends windows or series through a core while a host loads models.

    It loads the first one, goes back to the design's own with a second commit and no words, and
    loads the other one, the last layer first.

    Parameters
    ----------
    network
        The design, with a model of its own.
    models
        Two that are loaded.
    rng
        Of gaps, frozen cycles and the host's pauses.

    Attributes
    ----------
    epochs, codes
        Of each beat that left: how often the model had changed, and its values.
    begun
        For each window how many commits there were before its first beat was accepted.
    entered
        Of several series: the series of each window that began, and how many commits came before.
    left
        Of several series: the series, the bank and the values of each beat that left.
    """

    network: Network
    models: tuple[Network, Network]
    rng: np.random.Generator
    gaps: float = 0.0
    frozen: float = 0.0
    epochs: list[int] = field(default_factory=list)
    codes: list[list[int]] = field(default_factory=list)
    begun: list[int] = field(default_factory=list)
    entered: list[tuple[int, int]] = field(default_factory=list)
    left: list[tuple[int, int, list[int]]] = field(default_factory=list)
    commits: int = 0

    def __post_init__(self) -> None:
        self.core = Core(self.network)
        self.enable = Signal(name="enable")
        self._width = padded_width(self.network.input)

    def _commands(self) -> Iterator[MemoryWrite | None]:
        first, second = (model_writes(self.network, model) for model in self.models)
        yield from (*first, None, None, *reversed(second), None)

    @property
    def answering(self) -> tuple[Network, ...]:
        """The model that answers after each commit, that before the first one included."""
        return self.network, self.models[0], self.network, self.models[1]

    async def _host(self, ctx) -> None:
        """Write as fast as the ports take words, and commit; both also while frozen."""
        core = self.core
        for command in self._commands():
            while self.rng.random() < 0.2:
                await ctx.tick("host")
            if command is None:
                while not ctx.get(core.settled):
                    await ctx.tick("host")
                ctx.set(core.commit, 1)
                await ctx.tick("host")
                ctx.set(core.commit, 0)
                self.commits += 1
                continue
            request = getattr(core, f"model{command.memory}").request
            ctx.set(request.payload.write, 1)
            ctx.set(request.payload.address, command.address)
            ctx.set(request.payload.data, command.data)
            ctx.set(request.valid, 1)
            while not ctx.get(request.ready):
                await ctx.tick("host")
            await ctx.tick("host")
            ctx.set(request.valid, 0)

    def _offer(self, ctx, row: Sequence[int] | None, last: bool, series: int) -> None:
        core, mask = self.core, (1 << self._width) - 1
        ctx.set(core.tvalid, row is not None)
        codes = row or [int(self.rng.integers(1 << self._width))] * self.network.features
        ctx.set(core.tdata, sum((c & mask) << (self._width * i) for i, c in enumerate(codes)))
        ctx.set(core.tlast, last)
        ctx.set(core.tid, series)

    async def _traffic(self, ctx, beats: list[tuple[list[int], bool, int]]) -> None:
        core, waiting = self.core, list(reversed(beats))
        steps, model, position = self.network.look_back, 0, 0
        idle, target, committed = 0, 0, 0
        while idle < 3 * self.network.timing.window_cycles + 60:
            offered = waiting[-1] if waiting and self.rng.random() >= self.gaps else None
            self._offer(ctx, *(offered or (None, False, 0)))
            moves = self.rng.random() >= self.frozen
            ctx.set(self.enable, moves)
            idle = 0 if waiting else idle + moves
            committed += ctx.get(core.target) != target
            target = ctx.get(core.target)
            if moves and ctx.get(core.o.valid):
                data, tag = core.o.payload.data, core.o.payload.tag
                self.codes.append([ctx.get(value) for value in data])
                self.epochs.append(
                    (self.epochs[-1] if self.epochs else 0) + (ctx.get(tag.model) != model)
                )
                model = ctx.get(tag.model)
                if self.network.input.series > 1:
                    self.left.append((ctx.get(tag.series), model, self.codes[-1]))
            if self.network.input.series > 1 and moves and ctx.get(core.entered.valid):
                tag = core.entered.payload.tag
                if ctx.get(tag.first):
                    self.entered.append((ctx.get(tag.series), committed))
            if offered and moves and ctx.get(core.tready):
                waiting.pop()
                if position == 0:
                    self.begun.append(committed)
                position = 0 if offered[1] else (position + 1) % steps
            await ctx.tick()

    def run(self, beats: list[tuple[list[int], bool, int]]) -> None:
        """Send beats: codes, ``tlast`` and the series."""
        top = Module()
        top.domains += [ClockDomain("sync"), ClockDomain("host")]
        top.d.comb += [ClockSignal("host").eq(ClockSignal()), ResetSignal("host").eq(0)]
        top.submodules.core = EnableInserter(self.enable)(self.core)
        simulator = Simulator(top)
        simulator.add_clock(1e-6)

        async def traffic(ctx) -> None:
            await self._traffic(ctx, beats)

        simulator.add_testbench(traffic)
        simulator.add_testbench(self._host, background=True)
        simulator.run()


def beats_of_windows(codes: np.ndarray, mode: Mode) -> list[tuple[list[int], bool, int]]:
    """Return the beats of windows ``(N, [T,] F)``; series of the streaming mode never end."""
    windows = codes if codes.ndim == 3 else codes[:, np.newaxis]
    return [
        (row, mode is Mode.WINDOW and k + 1 == len(window), 0)
        for window in windows.tolist()
        for k, row in enumerate(window)
    ]
