"""The study: Optuna's storage, sampler and loop."""

import json
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import optuna
from optuna.exceptions import StorageInternalError
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import make_url  # Optuna's databases are SQLAlchemy's
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from accel.progress import Progress
from accel.search.front import REASON, Front, front_of
from accel.search.settings import SearchConfig
from accel.search.space import Space
from accel.search.trial import Attempt
from hw.errors import ChronogateError

DATABASE = "study.db"
CONFIGURATION = "configuration"
"""Attribute of a study: what was searched, so that nobody goes on with something else."""

HEARTBEAT_SECONDS = 30
"""After three without, the trial of a process that was killed counts as failed."""

HOPELESS = 10
"""Trials without any that was finished, after which the search is given up."""


@dataclass(frozen=True)
class Budget:
    """When to stop: after so many minutes or trials, whichever comes first; None for no limit."""

    minutes: float | None = None
    trials: int | None = None


@contextmanager
def usable(storage: str) -> Iterator[None]:
    """Turn what a database cannot do into one sentence.

    Parameters
    ----------
    storage
        Its URL.

    Raises
    ------
    ChronogateError
        When it is damaged, full, write-protected or out of reach, or its driver is missing.
    """
    try:
        yield
    except (SQLAlchemyError, StorageInternalError) as error:
        inner = error.__cause__ if isinstance(error, StorageInternalError) else error
        raise ChronogateError(
            f"the study in {_shown(storage)} cannot be read or written "
            f"({getattr(inner, 'orig', None) or inner or error}): mend that and run the command "
            "again, or give another --folder or --storage"
        ) from None


def open_study(space: Space, storage: str, create: bool = True) -> optuna.Study:
    """Return the study of a configuration, begun or gone on with.

    Parameters
    ----------
    storage
        A database URL.

    Raises
    ------
    ChronogateError
        When there is none and `create` is false, or it was begun with another configuration.
    """
    search = space.search
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    place = _shown(storage)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        database = _database(storage)
        known = [summary.study_name for summary in optuna.get_all_study_summaries(database)]
        if not create and space.name not in known:
            raise ChronogateError(
                f"there is no study {space.name!r} in {place}: search first, without --take"
            )
        study = optuna.create_study(
            storage=database,
            study_name=space.name,
            directions=[StudyDirection.MINIMIZE] * len(search.minimize),
            load_if_exists=True,
        )
        study.sampler = _sampler(search, len(study.get_trials(deepcopy=False)))
    same = {**space.document, CONFIGURATION: search.model_dump(mode="json", exclude=_HOW)}
    text = _canonical(same)
    if study.user_attrs.setdefault(CONFIGURATION, text) != text:
        raise ChronogateError(
            f"the study {space.name!r} in {place} was begun with another configuration: give this "
            "one another name, or another --folder or --storage"
        )
    study.set_user_attr(CONFIGURATION, text)
    return study


_HOW = {"sampler", "patience", "rivals", "seed"}


def search(study: optuna.Study, space: Space, budget: Budget, progress: Progress) -> Front:
    """Run trials until the budget is spent; return the front.

    Raises
    ------
    ChronogateError
        When none of the first trials could be finished.
    """
    started, seconds = time.monotonic(), None
    if budget.minutes is not None:
        seconds = 60 * budget.minutes
    total = budget.trials if budget.trials is not None else round(seconds or 0) or None
    advance = progress.step(f"Searching: {', '.join(space.search.minimize)}", total)
    shown = 0

    def tick(found: optuna.Study, trial: FrozenTrial) -> None:
        nonlocal shown
        done = 1 if budget.trials is not None else round(time.monotonic() - started) - shown
        shown += done
        advance(done)
        _give_up(found)

    callbacks: list[Callable[[optuna.Study, FrozenTrial], None]] = [tick]
    study.optimize(Attempt(space), n_trials=budget.trials, timeout=seconds, callbacks=callbacks)
    return front_of(study, space.search)


def values_of(study: optuna.Study, search: SearchConfig, number: int) -> dict[str, object]:
    """Return what was varied in a finished trial.

    Raises
    ------
    ChronogateError
        When there is no such trial, or it was not finished.
    """
    front = front_of(study, search)
    found = {each.number: each for each in (*front.points, *front.others)}
    if number not in found:
        some = ", ".join(str(each.number) for each in front.points) or "none yet"
        raise ChronogateError(
            f"{number} is no finished trial of {study.study_name!r}: take one of the front ({some})"
        )
    return found[number].values


def _sampler(search: SearchConfig, begun: int) -> optuna.samplers.BaseSampler:
    # Another seed for each start, so that a search that goes on does not draw the same again.
    seed = search.seed + begun
    if search.sampler == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    if search.sampler == "nsga2":
        return optuna.samplers.NSGAIISampler(seed=seed)
    return optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)


def _give_up(study: optuna.Study) -> None:
    trials = study.get_trials(deepcopy=False)
    ended = [trial for trial in trials if trial.state.is_finished()]
    if len(ended) >= HOPELESS and not any(t.state == TrialState.COMPLETE for t in ended):
        reason = ended[-1].user_attrs.get(REASON, "no reason is known")
        raise ChronogateError(
            f"none of {len(ended)} trials could be finished, the last because {reason}: change "
            "search.vary or search.limits"
        )


def _canonical(document: object) -> str:
    return json.dumps(document, sort_keys=True, default=str)


def _database(storage: str) -> optuna.storages.RDBStorage:
    sqlite = storage.startswith("sqlite")
    try:
        return optuna.storages.RDBStorage(
            storage,
            engine_kwargs={"connect_args": {"timeout": 60}} if sqlite else None,
            heartbeat_interval=HEARTBEAT_SECONDS,
            grace_period=3 * HEARTBEAT_SECONDS,
        )
    except ImportError as error:
        problem = str(error).splitlines()[0]
        raise ChronogateError(f"{_shown(storage)} needs a driver: {problem}") from None


def _shown(storage: str) -> str:
    """Return a database URL without its password."""
    try:
        return make_url(storage).render_as_string(hide_password=True)
    except ArgumentError:
        return storage
