"""``accel search`` when it is killed, and where its study cannot be read or written."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.accel.meter import configured, readings
from tests.flow.commands import failure
from tests.flow.processes import AS_A_USER, FULL_DISK, PATIENCE, hidden, sentence, start

SEARCH = """
[search]
minimize = ["error", "multipliers"]
[search.vary]
"model.hidden" = [[2], [3, 2]]
"model.reuse.dense" = { low = 1, high = 4 }
"""

# Opens a study in children, each killed at one moment: before or behind a statement, or at the end
# of a transaction; then opens it again, and says in which of them that was not possible.
KILLED_AT = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.engine import Engine
from accel.search.space import read_space
from accel.search.study import open_study

space, folder = read_space(Path(sys.argv[1])), Path(sys.argv[2])

def opened(place, moment):
    child = os.fork()
    if child == 0:
        left = iter(range(moment - 1, -1, -1))
        def count(*statement):
            if next(left, 1) == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
            event.listen(Engine, name, count)
        try:
            assert not open_study(space, f"sqlite:///{place}").trials
        except BaseException as error:
            print(type(error), error, flush=True)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

for moment in map(int, sys.argv[3:]):
    place = folder / f"{moment}.db"
    print(moment, opened(place, moment), opened(place, 10**6), flush=True)
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a search, trained for a moment."""
    configured(tmp_path, readings())
    path = tmp_path / "meter.toml"
    path.write_text(path.read_text(encoding="utf-8") + SEARCH, encoding="utf-8")
    return path


def trials(database: Path) -> dict[int, str]:
    """Return the states of the trials of a study, whoever writes it meanwhile."""
    if not database.exists():
        return {}
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=60)) as study:
        known = study.execute("SELECT name FROM sqlite_master WHERE name = 'trials'").fetchall()
        return dict(study.execute("SELECT number, state FROM trials")) if known else {}


def test_killed_in_a_trial_and_started_again(config: Path, tmp_path: Path) -> None:
    place = tmp_path / "found"
    process = start("search", config, "--folder", place, "--trials", "99", "--json")
    until = time.monotonic() + PATIENCE
    while set(trials(place / "study.db").values()) != {"COMPLETE", "RUNNING"}:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    before = trials(place / "study.db")
    done = {number for number, state in before.items() if state == "COMPLETE"}
    assert not (place / "front.png").exists()

    again = start("search", config, "--folder", place, "--trials", "1", "--json")
    out, err = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, err
    front = json.loads(out)
    assert front["trials"] == len(before) + 1
    assert (front["failed"], front["pruned"]) == (0, 0)
    finished = {found["number"] for found in (*front["points"], *front["others"])}
    assert finished == done | {len(before)}, "what was finished stays, the killed trial is none"
    assert (place / "front.png").read_bytes()[-8:-4] == b"IEND"
    assert hidden(place) == set()


def test_killed_while_the_study_is_begun(config: Path, tmp_path: Path) -> None:
    """Before any table, between tables, without versions, in the study, without its attribute."""
    moments = (49, 54, 77, 98, 100, 121, 149)
    command = [sys.executable, "-W", "ignore", "-c", KILLED_AT, str(config), str(tmp_path)]
    ran = subprocess.run(
        [*command, *map(str, moments)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    killed = -int(signal.SIGKILL)
    assert ran.stdout.split("\n")[:-1] == [f"{moment} {killed} 0" for moment in moments]


@pytest.mark.parametrize(
    ("program", "words"),
    [(FULL_DISK, "cannot be read or written (disk I/O error)"), (AS_A_USER, "Permission denied")],
)
def test_a_disk_that_cannot_be_written(
    program: str, words: str, config: Path, tmp_path: Path
) -> None:
    tmp_path.chmod(0o555)
    process = start("search", config, "--folder", tmp_path / "found", "--trials", "1",
                    program=program)  # fmt: skip
    _, error = process.communicate(timeout=PATIENCE)
    tmp_path.chmod(0o755)
    assert process.returncode == 1, error
    assert words in sentence(error)


def test_a_damaged_study_stays_as_it_is(config: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "found" / "study.db"
    damaged.parent.mkdir()
    damaged.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 64)
    before = damaged.read_bytes()
    error = failure("search", config, "--folder", damaged.parent, "--trials", "1")
    assert "cannot be read or written (file is not a database): mend that" in error
    assert damaged.read_bytes() == before


def test_no_password_is_printed(config: Path, tmp_path: Path) -> None:
    place = tmp_path / "found"
    error = failure("search", config, "--folder", place, "--storage", "oddsql://me:secret@here/x")
    assert "oddsql://me:***@here/x" in error
    assert "secret" not in error
    assert not place.exists()
