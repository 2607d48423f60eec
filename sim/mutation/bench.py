"""Builds all mutants of a design at once and runs the shipped testbench on each."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from xml.etree import ElementTree

from cocotb_tools.runner import Runner

from hw.errors import ChronogateError
from sim.cocotb_build import build_simulation, tool_environment
from sim.cocotb_runner import CONTROL_TESTS, COVERAGE_TESTS, STREAM_TESTS, TESTS, is_plain
from sim.mutation.mutant import Mutant
from sim.mutation.plan import Plan
from sim.mutation.subject import Subject
from sim.testbench.bench import PERIOD_NS
from sim.testbench.build_options import OPTIMIZED
from sim.testbench.case import FOLDER_VARIABLE, Case
from sim.toolchain import find_toolchain

SEED = 1
"""Of gaps and stalls."""

NO_MUTANT = 0
AT_A_TIME = 50
"""Mutants of one process at most, after which their verdicts are kept."""

_FURTHER = ("--output-split", "100000", "-Wno-UNOPTFLAT", "-Wno-CASEOVERLAP", "--no-assert-case")
"""Yosys writes a choice by one of several bits as a case, and a mutant may raise two of them; a
mutant may also make one bit of a word depend on another, which Verilator takes for a loop."""


@dataclass(frozen=True)
class Verdict:
    """What the testbench said of a mutant.

    Parameters
    ----------
    test
        The shipped test that failed, or ``None``.
    words
        Why.
    cycles
        From the mutant's first cycle to the end of that test, or of all tests.
    """

    test: str | None
    words: str
    cycles: int

    @classmethod
    def read(cls, result: Mapping[str, str | int | None]) -> Self:
        """Return what `asdict` wrote, among other things."""
        test, cycles = result["test"], result["cycles"]
        assert isinstance(cycles, int)
        return cls(None if test is None else str(test), str(result["words"]), cycles)


def tests_of(subject: Subject) -> tuple[str, ...]:
    """Return the shipped tests of a design."""
    if not is_plain(subject.network):
        return STREAM_TESTS + COVERAGE_TESTS
    # Mutants of the registers are found by their own tests, or by none: those come first.
    return CONTROL_TESTS * subject.control + TESTS + COVERAGE_TESTS


def run_mutants(
    subject: Subject, mutated: Path, mutants: Sequence[Mutant], workers: int
) -> Iterator[dict[int, Verdict]]:
    """Run the shipped tests on every mutant, each until the first that fails.

    Parameters
    ----------
    subject
        The design.
    mutated
        Its Verilog with all mutants.
    mutants
        Those that are run.
    workers
        Simulator processes at a time.

    Yields
    ------
    dict
        Verdicts by the mutants' numbers, of one process after the other.

    Raises
    ------
    ChronogateError
        When the build fails, or the testbench fails the design without any mutant.
    """
    numbers = [mutant.number for mutant in mutants]
    count = -(-len(numbers) // (workers * AT_A_TIME)) * workers
    # Neighbours are of one block: dealt out in turn, all processes take equally long.
    shares = [share for k in range(count) if (share := numbers[k::count])]
    with _built(mutated) as runner, ThreadPoolExecutor(workers) as pool:
        folders = [mutated.parent.resolve() / f"process{k}" for k in range(len(shares))]
        runs = [
            pool.submit(_share, subject, runner, *job) for job in zip(folders, shares, strict=True)
        ]
        yield from (run.result() for run in as_completed(runs))


def run_design(subject: Subject, verilog: Path) -> Verdict:
    """Run the shipped tests on some Verilog of a design, until one fails."""
    with _built(verilog) as runner:
        return _run(subject, runner, verilog.parent.resolve() / "process0", (NO_MUTANT,))[0]


@contextmanager
def _built(verilog: Path) -> Iterator[Runner]:
    toolchain = find_toolchain()
    with tool_environment(toolchain, OPTIMIZED):
        build = verilog.parent.resolve() / "build"
        yield build_simulation(toolchain, verilog.resolve(), build, OPTIMIZED, _FURTHER)


def _share(
    subject: Subject, runner: Runner, folder: Path, numbers: Sequence[int]
) -> dict[int, Verdict]:
    """Run some mutants in one process; first and last the design itself, that must pass."""
    turns = (NO_MUTANT, *numbers, NO_MUTANT)
    before, *verdicts, after = _run(subject, runner, folder, turns)
    for right in (before, after):
        if right.test is not None:
            raise ChronogateError(
                f"the testbench fails {subject.name} without any mutant, in {right.test}: "
                f"{right.words} (log: {folder / 'test.log'})"
            )
    return dict(zip(numbers, verdicts, strict=True))


def _run(subject: Subject, runner: Runner, folder: Path, turns: tuple[int, ...]) -> list[Verdict]:
    """Run the shipped tests for each number in turn; returns a verdict for each."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    Case(folder, subject.network, subject.codes, SEED).save()
    inputs = tuple(pin.name for pin in subject.pins if pin.is_input)
    Plan(turns, tests_of(subject), inputs).save(folder)
    # With an exception the runner says, too, that tests failed, which here most must. It keeps what
    # it is told, and other threads run tests of the same build.
    with suppress(SystemExit, RuntimeError):
        copy(runner).test(
            test_module="sim.mutation.turns",
            hdl_toplevel="accelerator",
            build_dir=folder.parent / "build",
            test_dir=folder,
            seed=SEED,
            results_xml=str(folder / "results.xml"),
            extra_env={FOLDER_VARIABLE: str(folder), "COCOTB_LOG_LEVEL": "WARNING"},
            log_file=folder / "test.log",
        )
    if not (folder / "results.xml").exists():
        raise ChronogateError(f"the simulator wrote no result: see {folder / 'test.log'}")
    return _verdicts(folder / "results.xml")


def _verdicts(results: Path) -> list[Verdict]:
    """Return the verdict of each turn."""
    verdicts: dict[int, Verdict] = {}
    for case in ElementTree.parse(results).getroot().iter("testcase"):
        turn, _, test = (case.get("name") or "").partition(".")
        before = verdicts.get(int(turn), Verdict(None, "", 0))
        if before.test is not None:
            continue
        problem = case.find("failure")
        problem = case.find("error") if problem is None else problem
        failed = (None, "") if problem is None else (test, _words(problem))
        verdicts[int(turn)] = Verdict(*failed, before.cycles + _cycles(case))
    return [verdict for _, verdict in sorted(verdicts.items())]


def _cycles(case: ElementTree.Element) -> int:
    times = (p.get("value") for p in case.iter("property") if p.get("name") == "sim_time_duration")
    return int(float(next(times, None) or 0)) // PERIOD_NS


def _words(problem: ElementTree.Element) -> str:
    text = problem.get("error_msg") or problem.get("message") or problem.text or "failed"
    return text.strip().splitlines()[0]
