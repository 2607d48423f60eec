"""Projects for tools that cannot run here: vendor tools, LibreLane, builders of SoCs.

A new board is one more entry in a file of `accel.projects.entries`, a new vendor tool one more
file beside `accel.projects.vivado` and a folder of templates.
"""

from accel.projects.board import ProjectBoard
from accel.projects.registry import design_clock_mhz, find_project_board, project_boards

__all__ = ["ProjectBoard", "design_clock_mhz", "find_project_board", "project_boards"]
