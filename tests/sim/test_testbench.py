"""The cocotb testbench: passes what is right, names what is wrong."""

from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from hw import ChronogateError, Dense, Flatten, Network, Node, Port
from hw.top.axi import accelerator_verilog
from sim import cocotb_runner
from sim.cocotb_runner import COVERAGE_TESTS, TESTS, run_testbench
from sim.coverage.bins import missing, sentence
from sim.coverage.windows import directed_windows
from sim.testbench.bench import HIGH, SHORT_RESETS
from sim.testbench.case import Case, TestResult
from sim.testbench.tests import RESETS, WRONG_WINDOWS
from sim.toolchain import Toolchain
from sim.verification import Mismatch
from tests.hw.drawing import draw_codes, draw_network
from tests.hw.recurrent_shapes import GRID
from tests.sim.toy import toy_network, toy_verilog


def windows(network: Network, count: int) -> np.ndarray:
    return draw_codes(
        np.random.default_rng(3), network.input_format, count, network.look_back, network.features
    )


def test_right_design_passes(tmp_path: Path) -> None:
    network = draw_long("gru_before")
    ticks: list[int] = []
    result = run_testbench(network, windows(network, 8), tmp_path, 5, tick=ticks.append)
    assert result.passed
    assert result.predicted == result.simulated
    assert result.backpressure == (*TESTS, *COVERAGE_TESTS)
    further = len(directed_windows(network, (windows(network, 8),), 5)[0])
    vectors = 4 * (8 + further) + 6 + (len(RESETS) + SHORT_RESETS) * 3
    vectors += 2 * WRONG_WINDOWS // 3 + HIGH
    aimed = [TestResult.load(tmp_path, test).windows for test in COVERAGE_TESTS]
    assert min(aimed) > 0
    assert result.vectors == vectors + sum(aimed)
    assert not missing(result.coverage)
    assert result.values_compared == result.vectors * network.outputs_per_window
    assert sum(ticks) == 2
    # No other tests ran, such as those whose names end in the same way.
    assert (tmp_path / "results.xml").read_text().count("<testcase ") == len(TESTS + COVERAGE_TESTS)


def with_spec(network: Network, name: str, **changes: np.ndarray) -> Network:
    """Return the network with other weights in one node."""
    nodes = tuple(
        replace(node, spec=replace(node.spec, **changes)) if node.name == name else node
        for node in network.nodes
    )
    return replace(network, nodes=nodes)


def draw_long(kind: str) -> Network:
    """Draw until a window has three time steps, so that states matter."""
    drawn = (draw_network(seed, kind) for seed in count())
    return next(network for network in drawn if network.look_back >= 3)


@pytest.mark.parametrize("kind", ["gru_after", "gru_before"])
def test_first_wrong_layer_is_the_last(kind: str, tmp_path: Path) -> None:
    """Every layer before the wrong one is seen to be right, recurrent states included."""
    network = draw_long(kind)
    bias = network.nodes[-1].spec.bias
    wrong = with_spec(network, "dense1", bias=np.where(bias > 0, bias - 1, bias + 1))
    result = run_testbench(
        network, windows(network, 4), tmp_path, 5, verilog=accelerator_verilog(wrong)
    )
    found = result.first_mismatch
    assert found is not None
    assert (found.layer, found.step, found.channel, found.window) == ("dense1", None, 0, 0)
    assert found.weights == "kernel[:, 0] and bias[0]"
    assert found.wave is not None
    lines = Path(found.wave).read_text().splitlines()
    times = [int(line[1:]) for line in lines if line[:1] == "#" and line[1:].isdigit()]
    # Only the first window, which is wrong, and not the ones behind it.
    cycles = (times[-1] - times[0]) / 10_000
    assert cycles <= network.timing.window_cycles + network.output.beats + 1
    assert times == sorted(times)
    assert result.mismatches == result.values_compared


def test_wrong_weight_is_named_with_layer_step_and_wave(tmp_path: Path) -> None:
    network = draw_long("lstm")
    position = next(i for i, node in enumerate(network.nodes) if node.name == "lstm")
    recurrent = -network.nodes[position].spec.recurrent_kernel
    wrong = with_spec(network, "lstm", recurrent_kernel=recurrent)
    codes = windows(network, 6)
    assert wrong.reference(codes).tolist() != network.reference(codes).tolist()
    result = run_testbench(network, codes, tmp_path, 5, verilog=accelerator_verilog(wrong))
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


TOY_CODES = np.array([*range(-4, 12), *range(70, 84)])[:, np.newaxis]

NOTICED = {
    "lost beat": "only 29 of 30 forecasts came, .* before that, window 5, layer keep",
    "changed data": "m_axis_tdata changed while it waited",
    "late tlast": "wrong_tlast of toy failed: more than the 8 forecasts",
}


@pytest.mark.parametrize("bug", sorted(NOTICED))
def test_broken_stream_is_an_error_with_a_wave(bug: str, tmp_path: Path) -> None:
    with pytest.raises(ChronogateError, match=NOTICED[bug]) as caught:
        run_testbench(toy_network(), TOY_CODES, tmp_path, 5, verilog=toy_verilog(bug))
    assert "waveform" in str(caught.value)
    assert (tmp_path / "dump.vcd").stat().st_size > 0


def test_a_repeated_beat_is_counted(tmp_path: Path) -> None:
    """It holds what an idle source has on its wires, which is no code of a window."""
    verilog = toy_verilog("repeated beat")
    assert run_testbench(toy_network(), TOY_CODES, tmp_path, 5, verilog=verilog).mismatches


def test_wrong_code_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, locate, tests = toy_network(), cocotb_runner._locate, dict[str, TestResult]()

    def kept(
        toolchain: Toolchain, case: Case, source: Path, results: dict[str, TestResult]
    ) -> Mismatch:
        tests.update(results)
        return locate(toolchain, case, source, results)

    monkeypatch.setattr(cocotb_runner, "_locate", kept)
    result = run_testbench(network, TOY_CODES, tmp_path, 5, verilog=toy_verilog("wrong code"))
    found = result.first_mismatch
    assert found is not None
    assert (found.window, found.channel, found.expected, found.actual) == (23, 0, 77, 76)
    (further,) = directed_windows(network, (TOY_CODES,), 5)
    wrong = int((np.concatenate([TOY_CODES, further]) == 77).sum())
    for test in TESTS[:4]:  # they send all windows, once each
        assert tests[test].mismatches == wrong, test
    assert result.mismatches == sum(test.mismatches for test in tests.values())
    assert result.simulated == result.predicted
    assert not result.passed


def test_broken_verilog_is_an_error(tmp_path: Path) -> None:
    verilog = toy_verilog().replace("endmodule", "")
    with pytest.raises(ChronogateError, match="could not build the testbench: %Error"):
        run_testbench(toy_network(), TOY_CODES, tmp_path, 5, verilog=verilog)


def test_folder_with_a_space_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ChronogateError, match="contains a space"):
        run_testbench(toy_network(), TOY_CODES, tmp_path / "my runs", 5)


def test_one_window_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ChronogateError, match="at least two windows"):
        run_testbench(toy_network(), TOY_CODES[:1], tmp_path, 5)


def test_every_place_of_a_window_of_a_beat_a_cycle_meets_a_reset(tmp_path: Path) -> None:
    flatten = Flatten(40, 1, GRID)
    dense = Dense(
        np.ones((40, 1), dtype=np.int64), np.zeros(1, dtype=np.int64), GRID, GRID, GRID, 2
    )
    nodes = Node("flat", flatten, ("x",)), Node("dense", dense, ("flat",))
    network = Network("fast", (Port("x", 1, GRID, 40),), nodes, ("dense",))
    found = run_testbench(network, windows(network, 4), tmp_path, 5)
    assert found.passed, sentence(found.coverage)
