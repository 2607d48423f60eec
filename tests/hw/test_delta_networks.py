"""Networks with delta layers: their cycles, files, tops, and what cannot be."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw import (
    GRU,
    LSTM,
    Add,
    ChronogateError,
    DeltaLSTM,
    FixedPoint,
    Network,
    Node,
    Port,
    Replay,
    delta,
)
from hw.control.map import moved_names
from hw.network.handshakes import extra_cycles, predicted_handshakes
from hw.network.mode import Mode
from hw.network.serialization import fingerprint, load_network, save_network
from tests.hw.delta_networks import delta_network, slow_series
from tests.hw.drawing import draw_codes, draw_recurrent
from tests.hw.test_axi import rows, run_top

KINDS = ("lstm", "gru_after")


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
