"""Progress of long steps on stderr: bars on a terminal, plain lines in a log, else nothing.

A long function takes a ``Progress`` and calls ``advance = progress.step('Training', 30)``, then
``advance(1)`` as it goes. Steps follow one another: starting one ends the one before it. The
callback is a plain ``Callable[[int], None]``, so that packages which do not know this one (``sim``)
can report as well.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as RichProgress

Advance = Callable[[int], None]


class Progress(Protocol):
    """What a long function needs in order to say how far it is."""

    def step(self, description: str, total: int | None = None) -> Advance:
        """Start a step of `total` units (None when unknown); call the result with units done."""
        ...


class SilentProgress:
    """Says nothing: for ``--json``, tests and library use."""

    def step(self, description: str, total: int | None = None) -> Advance:
        """Start a step that nobody watches."""
        return lambda units: None


class LineProgress:
    """One plain line when a step begins and one when it ends, for logs and pipes.

    Parameters
    ----------
    stream
        Where the lines go; never stdout, which belongs to results.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._description: str | None = None
        self._started = 0.0

    def step(self, description: str, total: int | None = None) -> Advance:
        """Start a step and name it on a line of its own."""
        self.finish()
        self._description = description
        self._started = time.monotonic()
        self._write(f"{description} ...")
        return lambda units: None

    def finish(self) -> None:
        """Say how long the step under way took."""
        if self._description is not None:
            seconds = time.monotonic() - self._started
            self._write(f"{self._description}: {seconds:.1f} s")
            self._description = None

    def _write(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


class BarProgress:
    """Bars that rich redraws in place."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def step(self, description: str, total: int | None = None) -> Advance:
        """Start a bar; without a total it pulses until the next step starts."""
        self.finish()
        task = self._task = self._bars.add_task(description, total=total)
        return lambda units: self._bars.advance(task, units)

    def finish(self) -> None:
        """Fill the bar of the step under way: one whose total was an estimate ends full, too."""
        if self._task is None:
            return
        task = next(task for task in self._bars.tasks if task.id == self._task)
        total = task.total if task.total is not None else max(task.completed, 1)
        self._bars.update(self._task, total=total, completed=total)
        self._task = None


@contextmanager
def show_progress(quiet: bool = False, stream: TextIO | None = None) -> Iterator[Progress]:
    """Choose how progress is shown, and show it while the block runs.

    Parameters
    ----------
    quiet
        True shows nothing (``--json``).
    stream
        Defaults to stderr; bars are drawn only when it is a terminal.
    """
    target: TextIO = sys.stderr if stream is None else stream
    if quiet:
        yield SilentProgress()
    elif target.isatty():
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with RichProgress(*columns, console=Console(file=target)) as bars:
            progress = BarProgress(bars)
            yield progress
            progress.finish()
    else:
        progress = LineProgress(target)
        yield progress
        progress.finish()
