"""The control plane on Verilator: one build, all tests of the stream and of the registers."""

from itertools import count
from pathlib import Path

import numpy as np

from hw.control.map import saturation_names
from hw.control.saturation import saturation_watches
from sim.cocotb_runner import CONTROL_TESTS, COVERAGE_TESTS, RELOAD_TESTS, TESTS, run_testbench
from tests.hw.drawing import draw_codes, draw_network
from tests.hw.reloading import made_reloadable


def test_registers_count_command_and_load_models_while_windows_go_through(tmp_path: Path) -> None:
    network, codes = draw_saturating()
    result = run_testbench(network, codes, tmp_path, 5, control=True)
    assert result.passed
    assert result.predicted == result.simulated
    assert result.backpressure == TESTS + CONTROL_TESTS + RELOAD_TESTS + COVERAGE_TESTS


def draw_saturating():
    """Draw a reloadable network with three steps and two quantizers that saturate now and then."""
    for seed in count():
        network = made_reloadable(draw_network(seed, "gru_after"))
        rng = np.random.default_rng(seed)
        shape = (8, network.look_back, network.features)
        codes = draw_codes(rng, network.input_format, *shape)
        trace: dict[str, np.ndarray] = {network.input.name: codes}
        network.reference(codes, trace)
        beats = {w.node: trace[w.source][..., 0].size for w in saturation_watches(network)}
        counts = [w.reference(trace[w.source]) for w in saturation_watches(network)]
        partly = [0 < n < total for n, total in zip(counts, beats.values(), strict=True)]
        if network.look_back >= 3 and sum(partly) >= 2:
            assert len(saturation_names(network)) == len(counts)
            return network, codes
    raise AssertionError("unreachable")
