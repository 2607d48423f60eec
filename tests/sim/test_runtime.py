"""Verilator's runtime, compiled once."""

import subprocess
from pathlib import Path

from sim.kept_file import is_whole
from sim.runtime import keep, lend
from sim.verilated import build_library
from tests.hw.drawing import draw_network


def test_lent_objects_are_not_made_again(tmp_path: Path) -> None:
    """Verilator's make file, which all objects are made from, is written after they were lent."""
    cache, build = tmp_path / "cache", tmp_path / "build"
    cache.mkdir()
    (tmp_path / "verilated.o").write_text("object")
    keep(cache, tmp_path)
    lend(cache, build)
    (build / "Vtop.mk").write_text("verilated.o: Vtop.mk\n\tfalse\n")
    command = ["make", "-f", "Vtop.mk", "verilated.o"]
    subprocess.run(command, cwd=build, check=True, capture_output=True)


def test_a_damaged_object_is_not_lent_and_is_kept_again(tmp_path: Path) -> None:
    cache, build = tmp_path / "cache", tmp_path / "build"
    cache.mkdir()
    (tmp_path / "verilated.o").write_text("object")
    keep(cache, tmp_path)
    (cache / "verilated.o").write_text("objekt")
    lend(cache, build)
    assert not (build / "verilated.o").exists()
    keep(cache, tmp_path)
    lend(cache, build)
    assert (build / "verilated.o").read_text() == "object"


def test_a_damaged_library_is_built_again(tmp_path: Path) -> None:
    network = draw_network(3, "mlp")
    library = build_library(network, tmp_path)
    content = library.read_bytes()
    library.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert build_library(network, tmp_path) == library
    assert is_whole(library)
    age = library.stat().st_mtime_ns
    build_library(network, tmp_path)
    assert library.stat().st_mtime_ns == age
