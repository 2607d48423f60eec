"""Runs drawn models in worker processes; one line of JSON each, so that a run can be continued."""

import json
import multiprocessing
import subprocess
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path

from accel.progress import Advance
from tests.fuzz.outcome import Outcome

RESULTS = "results.jsonl"
SHRUNK = 10
"""Failures of one run that are made smaller: many have one cause."""


@dataclass(frozen=True)
class Plan:
    """What to run.

    Parameters
    ----------
    folder
        Of the results.
    first, count
        The first seed, and how many models that were not run before, or not so deep.
    every
        Every how many seeds a model also runs as RTL and as HLS; 0 for none.
    jobs
        Worker processes.
    cases
        Where failing models go.
    """

    folder: Path
    first: int
    count: int
    every: int
    jobs: int
    cases: Path

    def is_deep(self, seed: int) -> bool:
        """Tell whether the model of `seed` runs as RTL and as HLS."""
        return self.every > 0 and seed % self.every == 0


def read_results(folder: Path) -> list[Outcome]:
    """Return what earlier runs found; a line that was cut off by an interruption does not count."""
    file = folder / RESULTS
    outcomes: dict[int, Outcome] = {}
    for line in file.read_text().splitlines() if file.exists() else []:
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        record.pop("commit", None)
        outcome = Outcome(**record)
        outcomes[outcome.seed] = replace(
            outcome, realizations=tuple(outcome.realizations), blocks=tuple(outcome.blocks)
        )
    return list(outcomes.values())


def seeds_of(plan: Plan) -> list[int]:
    """Return the seeds to run: those not run before, or not so deep."""
    done = {outcome.seed: outcome for outcome in read_results(plan.folder)}
    seeds: list[int] = []
    seed = plan.first
    while len(seeds) < plan.count:
        before = done.get(seed)
        if before is None or (plan.is_deep(seed) and not before.deep and not before.failed):
            seeds.append(seed)
        seed += 1
    return seeds


def run(plan: Plan, advance: Advance) -> None:
    """Check the models of `plan` and append what came of each; see `tests.fuzz.check.Outcome`."""
    seeds = seeds_of(plan)
    plan.folder.mkdir(parents=True, exist_ok=True)
    commit = _commit()
    file = plan.folder / RESULTS
    broken = file.exists() and not file.read_text().endswith("\n")
    with file.open("a") as lines:
        if broken:
            lines.write("\n")
        for outcome in _outcomes(plan, seeds):
            lines.write(json.dumps({**outcome.record(), "commit": commit}) + "\n")
            lines.flush()
            advance(1)


def _outcomes(plan: Plan, seeds: list[int]) -> Iterator[Outcome]:
    left, failed = list(seeds), 0
    while left:
        under_way: dict[Future[Outcome], int] = {}
        try:
            with _pool(plan.jobs) as pool:
                while left or under_way:
                    while left and len(under_way) < 2 * plan.jobs:
                        seed = left.pop(0)
                        job = pool.submit(
                            one, seed, plan.is_deep(seed), plan.cases, failed < SHRUNK
                        )
                        under_way[job] = seed
                    for job in wait(under_way, return_when=FIRST_COMPLETED).done:
                        outcome = job.result()
                        del under_way[job]
                        failed += outcome.failed
                        yield outcome
        except BrokenProcessPool:
            # Compiled code took its process down: find out which by running them alone.
            for seed in under_way.values():
                yield _alone(plan, seed)


def _alone(plan: Plan, seed: int) -> Outcome:
    with _pool(1) as pool:
        try:
            return pool.submit(one, seed, plan.is_deep(seed), plan.cases, False).result()
        except BrokenProcessPool:
            return Outcome(seed, "", plan.is_deep(seed), result="crash", message="the process died")


def _pool(jobs: int) -> ProcessPoolExecutor:
    # A fresh process now and then: TensorFlow keeps a little of every model.
    return ProcessPoolExecutor(
        jobs, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=150
    )


def one(seed: int, deep: bool, cases: Path, shrinks: bool) -> Outcome:
    """Draw and check one model; save it, made smaller, when it fails."""
    from accel.qkeras_compat import keras
    from tests.flow.drawing import draw_fuzzed
    from tests.fuzz.check import check
    from tests.fuzz.failing import save_smallest

    keras.backend.clear_session()  # names and memory do not depend on the models before
    drawn = draw_fuzzed(seed)
    outcome = check(seed, drawn, deep)
    if outcome.failed and shrinks:
        save_smallest(outcome, drawn, deep, cases)
    return outcome


def _commit() -> str:
    root = Path(__file__).parents[2]
    try:
        call = ["git", "describe", "--always", "--dirty"]
        return subprocess.run(call, cwd=root, capture_output=True, text=True, check=True).stdout[
            :-1
        ]
    except (OSError, subprocess.CalledProcessError):
        return ""
