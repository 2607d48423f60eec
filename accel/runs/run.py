"""The run folder: one lock, and steps that land whole or not at all.

A step writes into a hidden folder beside its results (``.convert.partial``). When it is done, that
folder is renamed to ``.convert.complete``, which is the one atomic moment, and its entries are
then moved into place. A process killed before that moment leaves a partial folder, which the next
run removes; one killed after it leaves a complete folder, which the next run finishes moving.
Either way no reader ever sees a half-written result.

Redoing a step removes the results of the steps that were computed from it.
"""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hw.errors import ChronogateError


class Step(StrEnum):
    """The steps that write into a run folder, in the order in which they are taken."""

    TRAIN = "train"
    CONVERT = "convert"
    VERIFY = "verify"
    BITSTREAM = "bitstream"
    FORECAST = "forecast"
    EXPORT = "export"
    REPORT = "report"
    GATE = "gate"
    ADAPT = "adapt"
    PROJECT = "project"


@dataclass(frozen=True)
class StepFiles:
    """What a step owns in the run folder, and which later steps were computed from it.

    Parameters
    ----------
    owned
        Paths relative to the run folder; redoing the step replaces them all.
    first
        The path whose presence shows that the step was done.
    later
        The steps whose results become stale when this one is redone.
    """

    owned: tuple[str, ...]
    first: str
    later: tuple[Step, ...]


STEP_FILES: dict[Step, StepFiles] = {
    Step.TRAIN: StepFiles(
        owned=(
            "config.toml",
            "hls4ml_config.yml",
            "model.h5",
            "training.json",
            "test_windows.npz",
            "validation_windows.npz",
        ),
        first="model.h5",
        later=(
            Step.CONVERT,
            Step.VERIFY,
            Step.BITSTREAM,
            Step.FORECAST,
            Step.EXPORT,
            Step.ADAPT,
            Step.PROJECT,
            Step.REPORT,
        ),
    ),
    Step.CONVERT: StepFiles(
        owned=("network.json", "weights.npz", "rtl", "hls", "conversion.json"),
        first="network.json",
        later=(
            Step.VERIFY,
            Step.BITSTREAM,
            Step.FORECAST,
            Step.EXPORT,
            Step.ADAPT,
            Step.PROJECT,
            Step.REPORT,
        ),
    ),
    Step.VERIFY: StepFiles(
        owned=(
            "verification.json",
            "accuracy.json",
            "adaptive.json",
            "test_forecasts.npz",
            "sim",
        ),
        first="verification.json",
        later=(Step.REPORT,),
    ),
    Step.BITSTREAM: StepFiles(owned=("bitstream",), first="bitstream", later=(Step.REPORT,)),
    Step.FORECAST: StepFiles(owned=("forecast",), first="forecast", later=()),
    Step.EXPORT: StepFiles(owned=("export",), first="export", later=()),
    Step.PROJECT: StepFiles(owned=("projects",), first="projects", later=()),
    Step.ADAPT: StepFiles(owned=("adapted",), first="adapted", later=()),
    Step.REPORT: StepFiles(
        owned=("report.json", "report.html", "report.md"), first="report.json", later=()
    ),
    # A folder of its own: it holds two networks and none of the other steps.
    Step.GATE: StepFiles(
        owned=("gate.json", "cheap", "large", "rtl", "gate_report.json", "sim"),
        first="gate.json",
        later=(),
    ),
}


FAILED = "failed"
LOG_SUFFIXES = (".log", ".vcd")

# Written last into a finished step: what it replaces and what it brings, so that a later process
# can finish moving it into place.
_MANIFEST = ".manifest"


@dataclass(frozen=True)
class Run:
    """A run folder that this process holds the lock of; made by `open_run`."""

    folder: Path

    def path(self, name: str) -> Path:
        """Return the path of a result; it need not exist."""
        return self.folder / name

    def require(self, step: Step) -> None:
        """Raise a `ChronogateError` that names the command to run unless `step` was done."""
        first = STEP_FILES[step].first
        if not self.path(first).exists():
            raise ChronogateError(
                f"{self.folder} has no {first}: run `{_command(step, self.folder)}` first"
            )

    def done(self, step: Step) -> bool:
        """Tell whether the results of `step` are there."""
        return self.path(STEP_FILES[step].first).exists()

    @contextmanager
    def step(self, step: Step, part: str | None = None) -> Iterator[Path]:
        """Yield an empty folder to write results into; they take their place when the block ends.

        Parameters
        ----------
        part
            Replace only this path of what the step owns, such as ``bitstream/ulx3s-85f``; the
            other parts stay. By default everything that the step owns is replaced.

        Raises
        ------
        Whatever the block raises; then the folder is removed and the run is as it was. Only the
        logs that a `ChronogateError` may speak of are kept, in ``failed/<step>``.
        """
        partial = self.folder / f".{step}.partial"
        complete = self.folder / f".{step}.complete"
        partial.mkdir()
        try:
            yield partial
            owned = (part,) if part else STEP_FILES[step].owned
            _write_manifest(partial, owned)
            partial.rename(complete)
        except ChronogateError as error:
            raise _keep_logs(self.folder, step, error) from error.__cause__
        except BaseException:
            shutil.rmtree(partial)
            raise
        _install(self.folder, step, complete)


@contextmanager
def open_run(folder: Path, create: bool = False) -> Iterator[Run]:
    """Lock a run folder, clear what an interrupted process left in it, and yield the run.

    Parameters
    ----------
    create
        Make the folder when it does not exist (the first step of a run); otherwise it must.

    Raises
    ------
    ChronogateError
        When the folder is missing, is not a folder, or another process works in it.
    """
    if folder.exists() and not folder.is_dir():
        raise ChronogateError(f"{folder} is a file, not a run folder: name the folder of a run")
    if create:
        folder.mkdir(parents=True, exist_ok=True)
    elif not folder.is_dir():
        raise ChronogateError(
            f"there is no run folder {folder}: "
            f"make one with `accel train CONFIG.toml --run {folder}`"
        )
    with _locked(folder):
        _recover(folder)
        yield Run(folder)


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path`, renamed to `path` when the block ends."""
    temporary = path.with_name(f".{path.name}.partial")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    # flock, not a file with a process id in it: the kernel releases it when a process is killed.
    with (folder / ".lock").open("a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ChronogateError(
                f"another accel process is working in {folder}: wait for it, or name another "
                "folder with --run"
            ) from None
        yield


def _recover(folder: Path) -> None:
    """Remove the partial steps of a killed process and finish its complete ones."""
    for step in Step:
        complete = folder / f".{step}.complete"
        if complete.exists():
            _install(folder, step, complete)
        partial = folder / f".{step}.partial"
        if partial.exists():
            shutil.rmtree(partial)


def _write_manifest(partial: Path, owned: tuple[str, ...]) -> None:
    written = [name for name in owned if (partial / name).exists()]
    tops = {name.split("/")[0] for name in owned}
    foreign = sorted(path.name for path in partial.iterdir() if path.name not in tops)
    if foreign:
        raise ValueError(f"the step wrote {foreign[0]}, which it does not own")
    (partial / _MANIFEST).write_text("\n".join(["\t".join(owned), *written]), encoding="utf-8")


def _install(folder: Path, step: Step, complete: Path) -> None:
    """Move a complete step into place; may be run again after having been interrupted."""
    manifest = (complete / _MANIFEST).read_text(encoding="utf-8").splitlines()
    owned, written = manifest[0].split("\t"), manifest[1:]
    stale = [name for later in STEP_FILES[step].later for name in STEP_FILES[later].owned]
    for name in [*stale, *(name for name in owned if name not in written)]:
        _remove(folder / name)
    for name in written:
        source, target = complete / name, folder / name
        if source.exists():  # a pass that was interrupted may have moved it already
            _remove(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)
    _remove(folder / FAILED / step)
    shutil.rmtree(complete)


def _keep_logs(folder: Path, step: Step, error: ChronogateError) -> ChronogateError:
    """Move the logs of a failed step aside, drop the rest; return the error with their new place.

    The error names files of the partial step, which are of no use to a user who cannot find them.
    """
    partial, kept = folder / f".{step}.partial", folder / FAILED / step
    _remove(kept)
    for log in sorted(path for path in partial.rglob("*") if path.suffix in LOG_SUFFIXES):
        target = kept / log.relative_to(partial)
        target.parent.mkdir(parents=True, exist_ok=True)
        log.rename(target)
    shutil.rmtree(partial)
    sentence = str(error)
    for place in (str(partial.resolve()), str(partial)):
        sentence = sentence.replace(place, str(kept))
    return ChronogateError(sentence)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _command(step: Step, folder: Path) -> str:
    subject = "CONFIG.toml --run " if step is Step.TRAIN else ""
    return f"accel {step} {subject}{folder}"
