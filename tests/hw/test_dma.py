"""The top for DMA engines: words of a power of two of bytes, packets that break off."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from amaranth.sim import Simulator

from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.network.mode import Mode
from hw.stream import Port
from hw.top.dma import DmaAccelerator, DmaFormat, check_dma, dma_verilog
from tests.hw.drawing import draw_codes, draw_network


@dataclass(frozen=True)
class Word:
    """One beat on the bus."""

    data: int
    keep: int
    last: bool


def words_of(packet: bytes, size: int) -> list[Word]:
    pieces = [packet[k : k + size] for k in range(0, len(packet), size)]
    return [
        Word(int.from_bytes(piece, "little"), (1 << size) - 1, k == len(pieces) - 1)
        for k, piece in enumerate(pieces)
    ]


def run(network: Network, words: list[Word], seed: int, packets: int) -> tuple[list[bytes], int]:
    """Send words with gaps, take the answer with stalls; return packets and register 0 of..."""
    dut = DmaAccelerator(network)
    simulator = Simulator(dut)
    rng = np.random.default_rng(seed)
    answers: list[bytes] = []
    offset = _offset(network, "dropped_windows")
    dropped = -1

    async def bench(ctx) -> None:
        nonlocal dropped
        ctx.set(dut.aresetn, 0)
        await _edge(ctx, dut)
        ctx.set(dut.aresetn, 1)
        waiting, current, idle = list(words), b"", 0
        offered = False
        while waiting or len(answers) < packets or idle < 60:
            if waiting and not offered:
                offered = bool(rng.random() < 0.7)
            ctx.set(dut.s_axis_tvalid, offered)
            word = waiting[0] if offered else Word(int(rng.integers(1 << 31)), 0, True)
            ctx.set(dut.s_axis_tdata, word.data)
            ctx.set(dut.s_axis_tkeep, word.keep)
            ctx.set(dut.s_axis_tlast, word.last)
            ctx.set(dut.m_axis_tready, bool(rng.random() < 0.7))
            taken = offered and ctx.get(dut.s_axis_tready)
            if ctx.get(dut.m_axis_tvalid) and ctx.get(dut.m_axis_tready):
                size = len(dut.m_axis_tkeep)
                assert ctx.get(dut.m_axis_tkeep) == (1 << size) - 1
                current += ctx.get(dut.m_axis_tdata).to_bytes(size, "little")
                if ctx.get(dut.m_axis_tlast):
                    answers.append(current)
                    current = b""
                idle = 0
            await _edge(ctx, dut)
            if taken:
                waiting.pop(0)
                offered = False
            idle += 1
            assert idle < 5000, "no answer"
        assert current == b""
        ctx.set(dut.s_axil_araddr, offset)
        ctx.set(dut.s_axil_arvalid, 1)
        ctx.set(dut.s_axil_rready, 1)
        while not ctx.get(dut.s_axil_rvalid):
            await _edge(ctx, dut)
        dropped = ctx.get(dut.s_axil_rdata)

    simulator.add_testbench(bench)
    simulator.run()
    return answers, dropped


async def _edge(ctx, dut: DmaAccelerator) -> None:
    ctx.set(dut.aclk, 1)
    await ctx.delay(5e-9)
    ctx.set(dut.aclk, 0)
    await ctx.delay(5e-9)


def _offset(network: Network, name: str) -> int:
    from hw.control.map import control_map, host_memories

    return control_map(network, host_memories(network)).offset(name)


def spoil(words: list[Word], how: int, format: DmaFormat, rng: np.random.Generator) -> list[Word]:
    """Return the packet cut short, with a hole in its ``keep``, or with words too many."""
    at = int(rng.integers(len(words)))
    if how == 0:
        return (
            [*words[:at], replace(words[at], last=True)]
            if at < len(words) - 1
            else [*words[:-1], replace(words[-1], keep=words[-1].keep >> 1)]
        )
    if how == 1:
        return [replace(w, keep=w.keep & ~1) if k == at else w for k, w in enumerate(words)]
    more = int(rng.integers(1, 2 * format.words + 1))
    return [replace(w, last=False) for w in words] + [
        replace(words[-1], last=k == more - 1) for k in range(more)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_forecasts_and_broken_packets(seed: int) -> None:
    network = draw_network(seed, "mlp")
    rng = np.random.default_rng(seed)
    codes = draw_codes(rng, network.input_format, 8, network.look_back, network.features)
    given, taken = DmaFormat(network.input), DmaFormat(network.output)
    words: list[Word] = []
    broken = 0
    for window in codes:
        if rng.random() < 0.6:
            sound = words_of(
                given.pack(draw_codes(rng, network.input_format, *window.shape)), given.word_bytes
            )
            words += spoil(sound, int(rng.integers(3)), given, rng)
            broken += 1
        words += words_of(given.pack(window), given.word_bytes)
    answers, dropped = run(network, words, seed, len(codes))
    expected = [taken.pack(row) for row in network.reference(codes)]
    assert answers == expected
    assert dropped == broken


def test_how_beats_lie_in_memory() -> None:
    network = draw_network(0, "mlp")
    port = replace(network.input, channels=9, steps=3)
    format = DmaFormat(port)
    assert (format.value_bytes, format.beat_bytes, format.word_bytes) == (1, 9, 8)
    assert (format.words, format.padded_bytes, format.packet_bytes) == (2, 16, 48)
    packet = format.pack(np.arange(27).reshape(3, 9) - 20)
    assert packet[16:25] == bytes((k - 11) % 256 for k in range(9))
    assert packet[25:32] == bytes(7)


def test_the_verilog_has_the_names_of_axi() -> None:
    text = dma_verilog(draw_network(1, "mlp"))
    for name in ("s_axis_tkeep", "m_axis_tkeep", "s_axil_awaddr"):
        assert f" {name};" in text


def test_other_networks_are_refused() -> None:
    network = draw_network(0, "mlp")
    series = replace(network.input, series=4)
    with pytest.raises(ChronogateError, match="4 interleaved series"):
        check_dma(_with(network, series))
    with pytest.raises(ChronogateError, match="the mode streaming"):
        check_dma(_with(network, network.input, mode=Mode.STREAMING))


def _with(network: Network, port: Port, mode: Mode = Mode.WINDOW) -> Network:
    changed = object.__new__(Network)  # what no check of a network sees: only its streams matter
    changed.__dict__.update(network.__dict__, inputs=(port,), mode=mode)
    return changed
