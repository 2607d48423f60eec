"""Delta layers: hardware = reference, cycles = counted events, thresholds of zero = plain layer."""

from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from hw import (
    LSTM,
    DeltaGRU,
    DeltaLSTM,
    FixedPoint,
    Port,
    delta,
)
from hw.layer.delta.delta import moved_products
from hw.layer.delta.layer import MOVED_INPUTS, MOVED_STATES
from hw.layer.delta.plan import DeltaPlan
from hw.layer.recurrent.history import History
from hw.timing import EVENTS
from tests.hw.delta_networks import draw_delta
from tests.hw.drawing import draw_codes, draw_format, draw_recurrent
from tests.hw.harness import beats_of, offer
from tests.hw.test_blocks import slowed

KINDS = ("lstm", "gru_after")
WINDOWS = 5


def check_block(spec: DeltaGRU | DeltaLSTM, codes: np.ndarray, rng: np.random.Generator) -> None:
    """Compare codes, cycles, ``hold`` and ``moved`` with reference and closed form."""
    timing, port, result = spec.timing, spec.inputs[0], spec.outputs[0]
    assert timing.extra is not None
    trace: dict[str, np.ndarray] = {}
    expected = spec.reference(codes, trace).reshape(-1, result.channels)
    extra = trace[EVENTS].ravel() * timing.extra.cycles
    spacing = timing.interval_cycles + extra + rng.integers(0, 3, len(extra))
    fed = np.cumsum(spacing) - spacing
    beats = dict(zip(fed.tolist(), beats_of(codes, port, port.beats), strict=True))
    block = spec.build()
    found: list[list[int]] = []
    cycles: list[int] = []
    flags: list[tuple[int, int]] = []
    holds: list[int] = []
    moved = 0

    async def bench(ctx) -> None:
        nonlocal moved
        for cycle in range(int(fed[-1] + spacing[-1]) + 5):
            offer(ctx, block.i, beats.get(cycle))
            moved += ctx.get(block.moved)
            if ctx.get(block.hold):
                holds.append(cycle)
            if ctx.get(block.o.valid):
                payload = block.o.payload
                found.append([ctx.get(payload.data[c]) for c in range(result.channels)])
                flags.append((ctx.get(payload.tag.first), ctx.get(payload.tag.last)))
                cycles.append(cycle)
            await ctx.tick()

    top = Module()
    top.domains.sync = ClockDomain()
    top.submodules.block = block
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert found == expected.tolist()
    due = fed + timing.latency_cycles + extra
    assert cycles == (due if result.steps else due[port.beats - 1 :: port.beats]).tolist()
    ends = range(result.beats)
    assert flags == [(k == 0, k == ends[-1]) for k in ends] * len(codes)
    lead = timing.extra.lead
    assert holds == [f + lead + k for f, more in zip(fed, extra, strict=True) for k in range(more)]
    assert moved == trace[MOVED_INPUTS].sum() + trace[MOVED_STATES].sum()


def draw_spec(rng: np.random.Generator, kind: str) -> DeltaGRU | DeltaLSTM:
    source = draw_format(rng, signed=bool(rng.random() < 0.7))
    port = Port("i", int(rng.integers(1, 6)), source, int(rng.integers(1, 6)))
    spec = draw_delta(rng, port, kind)
    assert isinstance(spec, DeltaGRU | DeltaLSTM)
    return spec


def draw_windows(rng: np.random.Generator, spec: DeltaGRU | DeltaLSTM) -> np.ndarray:
    """Draw windows in which every other value stays what it was, or is zero."""
    port = spec.inputs[0]
    codes = draw_codes(rng, port.format, WINDOWS, port.beats, port.channels)
    for step in range(1, port.beats):
        stays = rng.random(codes[:, step].shape) < 0.5
        codes[:, step] = np.where(stays, codes[:, step - 1], codes[:, step])
    return np.where(rng.random(codes.shape) < 0.2, 0, codes)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", KINDS)
def test_drawn_layer(kind: str, seed: int) -> None:
    rng = np.random.default_rng([seed, 1])
    spec = draw_spec(rng, kind)
    check_block(spec, draw_windows(rng, spec), rng)


@pytest.mark.parametrize("kind", KINDS)
def test_every_size_of_the_pool(kind: str) -> None:
    """Fewer multipliers than gates, whole units, more than are of use."""
    rng = np.random.default_rng(3)
    layer = draw_recurrent(rng, FixedPoint(6, 2), 2, 3, kind)
    while layer.units != 3:
        layer = draw_recurrent(rng, FixedPoint(6, 2), 2, 3, kind)
    rows = []
    for multipliers in (1, 2, 3, 4, 8, 40):
        spec = delta(layer, 1, 1, multipliers)
        rows.append(spec.plan.rows)
        check_block(spec, draw_windows(rng, spec), rng)
    gates = spec.plan.gates
    assert rows[0] == 3 * gates
    assert rows[-1] == 1
    assert rows == sorted(rows, reverse=True)


@pytest.mark.parametrize("kind", KINDS)
def test_activations_of_several_cycles(kind: str) -> None:
    rng = np.random.default_rng(4)
    spec = draw_spec(rng, kind)
    layer = replace(
        spec.layer,
        activation=slowed(spec.layer.activation, 2),
        recurrent_activation=slowed(spec.layer.recurrent_activation, 3),
    )
    check_block(replace(spec, layer=layer), draw_windows(rng, spec), rng)


@pytest.mark.parametrize("kind", KINDS)
def test_extremes(kind: str) -> None:
    """Weights and inputs at the ends of their range: neither sums nor differences overflow."""
    rng = np.random.default_rng(5)
    layer = draw_recurrent(rng, FixedPoint(6, 2), 3, 3, kind)
    for format, array in (
        (layer.kernel_format, layer.kernel),
        (layer.recurrent_format, layer.recurrent_kernel),
    ):
        array[:] = rng.choice([format.minimum, format.maximum], array.shape)
    spec = delta(layer, multipliers=5)
    check_block(spec, rng.choice([layer.input.minimum, layer.input.maximum], (WINDOWS, 3, 3)), rng)


@pytest.mark.parametrize("kind", KINDS)
def test_thresholds_of_zero_give_the_plain_layer(kind: str) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        spec = replace(draw_spec(rng, kind), input_threshold=0, state_threshold=0)
        codes = draw_windows(rng, spec)
        assert spec.reference(codes).tolist() == spec.layer.reference(codes).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_the_reference_is_the_incremental_algorithm(kind: str) -> None:
    """One window by hand: sums that only ever change by moved columns, as the hardware keeps them.

    The plain layer, told what was propagated, must come to the same sums.
    """
    for seed in range(10):
        rng = np.random.default_rng(seed)
        spec = draw_spec(rng, kind)
        layer = spec.layer
        window = draw_windows(rng, spec)[:1]
        trace: dict[str, np.ndarray] = {}
        spec.reference(window, trace)
        seen = [0] * spec.plan.elements
        by_inputs = np.zeros(layer.kernel.shape[1], dtype=np.int64)
        by_states = np.zeros_like(by_inputs)
        hidden = carry = np.zeros((1, layer.units), dtype=np.int64)
        for step in range(window.shape[1]):
            state = layer.state.resize(hidden, layer.hidden)
            moved = [0, 0]
            for k, value in enumerate([*window[0, step].tolist(), *state[0].tolist()]):
                is_state = k >= spec.plan.inputs
                if abs(value - seen[k]) > (spec.input_threshold, spec.state_threshold)[is_state]:
                    kernel = layer.recurrent_kernel if is_state else layer.kernel
                    sums = by_states if is_state else by_inputs
                    sums += (value - seen[k]) * kernel[k - spec.plan.inputs * is_state]
                    seen[k] = value
                    moved[is_state] += 1
            assert trace[MOVED_INPUTS][0, step] == moved[0]
            assert trace[MOVED_STATES][0, step] == moved[1]
            assert trace[EVENTS][0, step] == max(sum(moved), 1) - 1
            product = layer.input_product
            known = (by_inputs << product.shift) + product.aligned_bias
            propagated = np.array([seen[spec.plan.inputs :]])
            assert by_states.tolist() == (propagated @ layer.recurrent_kernel)[0].tolist()
            if isinstance(layer, LSTM):
                kept = layer.state.resize(carry, layer.carry)
                hidden, carry = layer.step(known[np.newaxis], propagated, kept, History(()))
            else:
                hidden = layer.step(known[np.newaxis], state, propagated, History(()))
            assert hidden[0].tolist() == trace["h"][0, step].tolist()


@pytest.mark.parametrize("available", [1, 2, 3, 4, 5, 9, 12, 100])
@pytest.mark.parametrize(("units", "gates"), [(1, 3), (5, 3), (6, 4), (7, 4)])
def test_every_sum_has_one_place(units: int, gates: int, available: int) -> None:
    plan = DeltaPlan(2, units, gates, available, 5)
    places = plan.outputs.ravel()
    assert sorted(places[places >= 0].tolist()) == list(range(gates * units))
    assert plan.cells * plan.lanes <= max(available, 1)
    assert plan.arranged(np.arange(gates * units)).ravel()[places >= 0].tolist() == [
        place for place in places.tolist() if place >= 0
    ]


def test_products_are_counted() -> None:
    rng = np.random.default_rng(1)
    spec = draw_spec(rng, "lstm")
    codes = np.zeros((3, spec.layer.steps, spec.inputs[0].channels), dtype=np.int64)
    codes[:, 0] = spec.layer.input.maximum
    trace: dict[str, np.ndarray] = {}
    replace(spec, input_threshold=0).reference(codes, trace)
    done, every = moved_products(spec, trace)
    moves = trace[MOVED_INPUTS].sum() + trace[MOVED_STATES].sum()
    assert trace[MOVED_INPUTS][:, 0].tolist() == [codes.shape[2]] * 3
    assert done == moves * 4 * spec.layer.units
    assert every == codes.shape[0] * codes.shape[1] * (
        spec.layer.kernel.size + spec.layer.recurrent_kernel.size
    )
