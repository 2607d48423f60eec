"""Interleaved series: any order of arrival, each series as if it were alone."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from hw import GRU, LSTM, ChronogateError, SimpleRNN
from hw.layer.recurrent.state_memory import REGISTERED_DEPTH
from tests.hw.drawing import draw_codes
from tests.hw.recurrent_shapes import GATES, recurrent_layer

Layer = LSTM | GRU | SimpleRNN


@dataclass(frozen=True)
class Beat:
    """A beat on its way in: when, of which series, window and step."""

    cycle: int
    series: int
    window: int
    step: int


def draw_order(spec: Layer, windows: int, rng: np.random.Generator, gaps: bool) -> list[Beat]:
    """Draw an order of arrival as fast as the contract allows."""
    timing = spec.timing
    assert timing.series_cycles is not None
    done = np.zeros(spec.series, dtype=np.int64)
    free = np.zeros(spec.series, dtype=np.int64)
    beats: list[Beat] = []
    cycle = 0
    while (done < windows * spec.steps).any():
        ready = np.flatnonzero((done < windows * spec.steps) & (free <= cycle))
        if len(ready) and in_turn(spec, cycle - beats[-1].cycle if beats else 0):
            series = int(rng.choice(ready))
            beats.append(Beat(cycle, series, *divmod(int(done[series]), spec.steps)))
            done[series] += 1
            free[series] = cycle + timing.series_cycles
            cycle += timing.interval_cycles + (int(rng.integers(0, 3)) if gaps else 0)
        else:
            cycle += 1
    return beats


def in_turn(spec: Layer, since: int) -> bool:
    """Tell whether a beat may come so many cycles after the last one."""
    span = spec.timing.span_cycles
    return span is None or since >= span or since % spec.timing.interval_cycles == 0


def run(spec: Layer, codes: np.ndarray, beats: list[Beat]) -> list[tuple[int, Beat, list[int]]]:
    """Feed `beats` and return what leaves: cycle, series and flags, codes."""
    block = spec.build()
    arriving = {beat.cycle: beat for beat in beats}
    taken: list[tuple[int, Beat, list[int]]] = []

    async def bench(ctx) -> None:
        for cycle in range(beats[-1].cycle + spec.timing.latency_cycles + 2):
            beat = arriving.get(cycle)
            ctx.set(block.i.payload.as_value(), -1)
            ctx.set(block.i.valid, beat is not None)
            if beat is not None:
                row = codes[beat.series, beat.window, beat.step]
                for channel, code in enumerate(row):
                    ctx.set(block.i.payload.data[channel], int(code))
                ctx.set(block.i.payload.tag.series, beat.series)
                ctx.set(block.i.payload.tag.first, beat.step == 0)
                ctx.set(block.i.payload.tag.last, beat.step == spec.steps - 1)
            if ctx.get(block.o.valid):
                data, tag = block.o.payload.data, block.o.payload.tag
                flags = Beat(cycle, ctx.get(tag.series), ctx.get(tag.first), ctx.get(tag.last))
                taken.append((cycle, flags, [ctx.get(data[u]) for u in range(spec.units)]))
            await ctx.tick()

    top = Module()
    top.domains.sync = ClockDomain()
    top.submodules.block = block
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return taken


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", GATES)
def test_series_do_not_mix(kind: str, seed: int) -> None:
    spec, rng = draw_layer(kind, seed)
    check_series(spec, rng, gaps=seed in (1, 2))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", GATES)
def test_series_in_turns_do_not_mix(kind: str, seed: int) -> None:
    spec, rng = draw_layer(kind, 10 + seed)
    spec = spec.in_turns()
    if seed == 0:
        assert spec.period is not None
        spec = replace(spec, period=spec.period + int(rng.integers(1, 9)))
    check_series(spec, rng, gaps=seed in (1, 2))


@pytest.mark.parametrize("kind", ["lstm", "gru_after", "gru_before"])
def test_states_of_many_series_in_block_ram(kind: str) -> None:
    """State memories read with the clock, and in turns the second product waits for more."""
    rng = np.random.default_rng(3)
    options = {"multipliers": 5, "series": 10, "return_sequences": True}
    spec = recurrent_layer(kind, 1, 5, 2, 3, **options).in_turns()
    assert spec.series << 3 > REGISTERED_DEPTH
    assert (spec.plan.vector_waits is not None) == (kind == "gru_before")
    check_series(spec, rng, gaps=True)


def test_impossible_turns_are_refused() -> None:
    with pytest.raises(ChronogateError, match="leave period out"):
        recurrent_layer("lstm", 2, 3, multipliers=4, period=30)
    least = recurrent_layer("lstm", 2, 3, multipliers=4, series=3).in_turns().period
    assert least == 18
    with pytest.raises(ChronogateError, match="use a period of 18 or more"):
        recurrent_layer("lstm", 2, 3, multipliers=4, series=3, period=17)


def draw_layer(kind: str, seed: int) -> tuple[Layer, np.random.Generator]:
    """Draw shapes, folding and series."""
    rng = np.random.default_rng([seed, len(kind)])
    n_in, units, steps = (int(rng.integers(1, high)) for high in (4, 6, 4))
    gates = GATES[kind]
    inputs, recurrents = gates * units * n_in, gates * units * units

    def draw(most: int) -> int:
        return int(rng.integers(1, int(rng.integers(1, most + 1)) + 1))

    pool = {"multipliers": draw(inputs + recurrents)}
    separate = {"input_reuse": draw(inputs), "recurrent_reuse": draw(recurrents)}
    spec = recurrent_layer(
        kind,
        n_in,
        units,
        steps,
        seed,
        **(separate if seed % 2 else pool),
        series=int(rng.integers(2, 9)),
        return_sequences=bool(rng.integers(2)),
    )
    return spec, rng


def check_series(spec: Layer, rng: np.random.Generator, gaps: bool) -> None:
    """Compare every series with the reference of its own windows, in any order of arrival."""
    windows, steps, (n_in, units) = 2, spec.steps, (spec.kernel.shape[0], spec.units)
    codes = draw_codes(rng, spec.input, spec.series, windows, steps, n_in)
    beats = draw_order(spec, windows, rng, gaps)
    expected = spec.reference(codes.reshape(-1, steps, n_in))
    expected = expected.reshape(spec.series, windows, -1, units)
    wanted = [beat for beat in beats if spec.return_sequences or beat.step == steps - 1]
    taken = run(spec, codes, beats)
    assert len(taken) == len(wanted)
    for beat, (cycle, flags, values) in zip(wanted, taken, strict=True):
        assert cycle - beat.cycle == spec.timing.latency_cycles
        assert flags.series == beat.series
        if spec.return_sequences:
            assert (flags.window, flags.step) == (beat.step == 0, beat.step == steps - 1)
        row = beat.step if spec.return_sequences else 0
        assert values == expected[beat.series, beat.window, row].tolist()
