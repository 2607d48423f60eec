"""What the commands print on stdout."""

import sys

from rich.console import Console

from accel.runs.json_files import to_json

PIPE_WIDTH = 120
"""Columns where stdout is no terminal, so that no cell is cut."""


def console() -> Console:
    """Return a console for stdout."""
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(file=sys.stdout, width=width, highlight=False)


def print_json(record: object) -> None:
    """Print a dataclass, or a list of them, as JSON."""
    print(to_json(record))
