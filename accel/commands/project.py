"""Projects of vendor tools, as ``accel bitstream`` writes them."""

from pathlib import Path

from accel.commands.console import print_json
from accel.projects import ProjectBoard
from hw.errors import ChronogateError


def write_project(run: Path, board: ProjectBoard, clock: float | str | None, json: bool) -> None:
    """Write a board's project and say how to build it."""
    from accel.projects.step import Project, project_step
    from accel.runs.run import open_run

    if isinstance(clock, str):
        raise ChronogateError(
            f"--clock {clock} needs open tools, which there are none of for {board.name}: write "
            "megahertz"
        )
    with open_run(run) as opened:
        project: Project = project_step(opened, board, clock)
    if json:
        print_json(project)
    else:
        print(f"project for {project.tool}: {run / project.folder}, {project.clock_mhz:g} MHz")
        print(f"build it there with: {project.command}")
