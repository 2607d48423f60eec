"""All boards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accel.boards.board import Board
from accel.boards.entries.colorlight import COLORLIGHT
from accel.boards.entries.ecpix5 import ECPIX5
from accel.boards.entries.ice40_hx8k import ICE40_HX8K
from accel.boards.entries.icebreaker import ICEBREAKER
from accel.boards.entries.orangecrab import ORANGECRAB
from accel.boards.entries.tang_nano import TANG_NANO_9K, TANG_NANO_20K
from accel.boards.entries.ulx3s import ULX3S
from hw.errors import ChronogateError

if TYPE_CHECKING:
    from accel.projects import ProjectBoard

# Within a family, smallest first.
_BOARDS = (
    *(ULX3S[0], ULX3S[1], ORANGECRAB, COLORLIGHT[0]),
    *(ULX3S[2], COLORLIGHT[1], ECPIX5[0]),
    *(ULX3S[3], ECPIX5[1]),
    *(ICEBREAKER, ICE40_HX8K),
    *(TANG_NANO_9K, TANG_NANO_20K),
)


def boards() -> tuple[Board, ...]:
    """Return all boards, by family, each family's smallest first."""
    return _BOARDS


def find_board(name: str) -> Board:
    """Return the board called `name`, of those that bitstreams are made for.

    Raises
    ------
    ChronogateError
        When there is none.
    """
    for board in _BOARDS:
        if board.name == name:
            return board
    # Those boards are made of pins of these, so their package cannot be imported before this one.
    from accel.projects import find_project_board, project_boards

    project = find_project_board(name)
    if project is not None:
        raise ChronogateError(
            f"no open tool makes bitstreams for {name!r}: `accel bitstream RUN --board {name}` "
            f"writes a project for {project.shell.tool}; here, choose one of {_names(_BOARDS)}"
        )
    raise ChronogateError(
        f"there is no board {name!r}: choose one of {_names(_BOARDS)}, or, to write a project of "
        f"a vendor tool, one of {_names(project_boards())}"
    )


def _names(boards: Sequence[Board | ProjectBoard]) -> str:
    return ", ".join(board.name for board in boards)
