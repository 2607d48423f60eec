"""The table of project boards, and the step that writes a project into a run."""

from pathlib import Path

import pytest

from accel.boards import boards
from accel.projects import find_project_board, project_boards
from accel.projects.step import project_step
from accel.projects.uart_shell import UartShell
from accel.runs.run import open_run
from hw.board.top import TOP_PORTS
from hw.errors import ChronogateError
from hw.network.serialization import save_network
from tests.accel.projects.writing import NETWORK, files_of


def test_names_are_unique() -> None:
    names = [board.name for board in (*boards(), *project_boards())]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("board", project_boards(), ids=lambda board: board.name)
def test_a_board_is_whole(board) -> None:
    assert "README.md" in files_of(board.name)
    assert board.shell.command in files_of(board.name)["README.md"]
    if isinstance(board.shell, UartShell):
        assert tuple(pin.port for pin in board.shell.pins) == TOP_PORTS
        clock = round(board.shell.clock_mhz * 1e6)
        assert board.shell.top(NETWORK).uart.divisor == (clock + board.shell.baud // 2) // (
            board.shell.baud
        )


def test_a_project_in_a_run(tmp_path: Path) -> None:
    board = find_project_board("arty-a7-35")
    assert board is not None
    with open_run(tmp_path / "run", create=True) as run:
        with pytest.raises(ChronogateError, match="accel convert"):
            project_step(run, board)
        save_network(NETWORK, run.folder)
        project = project_step(run, board, 50.0)
    assert project.clock_mhz == 50.0
    for name in project.files:
        assert (tmp_path / "run" / project.folder / name).is_file()
    top = (tmp_path / "run/projects/arty-a7-35/rtl/board_top.v").read_text()
    assert "PLLE2_BASE" in top
    assert "BUFG" in top


@pytest.mark.parametrize(
    ("board", "clock", "message"),
    [
        ("de10-nano", 75.0, "leave --clock out"),
        ("arty-a7-35", 77.71, "which is nearest"),
        ("pynq-z2", 1000.0, "choose a --clock"),
    ],
)
def test_clocks_that_cannot_be_made(board: str, clock: float, message: str) -> None:
    found = find_project_board(board)
    assert found is not None
    with pytest.raises(ChronogateError, match=message):
        found.at_clock(clock)
