"""The stand-alone testbench runs with cocotb alone, passes what is right, and sees bugs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hw.network.design import Design
from hw.top.verilog import design_verilog
from sim.mutation.catalogue import SUBJECTS
from sim.standalone.write import write_testbench
from tests.sim.test_stream_testbench import Arrays, ports
from tests.sim.toy import toy_network, toy_verilog

LOOKUPS = next(subject for subject in SUBJECTS if subject.name == "activations")
TOY_CODES = (np.arange(60, 100, dtype=np.int64).reshape(-1, 1),)


def run(design: Design, arrays: Arrays, folder: Path, verilog: str | None = None, *given: str):
    """Write project and testbench, and run ``make`` as a user does, with nothing of ours."""
    (folder / "rtl").mkdir(exist_ok=True)
    (folder / "rtl" / "accelerator.v").write_text(verilog or design_verilog(design))
    write_testbench(design, arrays, folder / "sim")
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = ["make", "-C", str(folder / "sim"), f"PYTHON={sys.executable} -P", *given]
    return subprocess.run(command, env=kept, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def toy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all variants, so that Verilator's runtime is compiled once."""
    return tmp_path_factory.mktemp("toy")


def test_many_streams(tmp_path: Path) -> None:
    network, arrays = ports()
    done = run(network, arrays, tmp_path, None, "WAVES=1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "sim" / "dump.vcd").stat().st_size


def test_toy_passes(toy_folder: Path) -> None:
    done = run(toy_network(), TOY_CODES, toy_folder, toy_verilog())
    assert done.returncode == 0, done.stdout + done.stderr
    latency = toy_network().timing.latency_cycles
    assert f"latency {{{latency}}} cycles, interval {{1}} cycles" in done.stdout
    assert "PASS=5 FAIL=0" in done.stdout


FOUND = {
    "wrong code": "RTL gives code 76, the golden model 77",
    "withdrawn valid": "changed while it waited",
    "no tlast": "tlast is 0 instead of 1",
    "hang": "SimTimeoutError",
}
"""One of each kind: every variant is compiled."""


@pytest.mark.parametrize("bug", FOUND)
def test_bugs_are_found(bug: str, toy_folder: Path) -> None:
    done = run(toy_network(), TOY_CODES, toy_folder, toy_verilog(bug))
    assert done.returncode != 0
    assert FOUND[bug] in done.stdout, done.stdout


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog is not installed")
def test_icarus_runs_it_too(tmp_path: Path) -> None:
    """Where a lookup's index does not change at first, its value was unknown in Icarus."""
    done = run(LOOKUPS.network, LOOKUPS.codes, tmp_path, None, "SIM=icarus")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS=5 FAIL=0" in done.stdout
