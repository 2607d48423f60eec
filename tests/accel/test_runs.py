"""The run folder: a step lands whole or not at all, and stale results go."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from accel.runs.run import Run, Step, atomic_file, open_run
from hw.errors import ChronogateError


def write(run: Run, step: Step, *names: str, text: str = "new", part: str | None = None) -> None:
    """Take a step that writes the named files."""
    with run.step(step, part) as folder:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")


def interrupted_step(run: Run) -> None:
    """Take a step that Ctrl-C ends half-way."""
    with run.step(Step.CONVERT) as folder:
        (folder / "network.json").write_text("half", encoding="utf-8")
        raise KeyboardInterrupt


def failing_step(run: Run) -> None:
    """Take a step that fails and names its log."""
    with run.step(Step.VERIFY) as folder:
        (folder / "sim").mkdir()
        (folder / "sim" / "build.log").write_text("no", encoding="utf-8")
        (folder / "sim" / "half.json").write_text("no", encoding="utf-8")
        raise ChronogateError(f"the build failed, see {folder.resolve() / 'sim' / 'build.log'}")


def interrupted_file(target: Path) -> None:
    """Write a file and be ended by Ctrl-C half-way."""
    with atomic_file(target) as temporary:
        temporary.write_text("half", encoding="utf-8")
        raise KeyboardInterrupt


def listing(folder: Path) -> set[str]:
    """Return every file of a run but its lock."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)) for path in files if path.name != ".lock"}


def killed(action: Callable[[Path, Event], None], folder: Path) -> None:
    """Run `action` in a process of its own and kill it with signal 9 where it says it may be."""
    context = multiprocessing.get_context("spawn")
    there = context.Event()
    process = context.Process(target=action, args=(folder, there))
    process.start()
    assert there.wait(timeout=60)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL


def stop_inside_step(folder: Path, there: Event) -> None:
    """Write half of a step's results and wait to be killed."""
    with open_run(folder) as run, run.step(Step.CONVERT) as partial:
        (partial / "network.json").write_text("half", encoding="utf-8")
        there.set()
        signal.pause()


def stop_inside_installation(folder: Path, there: Event) -> None:
    """Be killed after a step is complete, with only its first file moved into place."""
    rename = Path.rename

    def rename_then_wait(source: Path, target: Path) -> Path:
        result = rename(source, target)
        if source.name == "network.json":
            there.set()
            signal.pause()
        return result

    Path.rename = rename_then_wait
    with open_run(folder) as run:
        write(run, Step.CONVERT, "network.json", "weights.npz", "rtl/accelerator.v")


def hold_lock(folder: Path, there: Event) -> None:
    """Hold a run open and wait to be killed."""
    with open_run(folder):
        there.set()
        signal.pause()


def test_step_lands_when_it_ends(tmp_path: Path) -> None:
    with open_run(tmp_path / "run", create=True) as run:
        with run.step(Step.CONVERT) as folder:
            (folder / "network.json").write_text("new", encoding="utf-8")
            assert not run.done(Step.CONVERT)
        assert run.done(Step.CONVERT)
    assert listing(tmp_path / "run") == {"network.json"}


def test_failed_step_leaves_the_run_as_it_was(tmp_path: Path) -> None:
    with open_run(tmp_path, create=True) as run:
        write(run, Step.CONVERT, "network.json", text="old")
        with pytest.raises(KeyboardInterrupt):
            interrupted_step(run)
    assert (tmp_path / "network.json").read_text(encoding="utf-8") == "old"
    assert listing(tmp_path) == {"network.json"}


def test_redoing_a_step_removes_what_was_computed_from_it(tmp_path: Path) -> None:
    with open_run(tmp_path, create=True) as run:
        write(run, Step.TRAIN, "model.h5")
        write(run, Step.CONVERT, "network.json", "hls/project.tcl")
        write(run, Step.VERIFY, "verification.json", "sim/waves.vcd")
        write(run, Step.BITSTREAM, "bitstream/a/top.bit", part="bitstream/a")
        write(run, Step.REPORT, "report.json")
        write(run, Step.CONVERT, "network.json")
    assert listing(tmp_path) == {"model.h5", "network.json"}


def test_a_part_replaces_only_itself(tmp_path: Path) -> None:
    with open_run(tmp_path, create=True) as run:
        for part in ("bitstream/a", "bitstream/b"):
            write(run, Step.BITSTREAM, f"{part}/top.bit", text="old", part=part)
        write(run, Step.BITSTREAM, "bitstream/b/top.bit", part="bitstream/b")
    assert (tmp_path / "bitstream/a/top.bit").read_text(encoding="utf-8") == "old"
    assert (tmp_path / "bitstream/b/top.bit").read_text(encoding="utf-8") == "new"


def test_a_step_that_writes_what_it_does_not_own_is_refused(tmp_path: Path) -> None:
    with open_run(tmp_path, create=True) as run, pytest.raises(ValueError, match="does not own"):
        write(run, Step.CONVERT, "network.json", "model.h5")
    assert listing(tmp_path) == set()


def test_killed_in_a_step_leaves_nothing(tmp_path: Path) -> None:
    with open_run(tmp_path) as run:
        write(run, Step.CONVERT, "network.json", text="old")
    killed(stop_inside_step, tmp_path)
    with open_run(tmp_path):
        assert listing(tmp_path) == {"network.json"}
        assert (tmp_path / "network.json").read_text(encoding="utf-8") == "old"


def test_killed_while_results_move_into_place(tmp_path: Path) -> None:
    with open_run(tmp_path) as run:
        write(run, Step.CONVERT, "network.json", "weights.npz", "hls/project.tcl", text="old")
        write(run, Step.VERIFY, "verification.json", text="old")
    killed(stop_inside_installation, tmp_path)
    with open_run(tmp_path):
        assert listing(tmp_path) == {"network.json", "weights.npz", "rtl/accelerator.v"}
    assert (tmp_path / "weights.npz").read_text(encoding="utf-8") == "new"


def test_two_processes_in_one_run_are_refused(tmp_path: Path) -> None:
    with open_run(tmp_path), pytest.raises(ChronogateError, match="another accel process"):
        with open_run(tmp_path):
            raise AssertionError("the lock was given twice")


def test_a_killed_process_gives_its_lock_back(tmp_path: Path) -> None:
    killed(hold_lock, tmp_path)
    with open_run(tmp_path) as run:
        assert not run.done(Step.TRAIN)


def test_missing_results_name_the_command(tmp_path: Path) -> None:
    with open_run(tmp_path) as run, pytest.raises(ChronogateError, match="accel convert"):
        run.require(Step.CONVERT)


def test_missing_run_folder(tmp_path: Path) -> None:
    with pytest.raises(ChronogateError, match="no run folder"), open_run(tmp_path / "absent"):
        raise AssertionError("opened a folder that does not exist")


def test_atomic_file(tmp_path: Path) -> None:
    target = tmp_path / "forecast.csv"
    target.write_text("old", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        interrupted_file(target)
    assert target.read_text(encoding="utf-8") == "old"
    with atomic_file(target) as temporary:
        temporary.write_text("new", encoding="utf-8")
    assert target.read_text(encoding="utf-8") == "new"
    assert listing(tmp_path) == {"forecast.csv"}


def test_logs_of_a_failed_step_are_kept_where_the_error_says(tmp_path: Path) -> None:
    with open_run(tmp_path) as run:
        with pytest.raises(ChronogateError, match=r"see \S*/failed/verify/sim/build\.log"):
            failing_step(run)
        assert listing(tmp_path) == {"failed/verify/sim/build.log"}
        write(run, Step.VERIFY, "verification.json")
    assert listing(tmp_path) == {"verification.json"}
