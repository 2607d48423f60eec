"""The command line on a disk that is full, or a folder that cannot be written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.processes import (
    AS_A_USER,
    FULL_DISK,
    PATIENCE,
    converted,
    hidden,
    sentence,
    start,
)
from tests.hw.drawing import draw_network


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A converted run."""
    return converted(tmp_path_factory.mktemp("disk") / "run", draw_network(5, "gru_after"))


@pytest.fixture
def locked(run: Path) -> Iterator[Path]:
    """The same, in a folder that nobody may write into."""
    run.chmod(0o555)
    yield run
    run.chmod(0o755)


def test_a_full_disk_loses_nothing(run: Path) -> None:
    first = start("report", run)
    _, error = first.communicate(timeout=PATIENCE)
    assert first.returncode == 0, error
    before = {path: path.read_bytes() for path in run.glob("report.*")}
    assert max(map(len, before.values())) > 16 << 10
    for command in ("report", "verify"):
        process = start(command, run, program=FULL_DISK)
        _, error = process.communicate(timeout=PATIENCE)
        assert process.returncode == 1, error
        assert sentence(error)
        assert hidden(run) == set()
    assert {path: path.read_bytes() for path in run.glob("report.*")} == before
    assert not (run / "verification.json").exists()


def test_a_read_only_folder(locked: Path) -> None:
    process = start("report", locked, program=AS_A_USER)
    _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1, error
    assert "Permission denied" in sentence(error)
