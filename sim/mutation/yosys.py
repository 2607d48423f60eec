"""Runs Yosys scripts in a process of their own."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from hw.errors import ChronogateError

_COMMAND = Path(__file__).parents[1] / "formal" / "yosys_command.py"


def run_yosys(script: Sequence[str], folder: Path, name: str) -> None:
    """Run a script; it and what Yosys says stay in `folder`.

    Raises
    ------
    ChronogateError
        When a command fails.
    """
    (folder / f"{name}.ys").write_text("\n".join(script) + "\n", encoding="utf-8")
    _run([str(_COMMAND), "-ql", f"{name}.log", f"{name}.ys"], folder, name)


def run_script(program: Path, script: Sequence[str], output: str, folder: Path, name: str) -> None:
    """Run a Python program that takes a Yosys script and the name of what it writes.

    Raises
    ------
    ChronogateError
        When it fails.
    """
    (folder / f"{name}.ys").write_text("\n".join(script) + "\n", encoding="utf-8")
    (folder / f"{name}.log").write_text(
        _run([str(program), f"{name}.ys", output], folder, name), encoding="utf-8"
    )


def _run(arguments: Sequence[str], folder: Path, name: str) -> str:
    command = [sys.executable, *arguments]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode:
        raise ChronogateError(
            f"Yosys could not run {folder / name}.ys: {run.stderr.strip()[-300:]} "
            f"(log: {folder / name}.log)"
        )
    return run.stdout
