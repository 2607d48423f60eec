"""Writes projects into a run folder."""

from dataclasses import dataclass
from pathlib import Path

from accel.configuration.config import load_config
from accel.projects.board import Files, ProjectBoard
from accel.runs.run import Run, Step
from hw.network.graph import Network
from hw.network.serialization import load_network


@dataclass(frozen=True)
class Project:
    """A project that was written.

    Parameters
    ----------
    name
        Of the board, process or builder.
    tool
        What it is for.
    folder
        Relative to the run.
    command
        What builds it, in its folder.
    clock_mhz
        Clock of the design.
    files
        Names, relative to `folder`.
    """

    name: str
    tool: str
    folder: str
    command: str
    clock_mhz: float
    files: tuple[str, ...]


def converted_network(run: Run) -> Network:
    """Return the network of a run.

    Raises
    ------
    ChronogateError
        When it was not converted yet.
    """
    run.require(Step.CONVERT)
    return load_network(run.folder)


def project_step(run: Run, board: ProjectBoard, clock_mhz: float | None = None) -> Project:
    """Write the project of a board into ``projects/<board>``; no vendor tool is run.

    Raises
    ------
    ChronogateError
        When the board has no place for the network, or cannot make the clock.
    """
    target = board if clock_mhz is None else board.at_clock(clock_mhz)
    config = run.path("config.toml")
    wanted = config.exists() and load_config(config).registers
    shell = target.shell.with_registers() if wanted else target.shell
    files = shell.files(converted_network(run), target.part)
    return install(run, target.name, shell.tool, shell.command, files, shell.clock_mhz)


def install(
    run: Run, name: str, tool: str, command: str, files: Files, clock_mhz: float
) -> Project:
    """Write texts into ``projects/<name>``, whole or not at all."""
    part = f"projects/{name}"
    with run.step(Step.PROJECT, part) as work:
        for path, text in files.items():
            _write(work / part / path, text)
    return Project(name, tool, part, command, clock_mhz, tuple(sorted(files)))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
