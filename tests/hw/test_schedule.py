"""Networks with joins: every code and every cycle as predicted, whatever the gaps."""

import numpy as np
import pytest

from hw import ChronogateError, Network
from hw.layer.convolution.window_sum import WindowSum
from hw.layer.shape.replay import Replay
from hw.network.arrivals import Term, queue_depth
from tests.hw.core import run_core
from tests.hw.drawing import draw_codes
from tests.hw.graphs import GRAPHS, NARROW, Draft, draw_graph

WINDOWS = 8


def check(network: Network, seed: int) -> None:
    rng = np.random.default_rng(seed)
    port = network.input
    shape = (port.channels,) if port.steps is None else (port.steps, port.channels)
    codes = draw_codes(rng, port.format, WINDOWS, *shape)
    expected = network.reference(codes).tolist()
    windows = [window.reshape(port.beats, -1) for window in codes]
    run = run_core(network, windows)
    assert run.codes.tolist() == expected
    timing = network.timing
    arrivals = network.schedule.arrivals[network.schedule.output]
    awaited = run.entered.reshape(WINDOWS, -1)[:, max(term.step[0] for term in arrivals)]
    assert (run.left - awaited + 1).tolist() == [timing.latency_cycles] * WINDOWS
    assert run.left[0] - run.entered[0] + 1 == timing.window_cycles
    assert np.diff(run.left)[1:].tolist() == [timing.interval_cycles] * (WINDOWS - 2)
    run = run_core(network, windows, 0.2 + 0.2 * (seed % 4), seed)
    assert run.codes.tolist() == expected, "with gaps"
    if (
        network.look_back > 1
        and network.schedule.awaited(network.schedule.output)[0] == port.beats - 1
    ):
        check_wrong_windows(network, rng)


def check_wrong_windows(network: Network, rng: np.random.Generator) -> None:
    """What is left of a window that is too short or too long must not meet the next one."""
    steps = network.look_back
    lengths = [steps, steps - 1, steps, steps + 2, 1, steps, steps, steps - 1, steps - 1, steps]
    windows = [draw_codes(rng, network.input_format, n, network.features) for n in lengths]
    right = np.array([window for window in windows if len(window) == steps])
    run = run_core(network, windows, gaps=0.2)
    assert run.codes.tolist() == network.reference(right).tolist(), "after dropped windows"
    assert run.dropped == 5


@pytest.mark.parametrize("name", GRAPHS)
def test_graph(name: str) -> None:
    check(GRAPHS[name](), 0)


@pytest.mark.parametrize("pace", [1, 2, 3])
def test_a_burst_leaves_before_the_next_one(pace: int) -> None:
    draft = Draft(9, steps=3)
    network = draft.network(draft.put("out", Replay(3, 2, NARROW.plain(), pace), "input"))
    codes = draw_codes(np.random.default_rng(9), NARROW, WINDOWS, 3, 2)
    run = run_core(network, list(codes))
    assert run.codes.tolist() == network.reference(codes).reshape(-1, 2).tolist()
    timing = network.timing
    assert timing.interval_cycles == max(3, 2 * pace + 1)
    assert np.diff(run.left[::3])[1:].tolist() == [timing.interval_cycles] * (WINDOWS - 2)


@pytest.mark.parametrize("seed", range(40))
def test_drawn_graph(seed: int) -> None:
    check(draw_graph(seed), seed)


def test_value_of_a_later_beat_is_refused() -> None:
    draft = Draft(0, steps=4)
    total = draft.put("total", WindowSum(4, 2, NARROW.plain()), "input")
    both = draft.flatten("flat", draft.add("both", "input", total))
    with pytest.raises(ChronogateError, match=r"both needs total, .* put a Replay between"):
        _ = draft.network(both).schedule


def test_burst_too_fast_for_the_next_block_is_refused() -> None:
    draft = Draft(0, steps=4)
    again = draft.put("again", Replay(4, 2, NARROW.plain(), pace=2), "input")
    dense = draft.flatten("flat", draft.dense("dense", again, 2, reuse=3))
    with pytest.raises(ChronogateError, match="slow that block down to 3 cycles"):
        _ = draft.network(dense).schedule


@pytest.mark.parametrize("gap", range(1, 12))
def test_queue_is_as_deep_as_the_branches_differ(gap: int) -> None:
    """A beat a cycle waits `gap` cycles: so many are there, and one is just written."""
    come, leave = (Term((0,), (2,)),), (Term((0,), (2 + gap,)),)
    assert queue_depth(come, leave, 1, lambda early, late: late - early) == gap + 1
    assert queue_depth(come, leave, 1, lambda early, late: 3 * (late - early)) == gap // 3 + 1
