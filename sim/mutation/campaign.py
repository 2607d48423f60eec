"""Mutants of all designs: run, and those that live classified."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sim.mutation.bench import Verdict, run_mutants
from sim.mutation.equivalence import Answer, Prover
from sim.mutation.mutant import Mutant
from sim.mutation.netlist import list_mutants, write_mutated, write_netlist
from sim.mutation.subject import Subject

WANTED = 0.99
"""Share of the mutants that must be killed, of those that are not proved equal."""

Tick = Callable[[str], None]


@dataclass(frozen=True)
class Fate:
    """What became of a mutant; `answer` is ``None`` where the testbench killed it."""

    subject: str
    mutant: Mutant
    verdict: Verdict
    answer: Answer | None


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    block: str
    fates: tuple[Fate, ...]

    def count(self, answer: Answer | None) -> int:
        """Return how many there are; ``None``: killed."""
        return sum(fate.answer is answer for fate in self.fates)

    @property
    def share(self) -> float:
        """Killed ones of those that count."""
        killed, missed = self.count(None), self.count(Answer.MISSED)
        return killed / (killed + missed) if killed + missed else 1.0


def run(
    subject: Subject, folder: Path, quick: bool, workers: int, seed: int, tick: Tick
) -> list[Fate]:
    """Make the mutants of a design, run each and classify those that live."""
    place = folder / "".join(c if c.isalnum() else "_" for c in subject.name)
    place.mkdir(parents=True, exist_ok=True)
    counts = [(kind, subject.quick if quick else n) for kind, n in subject.counts.items()]
    write_netlist(subject, place)
    mutants = list_mutants(counts, place, seed)
    verdicts = run_mutants(subject, write_mutated(mutants, place), mutants, workers)
    alive = [mutant for mutant in mutants if verdicts[mutant.number].test is None]
    tick(f"{subject.name}: {len(mutants)} mutants, {len(alive)} live")
    answers: dict[int, Answer] = {}
    if alive:
        prover = Prover.prepare(alive, subject.pins, place)
        with ThreadPoolExecutor(workers) as pool:
            for mutant, answer in zip(alive, pool.map(prover.answer, alive), strict=True):
                answers[mutant.number] = answer
                tick(f"{subject.name}: {answer}: {mutant}")
    return [
        Fate(subject.name, mutant, verdicts[mutant.number], answers.get(mutant.number))
        for mutant in mutants
    ]


def rows(fates: Sequence[Fate]) -> list[Row]:
    """Return a line for each kind of block, in order of appearance."""
    blocks = dict.fromkeys(fate.mutant.block for fate in fates)
    return [Row(block, tuple(f for f in fates if f.mutant.block == block)) for block in blocks]
