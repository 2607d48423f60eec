"""Tools in processes of their own, with their output in a log and progress read from it."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from hw.errors import ChronogateError


class ToolFailed(ChronogateError):
    """A tool that ended with an error; its log says more."""


def run_logged(command: list[str], folder: Path, log: Path, watch: Callable[[str], None]) -> int:
    """Run a command in `folder` and return its exit code.

    Parameters
    ----------
    command
        Program and arguments.
    folder
        Working folder. YoWASP tools see a temporary folder of their own, so they are given names
        relative to this one.
    log
        Receives everything the command writes.
    watch
        Called with every line, as it comes.
    """
    # Unbuffered: a Python child whose output is a pipe would otherwise report late.
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with (
        log.open("w", encoding="utf-8", buffering=1) as file,
        subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
    ):
        try:
            assert process.stdout is not None
            for line in process.stdout:
                file.write(line)
                watch(line)
        except BaseException:
            # An interrupt (or a watcher's error) must not leave the tool running.
            process.kill()
            raise
        if process.wait() < 0:
            # A tool that is killed says nothing itself.
            name = signal.Signals(-process.returncode).name
            file.write(f"ERROR: {name} ended it: it was killed, or memory ran out\n")
    return process.returncode


def last_error(log: Path) -> str:
    """Return the last line of a log that reports an error, or its last line."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["no output"])[-1].removeprefix("ERROR: ").rstrip(".")
