"""All boards for which projects are written."""

from accel.boards import find_board
from accel.projects.board import ProjectBoard
from accel.projects.entries.arty import ARTY
from accel.projects.entries.de10_nano import DE10_NANO
from accel.projects.entries.icebreaker import ICEBREAKER_RADIANT
from accel.projects.entries.zynq import ZYNQ

_BOARDS = (*ARTY, *ZYNQ, DE10_NANO, ICEBREAKER_RADIANT)


def project_boards() -> tuple[ProjectBoard, ...]:
    """Return all of them, by vendor."""
    return _BOARDS


def find_project_board(name: str) -> ProjectBoard | None:
    """Return the board called `name`, if there is one."""
    return next((board for board in _BOARDS if board.name == name), None)


def design_clock_mhz(board: str) -> float:
    """Return the clock of the design on a board, for which there may be projects only."""
    project = find_project_board(board)
    return find_board(board).clock_mhz if project is None else project.shell.clock_mhz
