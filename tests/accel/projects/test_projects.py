"""The table of project boards, and the step that writes a project into a run."""

from pathlib import Path

import pytest

from accel.boards import boards
from accel.configuration.config import template
from accel.projects import design_clock_mhz, find_project_board, project_boards
from accel.projects.step import project_step
from accel.projects.uart_shell import UartShell
from accel.runs.run import open_run
from hw.board.top import TOP_PORTS
from hw.errors import ChronogateError
from hw.network.serialization import save_network
from tests.accel.projects.writing import NETWORK, files_of
from tests.flow.commands import failure, invoke


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


def test_a_configuration_may_name_a_project_board(tmp_path: Path) -> None:
    """``accel bitstream RUN`` then writes the project, as with --board."""
    with open_run(tmp_path, create=True) as run:
        save_network(NETWORK, run.folder)
    config = template("meter", "gru")
    assert config.count('board = "ulx3s-85f"') == 1
    (tmp_path / "config.toml").write_text(config.replace("ulx3s-85f", "arty-a7-35"))
    made = invoke("bitstream", tmp_path, "--clock", "50")
    assert made.exit_code == 0, made.output
    assert f"project for Vivado: {tmp_path}/projects/arty-a7-35, 50 MHz" in made.stdout
    assert (tmp_path / "projects/arty-a7-35/rtl/board_top.v").is_file()
    assert "which there are none of for arty-a7-35" in failure(
        "bitstream", tmp_path, "--clock", "fastest"
    )
    # A board named goes before the configuration's.
    assert invoke("bitstream", tmp_path, "--board", "pynq-z2").exit_code == 0
    assert (tmp_path / "projects/pynq-z2").is_dir()
    board = find_project_board("arty-a7-35")
    assert board is not None
    assert design_clock_mhz("arty-a7-35") == board.shell.clock_mhz
    assert design_clock_mhz("icebreaker") == 12


def test_what_needs_a_bitstream_refuses_a_project_board_at_once(tmp_path: Path) -> None:
    sentence = failure("demo", "--board", "arty-a7-35", "--run", tmp_path / "demo")
    assert "`accel bitstream RUN --board arty-a7-35` writes a project for Vivado" in sentence
    assert not (tmp_path / "demo").exists()
