"""Blocks that keep something from beat to beat, for interleaved series in any order of arrival."""

from collections.abc import Callable

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from hw import (
    AveragePooling,
    ChronogateError,
    Conv1D,
    DepthwiseConv1D,
    FixedPoint,
    Flatten,
    MaxPooling,
    Network,
    Node,
    Padding,
    Pool,
    Port,
    Select,
)
from hw.block import Spec
from hw.layer.convolution.window_sum import WindowSum
from hw.layer.shape.crop import Crop
from hw.layer.shape.replay import Replay
from hw.network.stage import emission
from hw.top.core import Core
from tests.hw.drawing import draw_codes

STEPS, CHANNELS, SERIES = 9, 2, 5
GRID, WEIGHT = FixedPoint(6, 3), FixedPoint(4, 1)
ROUNDED = FixedPoint(8, 4)
RNG = np.random.default_rng(7)


def conv(taps: int, padding: Padding, **rest: int) -> Conv1D:
    kernel, bias = draw_codes(RNG, WEIGHT, taps, CHANNELS, 3), draw_codes(RNG, WEIGHT, 3)
    return Conv1D(kernel, bias, GRID, WEIGHT, WEIGHT, STEPS, 4, padding, **rest, series=SERIES)


def depthwise(taps: int, padding: Padding, **rest: int) -> DepthwiseConv1D:
    kernel, bias = draw_codes(RNG, WEIGHT, taps, CHANNELS, 1), draw_codes(RNG, WEIGHT, CHANNELS)
    return DepthwiseConv1D(
        kernel, bias, GRID, WEIGHT, WEIGHT, STEPS, 3, padding, **rest, series=SERIES
    )


SPECS: dict[str, Callable[[], Spec]] = {
    "causal": lambda: conv(3, Padding.CAUSAL),
    "dilated": lambda: conv(3, Padding.CAUSAL, dilation=3),
    "strided": lambda: conv(3, Padding.CAUSAL, stride=2),
    "valid": lambda: conv(4, Padding.VALID),
    "valid strided": lambda: depthwise(2, Padding.VALID, dilation=2, stride=3),
    "depthwise": lambda: depthwise(3, Padding.CAUSAL),
    "max": lambda: MaxPooling(CHANNELS, GRID, Pool(STEPS, 3, 2), SERIES),
    "average": lambda: AveragePooling(CHANNELS, GRID, Pool(STEPS, 3, 3), ROUNDED, SERIES),
    "overlapping": lambda: MaxPooling(CHANNELS, GRID, Pool(STEPS, 4, 1), SERIES),
    "global": lambda: AveragePooling(CHANNELS, GRID, Pool(STEPS), ROUNDED, SERIES),
    "crop": lambda: Crop(STEPS, CHANNELS, GRID, 2, 7, SERIES),
    "sum": lambda: WindowSum(STEPS, CHANNELS, GRID, SERIES),
    "flatten": lambda: Flatten(STEPS, CHANNELS, GRID, SERIES),
    "select": lambda: Select(CHANNELS, (1, 0, 1), GRID, STEPS, SERIES),
}


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("name", SPECS)
def test_series_do_not_mix(name: str, gaps: bool) -> None:
    spec = SPECS[name]()
    rng = np.random.default_rng(len(name))
    source, result = spec.inputs[0], spec.outputs[0]
    codes = draw_codes(rng, GRID, SERIES, 2, STEPS, CHANNELS)
    expected = spec.reference(codes.reshape(-1, STEPS, CHANNELS))
    expected = expected.reshape(SERIES, 2, result.beats, result.channels)
    order = rng.permutation(np.repeat(np.arange(SERIES), 2 * STEPS))
    apart = spec.timing.interval_cycles + rng.integers(0, 3, len(order)) * gaps
    cycles = np.cumsum(apart)
    done = [0] * SERIES
    fed: dict[int, tuple[int, int, int]] = {}
    wanted: list[tuple[int, int, bool, bool, list[int]]] = []
    triggers = emission(spec.timing, source, result).trigger
    for cycle, series in zip(cycles.tolist(), order.tolist(), strict=True):
        window, step = divmod(done[series], STEPS)
        done[series] += 1
        fed[cycle] = series, window, step
        wanted += [
            (
                cycle + spec.timing.latency_cycles,
                series,
                beat == 0,
                beat == result.beats - 1,
                expected[series, window, beat].tolist(),
            )
            for beat, trigger in enumerate(triggers)
            if trigger == step
        ]
    assert run(spec, codes, fed, int(cycles[-1]) + spec.timing.latency_cycles + 3) == wanted


def run(spec: Spec, codes: np.ndarray, fed: dict[int, tuple[int, int, int]], end: int) -> list:
    """Feed series, window and step by cycle; return cycle, series, flags and codes that leave."""
    block, taken = spec.build(), []

    async def bench(ctx) -> None:
        for cycle in range(end):
            ctx.set(block.i.payload.as_value(), -1)
            ctx.set(block.i.valid, cycle in fed)
            if cycle in fed:
                series, window, step = fed[cycle]
                for channel, code in enumerate(codes[series, window, step].tolist()):
                    ctx.set(block.i.payload.data[channel], code)
                ctx.set(block.i.payload.tag.series, series)
                ctx.set(block.i.payload.tag.first, step == 0)
                ctx.set(block.i.payload.tag.last, step == STEPS - 1)
            if ctx.get(block.o.valid):
                data, tag = block.o.payload.data, block.o.payload.tag
                flags = bool(ctx.get(tag.first)), bool(ctx.get(tag.last))
                row = [ctx.get(data[c]) for c in range(spec.outputs[0].channels)]
                taken.append((cycle, ctx.get(tag.series), *flags, row))
            await ctx.tick()

    top = Module()
    top.domains.sync = ClockDomain()
    top.submodules.block = block
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return taken


def test_bursts_are_refused() -> None:
    with pytest.raises(ChronogateError, match="use padding 'causal' or 'valid'"):
        conv(3, Padding.SAME)
    port = Port("input", CHANNELS, GRID, STEPS, SERIES)
    node = Node("again", Replay(STEPS, CHANNELS, GRID), ("input",))
    with pytest.raises(ChronogateError, match="again serves 1 series but input brings 5"):
        Network("replayed", (port,), (node,), ("again",))


def test_beats_of_a_broken_window_come_before_those_of_the_next_forecast() -> None:
    """What `hw.network.gate` says of interleaved series, whose forecasts leave beat by beat."""
    steps, windows = 3, 30
    port = Port("input", 1, GRID, steps, SERIES)
    node = Node("same", Select(1, (0,), GRID, steps, SERIES), ("input",))
    core = Core(Network("series", (port,), (node,), ("same",)))
    rng = np.random.default_rng(4)
    beats: list[list[tuple[int, bool]]] = []
    right: list[list[list[int]]] = []
    for _ in range(SERIES):
        lengths = np.where(rng.random(windows) < 0.3, rng.integers(1, 6, windows), steps)
        sent = [draw_codes(rng, GRID, int(length)).tolist() for length in lengths]
        beats.append([(code, k + 1 == len(w)) for w in sent for k, code in enumerate(w)])
        right.append([window for window in sent if len(window) == steps])
    order = rng.permutation(np.repeat(np.arange(SERIES), [len(b) for b in beats])).tolist()
    left: list[list[tuple[int, bool]]] = [[] for _ in range(SERIES)]

    async def bench(ctx) -> None:
        places = [0] * SERIES
        for series in order:
            code, last = beats[series][places[series]]
            places[series] += 1
            ctx.set(core.tvalid, 1)
            ctx.set(core.tdata, code & 0xFF)
            ctx.set(core.tlast, last)
            ctx.set(core.tid, series)
            moved = False
            while not moved:
                moved = bool(ctx.get(core.tready))
                note(ctx)
                await ctx.tick()
        ctx.set(core.tvalid, 0)
        for _ in range(10):
            note(ctx)
            await ctx.tick()

    def note(ctx) -> None:
        if ctx.get(core.o.valid):
            payload = core.o.payload
            beat = ctx.get(payload.data[0]), bool(ctx.get(payload.tag.last))
            left[ctx.get(payload.tag.series)].append(beat)

    top = Module()
    top.domains.sync = ClockDomain()
    top.submodules.core = core
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    for series in range(SERIES):
        ends = [place for place, (_, last) in enumerate(left[series]) if last]
        forecasts = [left[series][end + 1 - steps : end + 1] for end in ends]
        assert [[code for code, _ in forecast] for forecast in forecasts] == right[series]
    # Some did leave.
    assert any(len(out) > steps * len(good) for out, good in zip(left, right, strict=True))
