"""The command line when it is killed, interrupted, started twice, or without TensorFlow."""

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from accel.runs.run import open_run
from hw.layer.dense.dense import Dense
from hw.network.graph import Network, Node
from hw.number.fixed_point import FixedPoint
from hw.stream import Port
from tests.flow.processes import PATIENCE, converted, hidden, start, wait_for
from tests.hw.drawing import draw_network

WITHOUT_TENSORFLOW = """
import sys
for name in ("tensorflow", "tf_keras", "keras", "qkeras", "hls4ml"):
    sys.modules[name] = None
from accel.cli import main
main()
"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A converted run."""
    return converted(tmp_path / "run", draw_network(5, "gru_after"))


def test_killed_in_a_step_and_started_again(run: Path) -> None:
    process = start("verify", run)
    wait_for(run / ".verify.partial", process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert hidden(run) == {".verify.partial"}
    assert not (run / "verification.json").exists()

    again = start("verify", run, "--waves", "--json")
    out, err = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, err
    assert json.loads(out)["mismatches"] == 0
    assert (run / "sim" / "testbench" / "dump.vcd").stat().st_size > 0
    assert not list(run.glob("sim/testbench/build*/"))
    assert hidden(run) == set()


def test_interrupted_ends_with_a_sentence_and_130(run: Path) -> None:
    process = start("verify", run)
    wait_for(run / ".verify.partial", process)
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert err.strip().splitlines()[-1].startswith("interrupted: ")
    assert "Traceback" not in err
    assert hidden(run) == set()


def test_two_commands_in_one_run(run: Path) -> None:
    with open_run(run):
        process = start("verify", run)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert err.startswith("error: another accel process is working in")
    assert "Traceback" not in err


def test_after_the_conversion_nothing_needs_tensorflow(run: Path) -> None:
    for command in ("verify", "report"):
        process = start(command, run, "--json", program=WITHOUT_TENSORFLOW)
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
        assert json.loads(out)
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    assert report["verification"]["realizations"] == ["qkeras", "reference", "rtl"]
    assert report["latency"]["predicted"] == report["latency"]["simulated"]
    assert report["accuracy"]["mse"] is None
    assert report["artifacts"]["hls_reason"] == "a test"


def test_forecast_of_a_bare_model_is_refused(run: Path, tmp_path: Path) -> None:
    process = start("forecast", run, "--csv", tmp_path / "new.csv")
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "train the forecaster with `accel train`" in err


def test_board_that_is_too_small(tmp_path: Path) -> None:
    """40 products at once, a few of them by constants; the board has 28 multipliers."""
    byte = FixedPoint(8, 1)
    rng = np.random.default_rng(1)
    dense = Dense(
        rng.integers(-127, 127, (4, 10)), rng.integers(-9, 9, 10), byte, byte, byte, reuse=1
    )
    network = Network("wide", (Port("input", 4, byte),), (Node("dense", dense, ("input",)),),
                      ("dense",))  # fmt: skip
    run = converted(tmp_path / "run", network)
    process = start("bitstream", run, "--board", "ulx3s-12f")
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    sentence = err.strip().splitlines()[-1]
    assert sentence.startswith("error: wide does not fit ulx3s-12f: it needs ")
    assert "too few)" in sentence
    assert not (run / "bitstream").exists()
    assert hidden(run) == set()
