"""A long search in processes, one after the other: memory that training keeps is given back.

TensorFlow keeps what XLA compiles until its process ends, some 20 MB for each trial.
"""

import time
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

import optuna
from optuna.trial import TrialState

from accel.progress import Progress, SilentProgress
from accel.search.front import Front, front_of
from accel.search.space import Space
from accel.search.study import Budget, open_study, search, usable
from hw.errors import ChronogateError

TRIALS = 100
"""Of one process, at most."""

_LOOK_SECONDS = 1.0


def search_in_processes(
    study: optuna.Study, space: Space, storage: str, budget: Budget, progress: Progress
) -> Front:
    """Run trials until the budget is spent, `TRIALS` in each process; return the front.

    Parameters
    ----------
    study, storage
        The study, and the URL of its database, by which the processes know it.

    Raises
    ------
    ChronogateError
        As `accel.search.study.search`, or when a process was killed.
    """
    started, before = time.monotonic(), _ended(study)
    seconds = None if budget.minutes is None else 60 * budget.minutes
    total = budget.trials if budget.trials is not None else round(seconds or 0) or None
    advance = progress.step(f"Searching: {', '.join(space.search.minimize)}", total)
    shown = 0
    while True:
        passed, done = time.monotonic() - started, _ended(study) - before
        left = None if budget.trials is None else budget.trials - done
        minutes = None if seconds is None else (seconds - passed) / 60
        if (left is not None and left <= 0) or (minutes is not None and minutes <= 0):
            return front_of(study, space.search)
        share = Budget(minutes, TRIALS if left is None else min(left, TRIALS))
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            future = pool.submit(_searched, space, storage, share)
            while not future.done():
                wait([future], _LOOK_SECONDS)
                now = round(time.monotonic() - started) if left is None else _ended(study) - before
                advance(now - shown)
                shown = now
            _check(future)


def _searched(space: Space, storage: str, budget: Budget) -> None:
    with usable(storage):
        search(open_study(space, storage), space, budget, SilentProgress())


def _check(future: Future[None]) -> None:
    try:
        future.result()
    except BrokenProcessPool:
        raise ChronogateError(
            "the process that trained was killed, perhaps for want of memory: what was finished "
            "is kept, and the same command goes on from there"
        ) from None


def _ended(study: optuna.Study) -> int:
    ended = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    return len(study.get_trials(deepcopy=False, states=ended))
