"""Mutants of all designs: run, and those that live classified."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from sim.mutation.bench import Verdict, run_mutants
from sim.mutation.equivalence import Answer, Prover
from sim.mutation.kept import Kept, digest, digest_of_sources
from sim.mutation.mutant import Mutant
from sim.mutation.netlist import NETLIST, list_mutants, write_mutated, write_netlist
from sim.mutation.subject import Subject

WANTED = 0.99
"""Share of the mutants that must be killed, of those that are not proved equal."""

_TESTBENCH = (
    "hw/**/*.py",
    "sim/*.py",
    "sim/testbench/*.py",
    *(f"sim/mutation/{name}.py" for name in ("bench", "open_counters", "plan", "turns")),
)
"""What verdicts depend on besides the netlist."""

_PROVER = ("sim/mutation/equivalence.py", "sim/mutation/evert.py")
"""What proofs depend on besides the netlist."""

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


@dataclass(frozen=True)
class Campaign:
    """How mutants are run.

    Parameters
    ----------
    folder
        Where everything is built and results are kept.
    quick
        Only the slice that every submission runs.
    workers
        Processes at a time.
    seed
        Of the choice of mutants.
    living
        Keep the verdict on every mutant that any testbench has killed; to try out new tests.
    tick
        Is told of what lives.
    """

    folder: Path
    quick: bool
    workers: int
    seed: int
    living: bool
    tick: Tick

    def run(self, subject: Subject) -> list[Fate]:
        """Make the mutants of a design, run each and classify those that live."""
        place = self.folder / "".join(c if c.isalnum() else "_" for c in subject.name)
        place.mkdir(parents=True, exist_ok=True)
        counts = [(kind, subject.quick if self.quick else n) for kind, n in subject.counts.items()]
        write_netlist(subject, place)
        mutants = list_mutants(counts, place, self.seed)
        verdicts = self._verdicts(subject, mutants, place)
        alive = [mutant for mutant in mutants if verdicts[mutant.number].test is None]
        self.tick(f"{subject.name}: {len(mutants)} mutants, {len(alive)} live")
        answers = dict(self._answers(subject, alive, place))
        return [
            Fate(subject.name, mutant, verdicts[mutant.number], answers.get(mutant.number))
            for mutant in mutants
        ]

    def _verdicts(
        self, subject: Subject, mutants: Sequence[Mutant], place: Path
    ) -> dict[int, Verdict]:
        kept, netlist = Kept(place / "verdicts.jsonl"), (place / NETLIST).read_bytes()
        testbench = digest(digest_of_sources(_TESTBENCH), *(c.tobytes() for c in subject.codes))
        keys = {mutant.number: digest(netlist, mutant.options) for mutant in mutants}
        verdicts = dict[int, Verdict]()
        for number, key in keys.items():
            result = kept.get(key)
            if result is None:
                continue
            if result["testbench"] == testbench or (self.living and result["test"] is not None):
                verdicts[number] = Verdict.read(result)
        open_ones = [mutant for mutant in mutants if mutant.number not in verdicts]
        if open_ones:
            mutated = write_mutated(mutants, place)
            for found in run_mutants(subject, mutated, open_ones, self.workers):
                for number, verdict in found.items():
                    kept.put(keys[number], {"testbench": testbench, **asdict(verdict)})
                verdicts |= found
        return verdicts

    def _answers(
        self, subject: Subject, alive: Sequence[Mutant], place: Path
    ) -> Iterator[tuple[int, Answer]]:
        kept, netlist = Kept(place / "answers.jsonl"), (place / NETLIST).read_bytes()
        prover = digest_of_sources(_PROVER)
        keys = {m.number: digest(netlist, prover, m.options) for m in alive}
        results = {m.number: kept.get(keys[m.number]) for m in alive}
        for mutant in alive:
            if (result := results[mutant.number]) is not None:
                yield mutant.number, Answer(str(result["answer"]))
        open_ones = [mutant for mutant in alive if results[mutant.number] is None]
        if not open_ones:
            return
        prove = Prover.prepare(open_ones, subject.pins, place).answer
        with ThreadPoolExecutor(self.workers) as pool:
            for mutant, answer in zip(open_ones, pool.map(prove, open_ones), strict=True):
                kept.put(keys[mutant.number], {"answer": answer})
                self.tick(f"{subject.name}: {answer}: {mutant}")
                yield mutant.number, answer


def rows(fates: Sequence[Fate]) -> list[Row]:
    """Return a line for each kind of block, in order of appearance."""
    blocks = dict.fromkeys(fate.mutant.block for fate in fates)
    return [Row(block, tuple(f for f in fates if f.mutant.block == block)) for block in blocks]
