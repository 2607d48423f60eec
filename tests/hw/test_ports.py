"""Several inputs: which packets make a window, what a wrong ``tlast`` on any of them costs."""

from dataclasses import dataclass, field, replace
from itertools import count

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, EnableInserter, Module, Signal
from amaranth.sim import Simulator

from hw import ChronogateError, Network, Node, Port, Select
from hw.board.top import BoardTop
from hw.board.uart import Uart
from hw.network.mode import Mode
from hw.top.axi import accelerator_verilog
from hw.top.core import Core
from hw.top.entry import padded_width
from tests.hw.graphs import NARROW
from tests.hw.many_ports import draw_arrays, many_ports, static_only

WINDOWS = 60
LIMIT = 8000
"""Cycles; a run takes about a thousand."""


@dataclass
class Source:
    """Sends packets over one stream, most of them of the right length."""

    port: Port
    packets: list[np.ndarray]
    packet: int = 0
    beat: int = 0
    offered: bool = False

    @property
    def done(self) -> bool:
        return self.packet == len(self.packets)

    @property
    def last(self) -> bool:
        return self.beat == len(self.packets[self.packet]) - 1

    @property
    def word(self) -> int:
        width = padded_width(self.port)
        row = self.packets[self.packet][self.beat].tolist()
        return sum((code & ((1 << width) - 1)) << (width * c) for c, code in enumerate(row))

    def moves(self) -> None:
        self.offered = False
        self.beat += 1
        if self.beat == len(self.packets[self.packet]):
            self.packet, self.beat = self.packet + 1, 0


@dataclass
class Bench:
    """A core that freezes at random, between sources with gaps of their own.

    Parameters
    ----------
    restarts
        Probability of a restart in a cycle.
    """

    network: Network
    sources: list[Source]
    rng: np.random.Generator
    restarts: float = 0.0
    cut: set[int] = field(default_factory=set)
    results: list[list[list[int]]] = field(default_factory=list)
    dropped: int = 0

    def run(self) -> None:
        core, self._enable = Core(self.network), Signal()
        self.results = [[] for _ in self.network.outputs]
        top = Module()
        top.domains.sync = ClockDomain()
        top.submodules.core = EnableInserter(self._enable)(core)
        simulator = Simulator(top)
        simulator.add_clock(1e-6)
        self._core = core
        simulator.add_testbench(self._bench)
        simulator.run()

    def _pins(self, source: Source) -> list[Signal]:
        names = ("tdata", "tvalid", "tlast", "tready")
        if source.port is self.network.input:
            return [getattr(self._core, name) for name in names]
        side = self.network.side_inputs.index(source.port)
        return [getattr(self._core, f"side{side}_{name}") for name in names]

    async def _bench(self, ctx) -> None:
        core, rng = self._core, self.rng
        lead = next(s for s in self.sources if s.port is self.network.input)
        gaps = rng.random(len(self.sources)) * 0.7
        quiet, restarting = 0, False
        for cycle in count():
            assert cycle < LIMIT, "the design hangs"
            quiet = quiet + 1 if all(s.done for s in self.sources) else 0
            if quiet > 150:
                break
            enable = bool(rng.random() < 0.8)
            restarting = restarting or bool(quiet == 0 and rng.random() < self.restarts)
            ctx.set(self._enable, enable)
            ctx.set(core.restart, restarting)
            pins = [self._pins(source) for source in self.sources]
            for source, gap, (data, valid, last, _) in zip(self.sources, gaps, pins, strict=True):
                source.offered = not source.done and bool(source.offered or rng.random() >= gap)
                ctx.set(data, source.word if source.offered else int(rng.integers(1 << 12)))
                ctx.set(last, source.last if source.offered else int(rng.integers(2)))
                ctx.set(valid, source.offered)
            if enable:
                for result, o, port in zip(
                    self.results, core.results, self.network.output_ports, strict=True
                ):
                    if ctx.get(o.valid):
                        result.append([ctx.get(o.payload.data[c]) for c in range(port.channels)])
                if restarting and ctx.get(core.restarted):
                    if lead.beat:
                        self.cut.add(lead.packet)
                    restarting = False
                for source, (_, _, _, ready) in zip(self.sources, pins, strict=True):
                    if source.offered and ctx.get(ready):
                        source.moves()
            await ctx.tick()
        self.dropped = ctx.get(core.dropped_windows)


def draw_packets(
    rng: np.random.Generator, codes: np.ndarray, wrong: float
) -> tuple[list[np.ndarray], np.ndarray]:
    """Return packets, some too short or too long, and which are right."""
    beats = codes if codes.ndim == 3 else codes[:, np.newaxis]
    steps = beats.shape[1]
    packets, right = [], rng.random(len(beats)) >= wrong
    for window, good in zip(beats, right, strict=True):
        lengths = [length for length in range(1, 2 * steps + 2) if length != steps]
        length = steps if good else int(rng.choice(lengths))
        packets.append(window[np.arange(length) % steps])
    return packets, right


@pytest.mark.parametrize("restarts", [0.0, 0.02])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["series", "beat a window", "static"])
def test_a_wrong_packet_drops_its_window_on_every_stream(
    kind: str, seed: int, restarts: float
) -> None:
    network = {"series": many_ports, "beat a window": lambda: many_ports(1), "static": static_only}[
        kind
    ]()
    rng = np.random.default_rng([seed, len(kind)])
    arrays = draw_arrays(network, rng, WINDOWS)
    right = np.ones(WINDOWS, dtype=bool)
    sources = []
    for port, codes in zip(network.inputs, arrays, strict=True):
        packets, good = draw_packets(rng, codes, 0.1)
        sources.append(Source(port, packets))
        right &= good
    bench = Bench(network, sources, rng, restarts)
    bench.run()
    broken = set(np.flatnonzero(~right).tolist()) | bench.cut
    assert bench.cut or not restarts or network.look_back == 1
    kept = [window for window in range(WINDOWS) if window not in broken]
    expected = network.evaluate([codes[kept] for codes in arrays])
    for found, codes, port in zip(bench.results, expected, network.output_ports, strict=True):
        assert found == codes.reshape(-1, port.channels).tolist()
    assert bench.dropped == len(broken)


def test_streams_are_named_after_inputs_and_outputs() -> None:
    verilog = accelerator_verilog(many_ports())
    for pin in ("s_axis_known_ahead_tdata", "s_axis_store_tready", "m_axis_forecast_narrow_tlast"):
        assert f" {pin};" in verilog
    assert "s_axis_tdata" not in verilog


def test_a_board_carries_one_input_and_one_output() -> None:
    with pytest.raises(ChronogateError, match="3 inputs and 3 outputs, but the UART"):
        BoardTop(many_ports(), Uart(10))


def test_what_does_not_go_together_is_refused() -> None:
    network = many_ports()
    with pytest.raises(ChronogateError, match="window mode with one series"):
        replace(network, mode=Mode.SLIDING)
    other = Port("later", 1, NARROW.plain(), 5)
    node = Node("select", Select(1, (0,), other.format, 5), ("later",))
    with pytest.raises(ChronogateError, match="inputs of 3 and of 5 steps: let later come as one"):
        replace(
            network,
            inputs=(*network.inputs, other),
            nodes=(*network.nodes, node),
            outputs=(*network.outputs, "select"),
        )
    with pytest.raises(ChronogateError, match="nothing uses the result of later"):
        replace(network, inputs=(*network.inputs, other))
    with pytest.raises(ChronogateError, match="takes 3 arrays"):
        network.reference(np.zeros((2, 3, 2), dtype=np.int64))
    arrays = draw_arrays(network, np.random.default_rng(1), 3)
    with pytest.raises(ChronogateError, match="as many windows of every input"):
        network.evaluate([arrays[0][:2], *arrays[1:]])
    with pytest.raises(ChronogateError, match="has 3 outputs"):
        network.reference(arrays)
