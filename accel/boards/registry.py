"""All boards."""

from accel.boards.board import Board
from accel.boards.entries.colorlight import COLORLIGHT
from accel.boards.entries.ecpix5 import ECPIX5
from accel.boards.entries.ice40_hx8k import ICE40_HX8K
from accel.boards.entries.icebreaker import ICEBREAKER
from accel.boards.entries.orangecrab import ORANGECRAB
from accel.boards.entries.tang_nano import TANG_NANO_9K, TANG_NANO_20K
from accel.boards.entries.ulx3s import ULX3S
from hw.errors import ChronogateError

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
    """Return the board called `name`.

    Raises
    ------
    ChronogateError
        When there is none.
    """
    for board in _BOARDS:
        if board.name == name:
            return board
    known = ", ".join(board.name for board in _BOARDS)
    raise ChronogateError(f"there is no board {name!r}: choose one of {known}")
