"""The AXI4-Stream top in Amaranth's simulator: framing, pacing, freezing, reset."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module, unsigned
from amaranth.sim import Simulator

from hw import Network
from hw.top.axi import Accelerator
from hw.top.entry import padded_width
from hw.top.skid_buffer import SkidBuffer
from tests.hw.drawing import draw_codes, draw_network

KINDS = ["mlp", "lstm", "gru_after", "gru_before"]


@dataclass
class Log:
    """What crossed the two streams, and in which cycle."""

    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    codes: list[list[int]] = field(default_factory=list)
    dropped: int = 0


def pack(row: list[int], width: int) -> int:
    return sum((code & ((1 << width) - 1)) << (i * width) for i, code in enumerate(row))


def unpack(word: int, network: Network) -> list[int]:
    width = padded_width(network.output)
    raw = [(word >> (i * width)) & ((1 << width) - 1) for i in range(network.outputs_per_window)]
    sign = 1 << (width - 1) if network.output_format.signed else 0
    return [(value ^ sign) - sign for value in raw]


def run_top(
    network: Network,
    beats: Iterator[tuple[list[int], bool]],
    cycles: int,
    *,
    gaps: float = 0.0,
    stalls: float = 0.0,
    reset_at: int | None = None,
) -> Log:
    """Clock the top by hand; `beats` gives rows and tlast."""
    top, log, rng = Accelerator(network), Log(), np.random.default_rng(1)
    width = padded_width(network.input)

    async def bench(ctx) -> None:
        pending, held = next(beats, None), None
        for cycle in range(-3, cycles):
            ctx.set(top.aresetn, cycle >= 0 and cycle != reset_at)
            offered = pending is not None and cycle >= 0 and (held == "in" or rng.random() >= gaps)
            held = "in" if offered else None
            ctx.set(top.s_axis_tvalid, offered)
            if pending is not None:
                ctx.set(top.s_axis_tdata, pack(pending[0], width))
                ctx.set(top.s_axis_tlast, pending[1])
            ctx.set(top.m_axis_tready, rng.random() >= stalls)
            if cycle >= 0 and cycle != reset_at:
                if offered and ctx.get(top.s_axis_tready):
                    log.inputs.append(cycle)
                    pending, held = next(beats, None), None
                if ctx.get(top.m_axis_tvalid) and ctx.get(top.m_axis_tready):
                    log.outputs.append(cycle)
                    log.codes.append(unpack(ctx.get(top.m_axis_tdata), network))
            log.dropped = ctx.get(top.dropped_windows)
            for level in (1, 0):
                ctx.set(top.aclk, level)
                await ctx.delay(1e-9)

    simulator = Simulator(top)
    simulator.add_testbench(bench)
    simulator.run()
    return log


def rows(codes: np.ndarray) -> Iterator[tuple[list[int], bool]]:
    for window in codes.tolist():
        for step, row in enumerate(window):
            yield row, step == len(window) - 1


def drawn(kind: str, seed: int, windows: int) -> tuple[Network, np.ndarray]:
    network = draw_network(seed, kind)
    codes = draw_codes(
        np.random.default_rng(seed),
        network.input_format,
        windows,
        network.look_back,
        network.features,
    )
    return network, codes


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", KINDS)
def test_counted_cycles_are_the_predicted_ones(kind: str, seed: int) -> None:
    network, codes = drawn(kind, seed, 4)
    timing = network.timing
    log = run_top(network, rows(codes), timing.window_cycles + 4 * timing.interval_cycles)
    assert log.codes == network.reference(codes).tolist()
    beats = np.array(log.inputs).reshape(4, -1)
    assert (np.array(log.outputs) - beats[:, -1]).tolist() == [timing.latency_cycles] * 4
    assert log.outputs[0] - log.inputs[0] == timing.window_cycles
    assert np.diff(log.outputs).tolist() == [timing.interval_cycles] * 3
    # The last beat of a window may wait for a slow layer behind; the others come step by step.
    steps = np.diff(beats[:, :-1], axis=1).ravel()
    assert steps.tolist() == [timing.step_cycles] * len(steps)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", KINDS)
def test_gaps_and_stalls_change_no_code(kind: str, seed: int) -> None:
    network, codes = drawn(kind, seed, 4)
    cycles = 40 * network.timing.interval_cycles + 2000
    log = run_top(network, rows(codes), cycles, gaps=0.4, stalls=0.6)
    assert log.codes == network.reference(codes).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_tlast_drops_the_window_and_resynchronizes(kind: str) -> None:
    network, codes = next(
        drawn(kind, s, 4) for s in range(9) if draw_network(s, kind).look_back > 1
    )
    early = [(row, i == network.look_back - 2) for i, row in enumerate(codes[1][:-1].tolist())]
    late = [
        (row, i == network.look_back)
        for i, row in enumerate([*codes[2].tolist(), codes[2][0].tolist()])
    ]
    beats = [*rows(codes[:1]), *early, *late, *rows(codes[3:])]
    log = run_top(network, iter(beats), 20 * network.timing.interval_cycles + 500)
    assert log.codes == network.reference(codes[[0, 3]]).tolist()
    assert log.dropped == 2


@pytest.mark.parametrize("kind", KINDS)
def test_reset_in_mid_window_forgets_it(kind: str) -> None:
    network, codes = next(
        drawn(kind, s, 3) for s in range(9) if draw_network(s, kind).look_back > 1
    )
    begun = [(row, False) for row in codes[0][:-1].tolist()]
    cycles = 20 * network.timing.interval_cycles + 500
    last_begun = run_top(network, iter(begun), cycles).inputs[-1]
    log = run_top(network, iter([*begun, *rows(codes[1:])]), cycles, reset_at=last_begun + 1)
    assert log.codes == network.reference(codes[1:]).tolist()


@pytest.mark.parametrize(("gaps", "stalls"), [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.7)])
def test_skid_buffer_keeps_order_and_holds_still(gaps: float, stalls: float) -> None:
    rng = np.random.default_rng(3)
    buffer, sent, taken = SkidBuffer(unsigned(16)), list(range(1, 200)), []

    async def bench(ctx) -> None:
        position, offering, waiting = 0, False, None
        for _ in range(1200):
            offering = position < len(sent) and (offering or rng.random() >= gaps)
            ctx.set(buffer.i.valid, offering)
            if offering:
                ctx.set(buffer.i.payload, sent[position])
            valid, payload = ctx.get(buffer.o.valid), ctx.get(buffer.o.payload)
            if waiting is not None:
                assert (valid, payload) == (1, waiting), "valid or data changed before ready"
            ready = rng.random() >= stalls
            ctx.set(buffer.o.ready, ready)
            assert ctx.get(buffer.o.valid) == valid, "valid waits for ready"
            waiting = payload if valid and not ready else None
            if valid and ready:
                taken.append(payload)
            if offering and ctx.get(buffer.i.ready):
                position, offering = position + 1, False
            await ctx.tick()

    top = Module()
    top.domains.sync = ClockDomain()
    top.submodules.buffer = buffer
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert taken == sent
