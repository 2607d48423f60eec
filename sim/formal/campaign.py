"""Proves many properties, and for each that its seeded bug is found."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from sim.formal.bug import seeded
from sim.formal.catalogue import SUBJECTS, properties
from sim.formal.property import Property
from sim.formal.prover import FAIL, PASS, Verdict, prove, statement

Tick = Callable[[Property, Verdict, bool], None]
"""Is told of each verdict, and whether it is that of a bug; from any thread."""


@dataclass(frozen=True)
class Task:
    """One property: where it is in the catalogue."""

    subject: str
    number: int
    rule: Property

    def folder(self, root: Path, seeded_bug: bool) -> Path:
        """Return where its proof goes."""
        return root / f"{self.subject}-{self.number}{'-bug' if seeded_bug else ''}"


@dataclass(frozen=True)
class Row:
    """One line of the table; `bug` is ``None`` where the bug was not tried."""

    rule: Property
    proof: Verdict
    bug: Verdict | None

    @property
    def holds(self) -> bool:
        """Whether the property holds and its bug was found."""
        return self.proof.outcome == PASS and (self.bug is None or self.bug.outcome == FAIL)


def chosen(only: str = "", quick: bool = False) -> list[Task]:
    """Return the properties whose block, name or subject contains `only`, or the quick slice."""
    return [
        Task(subject, number, rule)
        for subject in SUBJECTS
        for number, rule in enumerate(properties(subject))
        if only in f"{subject}: {rule.block}: {rule.name}" and (rule.quick or not quick)
    ]


def run(
    tasks: list[Task],
    folder: Path,
    workers: int,
    with_bugs: bool = True,
    tick: Tick | None = None,
) -> list[Row]:
    """Prove, several at a time.

    Parameters
    ----------
    tasks
        What is proved.
    folder
        Receives one folder for each proof.
    workers
        Proofs at a time.
    with_bugs
        Whether the seeded bugs are tried, too.
    tick
        Called with each verdict as it comes.
    """
    verdicts: dict[tuple[Task, bool], Future[Verdict]] = {}
    with ThreadPoolExecutor(workers) as pool:
        # Amaranth makes statements in this thread, while the tools prove those that are there.
        for task, is_bug in product(tasks, (False, True) if with_bugs else (False,)):
            text, place = _text(task, is_bug), task.folder(folder, is_bug)
            verdicts[task, is_bug] = pool.submit(_proved, task, text, place, is_bug, tick)
    return [
        Row(
            task.rule,
            verdicts[task, False].result(),
            verdicts[task, True].result() if with_bugs else None,
        )
        for task in tasks
    ]


def _proved(task: Task, text: str, place: Path, is_bug: bool, tick: Tick | None) -> Verdict:
    verdict = prove(task.rule, text, place, trace=not is_bug)
    if tick is not None:
        tick(task.rule, verdict, is_bug)
    return verdict


def _text(task: Task, is_bug: bool) -> str:
    """Return the statement, on request about hardware with the seeded bug."""
    if not is_bug:
        return statement(task.rule)
    with seeded(task.rule.bug):
        return statement(properties(task.subject)[task.number])
