"""Verilator's runtime, compiled once."""

import subprocess
from pathlib import Path

from sim.runtime import lend


def test_lent_objects_are_not_made_again(tmp_path: Path) -> None:
    """Verilator's make file, which all objects are made from, is written after they were lent."""
    cache, build = tmp_path / "cache", tmp_path / "build"
    cache.mkdir()
    (cache / "verilated.o").write_text("object")
    lend(cache, build)
    (build / "Vtop.mk").write_text("verilated.o: Vtop.mk\n\tfalse\n")
    command = ["make", "-f", "Vtop.mk", "verilated.o"]
    subprocess.run(command, cwd=build, check=True, capture_output=True)
