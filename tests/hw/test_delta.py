"""Delta layers: hardware = reference, cycles = counted events, thresholds of zero = plain layer."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from hw import (
    GRU,
    LSTM,
    Add,
    ChronogateError,
    DeltaGRU,
    DeltaLSTM,
    FixedPoint,
    Network,
    Node,
    Port,
    Replay,
    delta,
)
from hw.control.map import moved_names
from hw.layer.delta import moved_products
from hw.layer.delta_layer import MOVED_INPUTS, MOVED_STATES
from hw.layer.delta_plan import DeltaPlan
from hw.network.handshakes import extra_cycles, predicted_handshakes
from hw.network.mode import Mode
from hw.network.serialization import fingerprint, load_network, save_network
from hw.timing import EVENTS
from tests.hw.delta_networks import delta_network, draw_delta, slow_series
from tests.hw.drawing import draw_codes, draw_format, draw_recurrent
from tests.hw.harness import beats_of, offer
from tests.hw.test_axi import rows, run_top
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
                hidden, carry = layer.step(known[np.newaxis], propagated, kept)
            else:
                hidden = layer.step(known[np.newaxis], state, propagated)
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


def test_broken_windows_leave_nothing_behind() -> None:
    network = delta_network(3, "gru_after", Mode.WINDOW)
    steps = network.look_back
    rng = np.random.default_rng(6)
    codes = slow_series(rng, network, 9, steps)
    beats: list[tuple[list[int], bool]] = []
    whole = [window for window in range(9) if window % 3 != 1]
    for window, given in enumerate(codes.tolist()):
        length = steps if window in whole else int(rng.choice([steps - 1, steps + 1]))
        beats += [(given[k % steps], k == length - 1) for k in range(length)]
    cycles = 9 * (network.worst_timing.interval_cycles + network.schedule.drain_cycles)
    cycles = 2 * cycles + network.worst_timing.window_cycles
    log = run_top(network, iter(beats), cycles, gaps=0.3)
    assert log.dropped == 3
    assert log.codes == network.reference(codes[whole]).tolist()


@pytest.mark.parametrize("mode", list(Mode))
def test_predictions_lie_between_the_best_and_the_worst_case(mode: Mode) -> None:
    for seed in range(10):
        network = delta_network(seed, KINDS[seed % 2], mode, layers=1 + seed % 2)
        codes = slow_series(np.random.default_rng(seed), network, 3, network.look_back + 4)
        codes = codes if mode is not Mode.WINDOW else codes[:, : network.look_back]
        best, worst = network.timing, network.worst_timing
        due = predicted_handshakes(network, codes)
        intervals = np.diff(due.outputs[:: network.output.beats if mode is Mode.WINDOW else 1])
        assert due.outputs[0] <= worst.window_cycles
        assert due.outputs[0] >= best.window_cycles
        assert (intervals >= best.interval_cycles).all() or mode is not Mode.WINDOW
        assert intervals.max() <= worst.interval_cycles


def test_the_worst_case_can_be_met() -> None:
    rng = np.random.default_rng(2)
    network = delta_network(2, "lstm", Mode.WINDOW)
    nodes = [
        replace(node, spec=replace(node.spec, input_threshold=0))
        if isinstance(node.spec, DeltaLSTM)
        else node
        for node in network.nodes
    ]
    network = replace(network, nodes=tuple(nodes))
    codes = draw_codes(rng, network.input_format, 2, network.look_back, network.features)
    codes[:, 0] = network.input_format.maximum
    spec = next(node.spec for node in nodes if isinstance(node.spec, DeltaLSTM))
    assert spec.timing.extra is not None
    assert (extra_cycles(network, codes)[:, 0] == spec.timing.extra.first * spec.plan.rows).all()
    assert spec.timing.extra.most == spec.plan.elements - 1


def test_files_keep_delta_layers(tmp_path: Path) -> None:
    network = delta_network(1, "gru_after", Mode.STREAMING, layers=2)
    save_network(network, tmp_path)
    assert fingerprint(load_network(tmp_path)) == fingerprint(network)
    assert [node for _, node in moved_names(network)] == ["delta0", "delta1"]


def test_without_delta_layers_there_is_one_case() -> None:
    network = delta_network(1, "lstm", Mode.WINDOW)
    plain = tuple(
        replace(n, spec=n.spec.layer) if isinstance(n.spec, DeltaLSTM) else n for n in network.nodes
    )
    network = replace(network, nodes=plain)
    assert not network.is_adaptive
    assert network.worst_timing == network.timing


def test_two_pools_become_one() -> None:
    layer = draw_recurrent(np.random.default_rng(0), FixedPoint(6, 2), 3, 2, "lstm")
    layer = replace(layer, multipliers=None, input_reuse=2, recurrent_reuse=3)
    pools = layer.folding
    assert delta(layer).layer.multipliers == pools.inputs + pools.recurrents


def refused(layer: GRU | LSTM, words: str, *thresholds: int) -> None:
    with pytest.raises(ChronogateError, match=words):
        delta(layer, *thresholds)


def test_what_cannot_be_is_refused() -> None:
    rng = np.random.default_rng(0)
    source = FixedPoint(6, 2)
    lstm = draw_recurrent(rng, source, 3, 2, "lstm")
    before = draw_recurrent(rng, source, 3, 2, "gru_before")
    assert isinstance(lstm, LSTM)
    assert isinstance(before, GRU)
    refused(before, "reset_after=True")
    refused(lstm, "give 0 or more", -1)
    refused(replace(lstm, series=4), "one series")
    refused(replace(lstm, skip_zeros=True), "skip_zeros")
    with pytest.raises(ChronogateError, match="one pool"):
        DeltaLSTM(replace(lstm, multipliers=None, input_reuse=1, recurrent_reuse=1))


def test_networks_that_cannot_be_paced_are_refused() -> None:
    rng = np.random.default_rng(0)
    source = FixedPoint(6, 2)
    layer = draw_recurrent(rng, source, 3, 4, "lstm")
    spec = delta(replace(layer, return_sequences=True), 1, 1)
    port, inner = Port("input", 3, source, 4), Node("delta", spec, ("input",))
    other = Node("other", replace(spec.layer), ("input",))
    total = Add(spec.layer.units, (spec.layer.hidden,) * 2, (1, 1), 4)
    joined = Network("n", (port,), (inner, other, Node("add", total, ("delta", "other"))), ("add",))
    with pytest.raises(ChronogateError, match="beside each other"):
        _ = joined.timing
    with pytest.raises(ChronogateError, match="one beat at the end"):
        _ = Network("n", (port,), (inner,), ("delta",)).timing
    replay = Replay(4, 3, source, 200)
    burst = (Node("replay", replay, ("input",)), replace(inner, inputs=("replay",)))
    with pytest.raises(ChronogateError, match="one beat for each time step"):
        _ = Network("n", (port,), burst, ("delta",)).timing


def test_a_top_with_gaps_and_stalls() -> None:
    network = delta_network(8, "lstm", Mode.WINDOW, layers=2)
    codes = slow_series(np.random.default_rng(7), network, 3, network.look_back)
    cycles = 8 * network.worst_timing.window_cycles
    log = run_top(network, rows(codes), cycles, gaps=0.4, stalls=0.4)
    assert log.codes == network.reference(codes).reshape(-1, network.output.channels).tolist()
