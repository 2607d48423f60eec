"""The boards for which projects are written, as a table."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from accel.projects.board import ProjectBoard


@dataclass(frozen=True)
class Described:
    """A board as ``accel boards --json`` prints it."""

    name: str
    description: str
    part: str
    tool: str
    clock_mhz: float
    project_only: bool = True


def describe(board: ProjectBoard) -> Described:
    """Return what a board's entry says."""
    return Described(
        board.name, board.description, board.part, board.shell.tool, board.shell.clock_mhz
    )


def projects_table(boards: Sequence[ProjectBoard]) -> Table:
    """Return the boards and their tools."""
    table = Table("board", "tool", "device", "clock", "description", title="project only")
    table.columns[3].justify = "right"
    for board in map(describe, boards):
        table.add_row(
            board.name, board.tool, board.part, f"{board.clock_mhz:g} MHz", board.description
        )
    return table
