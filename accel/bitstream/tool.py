"""Programs that Python packages bring, run without being on PATH."""

import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

from accel.bitstream.process import run_logged
from accel.boards.family import Tool
from hw.errors import ChronogateError

# A console script is a function that reads sys.argv.
_CALL = (
    "import sys\n"
    "from importlib.metadata import entry_points\n"
    "name = sys.argv.pop(1)\n"
    "sys.exit(next(iter(entry_points(group='console_scripts', name=name))).load()())\n"
)


def run_tool(
    tool: Tool, arguments: tuple[str, ...], folder: Path, log: Path, watch: Callable[[str], None]
) -> int:
    """Run a tool in `folder` and return its exit code.

    Parameters
    ----------
    tool
        What to run.
    arguments
        More of them.
    folder, log, watch
        As in `accel.bitstream.process.run_logged`.

    Raises
    ------
    ChronogateError
        When its package is missing.
    """
    if not entry_points(group="console_scripts", name=tool.script):
        raise ChronogateError(
            f"{tool.script} is missing: install it with `pip install {tool.package}`"
        )
    command = [sys.executable, "-c", _CALL, tool.script, *tool.arguments, *arguments]
    return run_logged(command, folder, log, watch)
