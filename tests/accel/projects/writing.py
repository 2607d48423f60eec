"""Writes the projects that the tests look at."""

from functools import cache
from pathlib import Path

from accel.projects import find_project_board
from tests.hw.drawing import draw_network

NETWORK = draw_network(1, "mlp")


@cache
def files_of(board: str) -> dict[str, str]:
    found = find_project_board(board)
    assert found is not None
    return dict(found.shell.files(NETWORK, found.part))


def write(board: str, folder: Path, changes: dict[str, tuple[str, str]] | None = None) -> Path:
    """Write a project, with planted errors: by file, what is replaced by what."""
    for name, text in files_of(board).items():
        old, new = (changes or {}).get(name, ("", ""))
        assert old in text
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(old, new) if old else text)
    return folder
