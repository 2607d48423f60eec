"""The cocotb testbench in every mode and with many streams: passes what is right, sees bugs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw import ChronogateError, Network
from hw.network.mode import Mode
from hw.top.axi import accelerator_verilog
from sim.cocotb_runner import COVERAGE_TESTS, STREAM_CONTROL_TESTS, STREAM_TESTS, run_testbench
from sim.coverage.bins import missing
from sim.mutation.catalogue import interleaved as crowded
from tests.hw.drawing import draw_codes, draw_network
from tests.hw.many_ports import Arrays, draw_arrays, many_ports
from tests.sim.test_modes import per_sample, stateful


def series(network: Network, rows: int, length: int) -> Arrays:
    rng = np.random.default_rng(4)
    return (draw_codes(rng, network.input_format, rows, length, network.features),)


def sliding() -> tuple[Network, Arrays]:
    network = replace(draw_network(2, "lstm"), mode=Mode.SLIDING)
    return network, series(network, 3, network.look_back + 6)


def interleaved() -> tuple[Network, Arrays]:
    network = stateful("lstm", 6, 3)
    return network, series(network, 8, 7)


def interleaved_windows() -> tuple[Network, Arrays]:
    network = per_sample(5, 2, Mode.WINDOW, 4)
    return network, series(network, 7, 4)


def ports() -> tuple[Network, Arrays]:
    network = many_ports()
    return network, draw_arrays(network, np.random.default_rng(1), 20)


@pytest.mark.parametrize("make", [sliding, interleaved, ports])
def test_right_designs_pass(make, tmp_path: Path) -> None:
    network, arrays = make()
    result = run_testbench(network, arrays, tmp_path, 5, control=True)
    assert result.passed
    assert result.predicted == result.simulated
    control = STREAM_CONTROL_TESTS[: 3 if network.mode is Mode.STREAMING else 2]
    assert result.backpressure == (*STREAM_TESTS, *control, *COVERAGE_TESTS)
    assert not missing(result.coverage)


def broken(verilog: str, right: str, wrong: str) -> str:
    assert verilog.count(right) == 1
    return verilog.replace(right, wrong)


def test_a_wrong_tid_is_noticed(tmp_path: Path) -> None:
    network, arrays = interleaved_windows()
    verilog = broken(
        accelerator_verilog(network),
        "assign m_axis_tid = ",
        "assign m_axis_tid = 3'd1 ^ ",
    )
    with pytest.raises(ChronogateError, match="has tlast and tid"):
        run_testbench(network, arrays, tmp_path, 5, verilog=verilog)


def test_a_beat_that_waits_too_long_is_noticed(tmp_path: Path) -> None:
    """A series that follows itself is held for one cycle more than the closed form says."""
    network = crowded()
    right, wrong = "\\$65  = 4'he;", "\\$65  = 4'hf;"
    verilog = broken(accelerator_verilog(network), right, wrong)
    arrays = series(network, 6, network.look_back)
    with pytest.raises(ChronogateError, match="after the first beat came in instead of"):
        run_testbench(network, arrays, tmp_path, 5, verilog=verilog)


def test_a_design_that_is_not_ready_after_reset_is_noticed(tmp_path: Path) -> None:
    network, arrays = interleaved_windows()
    verilog = broken(accelerator_verilog(network), "= cleared[3] & ", "= cleared[2] & ")
    with pytest.raises(ChronogateError, match=r"s_axis_tready is 1 \d cycles after a reset"):
        run_testbench(network, arrays, tmp_path, 5, verilog=verilog)


def test_a_wrong_code_is_located(tmp_path: Path) -> None:
    network, arrays = ports()
    bias = network.nodes[0].spec
    assert network.nodes[0].name == "where"
    wrong = replace(bias, bias=bias.bias - 1)  # pyright: ignore
    other = replace(network, nodes=(replace(network.nodes[0], spec=wrong), *network.nodes[1:]))
    result = run_testbench(network, arrays, tmp_path, 5, verilog=accelerator_verilog(other))
    assert result.mismatches > 0
    assert result.first_mismatch is not None
    assert result.first_mismatch.layer in network.outputs


def test_a_reset_of_the_states_that_nobody_hears_is_noticed(tmp_path: Path) -> None:
    network, arrays = interleaved()
    right = accelerator_verilog(network, control=True)
    verilog = broken(right, "restart <= \\$1 ;", "restart <= 1'h0;")
    result = run_testbench(network, arrays, tmp_path, 5, verilog=verilog, control=True)
    assert result.mismatches > 0
