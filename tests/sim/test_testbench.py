"""The cocotb testbench: passes what is right, names what is wrong."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw import ChronogateError, Network
from sim.cocotb_runner import TESTS, run_testbench
from tests.hw.drawing import draw_codes, draw_network
from tests.sim.toy import toy_network, toy_verilog


def windows(network: Network, count: int) -> np.ndarray:
    return draw_codes(
        np.random.default_rng(3), network.input_format, count, network.look_back, network.features
    )


def test_right_design_passes(tmp_path: Path) -> None:
    network = draw_network(3, "gru_before")
    ticks: list[int] = []
    result = run_testbench(network, windows(network, 8), tmp_path, 5, tick=ticks.append)
    assert result.passed
    assert result.predicted == result.simulated
    assert result.backpressure == TESTS
    assert result.vectors == 4 * 8 + 2 * 3
    assert result.values_compared == result.vectors * network.outputs_per_window
    assert sum(ticks) == 2


def test_wrong_weight_is_named_with_layer_step_and_wave(tmp_path: Path) -> None:
    network = draw_network(3, "lstm")
    name = "lstm"
    position = next(i for i, node in enumerate(network.nodes) if node.name == name)
    node = network.nodes[position]
    recurrent = -node.spec.recurrent_kernel
    nodes = list(network.nodes)
    nodes[position] = replace(node, spec=replace(node.spec, recurrent_kernel=recurrent))
    wrong = replace(network, nodes=tuple(nodes))
    codes = windows(network, 6)
    assert wrong.reference(codes).tolist() != network.reference(codes).tolist()
    result = run_testbench(network, codes, tmp_path, 5, verilog=wrong.verilog())
    assert not result.passed
    assert result.mismatches > 0
    found = result.first_mismatch
    assert found is not None
    assert found.layer == "lstm.h"
    # The first step sees no state yet, so the second is the first that can differ.
    assert found.step is not None
    assert found.step >= 1
    trace: dict[str, np.ndarray] = {}
    network.reference(codes, trace)
    spec = network.nodes[position].spec
    golden = spec.state.resize(trace["lstm.h"], spec.hidden)
    assert golden[found.window, found.step, found.channel] == found.expected
    assert found.wave is not None
    assert Path(found.wave).stat().st_size > 0
    assert "time step" in str(found)


def test_lost_beat_is_an_error_not_a_pass(tmp_path: Path) -> None:
    codes = np.arange(-10, 10)[:, np.newaxis]
    with pytest.raises(ChronogateError, match="cocotb"):
        run_testbench(toy_network(), codes, tmp_path, 5, verilog=toy_verilog("lost beat"))
