"""``accel verify`` looks at the RTL that was written, and shows what is wrong with it."""

import json
from pathlib import Path

import numpy as np
import pytest

from hw import Dense, FixedPoint, Network, Node, Port
from hw.top.axi import accelerator_verilog
from tests.flow.commands import failure, invoke
from tests.flow.processes import converted

GRID = FixedPoint(6, 3)
PORT = Port("input", 2, GRID)


def dense(change: int = 0) -> Network:
    """Return a small dense layer, with another bias if wished."""
    rng = np.random.default_rng(1)
    kernel, bias = rng.integers(-9, 9, (2, 3)), rng.integers(-9, 9, 3)
    layer = Dense(kernel, bias ^ (0, 0, change), GRID, GRID, GRID, 2)
    return Network("small", (PORT,), (Node("dense", layer, ("input",)),), ("dense",))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A converted run."""
    return converted(tmp_path / "run", dense())


def rewritten(run: Path, old: str, new: str) -> None:
    """Change a piece of the RTL."""
    rtl = run / "rtl" / "accelerator.v"
    text = rtl.read_text(encoding="utf-8")
    assert old in text
    rtl.write_text(text.replace(old, new), encoding="utf-8")


def test_a_wrong_weight_in_the_rtl_is_named(run: Path) -> None:
    other = accelerator_verilog(dense(change=1))
    (run / "rtl" / "accelerator.v").write_text(other, encoding="utf-8")
    result = invoke("verify", run)
    assert result.exit_code == 1, result.output
    assert "window 0, layer dense, channel 2: RTL gives code" in result.output
    assert "its weights: kernel[:, 2] and bias[2]; waveform in" in result.output
    found = json.loads((run / "verification.json").read_text())
    assert found["mismatches"] > 0
    assert Path(found["first_mismatch"]["wave"]).stat().st_size > 0


def test_a_hang_is_shown_in_waves(run: Path) -> None:
    rewritten(run, "assign i__valid = o__valid & clock_enable;", "assign i__valid = 1'h0;")
    sentence = failure("verify", run)
    assert "cocotb test" in sentence
    waves = run / "failed" / "verify" / "sim" / "testbench" / "dump.vcd"
    assert str(waves) in sentence
    assert waves.stat().st_size > 0
    assert not (run / "verification.json").exists()


def test_rtl_that_is_cut_off_or_missing_is_one_sentence(run: Path) -> None:
    rewritten(run, "endmodule", "")
    assert "Verilator failed while building the simulation" in failure("verify", run)
    (run / "rtl" / "accelerator.v").unlink()
    assert "accelerator.v is missing: run `accel convert" in failure("verify", run)
