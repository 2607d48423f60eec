"""Networks with joins: every code and every cycle as predicted, whatever the gaps."""

import numpy as np
import pytest

from hw import ChronogateError
from tests.hw.core import run_core
from tests.hw.drawing import draw_codes
from tests.hw.graphs import GRAPHS, draw_graph

WINDOWS = 8


def check(network, seed: int) -> None:
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
    for gaps in (0.3, 0.8):
        run = run_core(network, windows, gaps, seed)
        assert run.codes.tolist() == expected, f"gaps {gaps}"


@pytest.mark.parametrize("name", GRAPHS)
def test_graph(name: str) -> None:
    check(GRAPHS[name](), 0)


@pytest.mark.parametrize("seed", range(40))
def test_drawn_graph(seed: int) -> None:
    try:
        network = draw_graph(seed)
        _ = network.schedule
    except ChronogateError as error:
        pytest.skip(str(error))
    check(network, seed)
