"""The projects' RTL through Yosys for the vendors' families: no latches, nothing undriven."""

import subprocess
import sys
from pathlib import Path

import pytest

from accel.bitstream import yosys_worker
from tests.accel.projects.writing import files_of

_XILINX = "synth_xilinx -family xc7 -flatten -noiopad"
_TOPS = {
    "arty-a7-35": ("rtl/board_top.v", "board_top", _XILINX),
    "pynq-z2": ("rtl/accelerator_dma.v", "accelerator_dma", _XILINX),
    "de10-nano": ("rtl/board_top.v", "board_top", "synth_intel_alm -family cyclonev"),
}  # fmt: skip
_LATCHES = "t:LD?E t:LDPE t:$dlatch t:$_DLATCH_*_ t:$sr t:$dlatchsr"


def lint(text: str, top: str, synthesis: str, folder: Path) -> str:
    """Return what Yosys says; its checks end it with an error."""
    (folder / "top.v").write_text(text)
    passes = [
        "read_verilog top.v",
        f"hierarchy -check -top {top}",
        "proc",
        "select -assert-none t:$dlatch t:$sr t:$dlatchsr",
        "check -assert",
        "flatten",
        "opt_clean -purge",
        "rename -hide */w:*",
        f"{synthesis} -top {top} -run begin:map_ffram",
        f"select -assert-none {_LATCHES}",
    ]
    (folder / "lint.ys").write_text("\n".join(passes) + "\n")
    command = [sys.executable, yosys_worker.__file__, "lint.ys"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout[-2000:] + done.stderr[-500:]


@pytest.mark.parametrize("board", _TOPS)
def test_no_latches(board: str, tmp_path: Path) -> None:
    file, top, synthesis = _TOPS[board]
    assert lint(files_of(board)[file], top, synthesis, tmp_path) == ""


def test_a_planted_latch_is_noticed(tmp_path: Path) -> None:
    file, top, synthesis = _TOPS["pynq-z2"]
    latch = "\n  reg planted; always @* if (s_axis_tvalid) planted = s_axis_tlast;\n"
    text = files_of("pynq-z2")[file]
    end = text.index("endmodule", text.index(f"module {top}("))
    assert "failed" in lint(text[:end] + latch + text[end:], top, synthesis, tmp_path)
