"""Finding Verilator and the compiler; what is missing is named with its cure."""

import subprocess
from pathlib import Path

import pytest

from hw import ChronogateError
from sim.rtl_model import RtlModel
from sim.runtime import cache_folder, keep, lend
from sim.toolchain import find_toolchain
from tests.sim.toy import toy_network

TOOLS = ("g++", "make", "perl")


def folder_without(missing: str, folder: Path) -> str:
    """Return a PATH with every tool but one."""
    folder.mkdir()
    for tool in TOOLS:
        if tool != missing:
            program = folder / tool
            program.write_text("#!/bin/sh\n")
            program.chmod(0o755)
    return str(folder)


@pytest.mark.parametrize("missing", TOOLS)
def test_missing_tool_is_named_with_its_cure(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", folder_without(missing, tmp_path / "bin"))
    package = "g\\+\\+" if missing == "g++" else missing
    with pytest.raises(ChronogateError, match=f"{package}.* is missing: .*apt install {package}"):
        RtlModel(toy_network(), tmp_path / "build")
    assert not (tmp_path / "build").exists()


def test_compiler_of_the_environment_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", str(tmp_path / "no-such-compiler"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(ChronogateError, match="no-such-compiler"):
        RtlModel(toy_network(), tmp_path / "build")
    assert not list((tmp_path / "build").glob("*.so"))


def test_verilator_starts() -> None:
    toolchain = find_toolchain()
    subprocess.run(
        [*toolchain.verilator, "--version"],
        env=toolchain.environment,
        check=True,
        capture_output=True,
    )
    assert toolchain.version.startswith("Verilator 5.")


def test_runtime_objects_are_kept_and_lent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    toolchain = find_toolchain()
    plain, traced = (cache_folder(toolchain, f"waves={waves}") for waves in (False, True))
    assert plain != traced
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    (first / "verilated.o").write_bytes(b"object")
    (first / "design.o").write_bytes(b"other")
    keep(plain, first)
    lend(plain, second)
    assert [file.name for file in second.iterdir()] == ["verilated.o"]
    assert (second / "verilated.o").read_bytes() == b"object"
