"""The Pareto front of a study: points that no other one beats in every objective."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import optuna
from matplotlib.figure import Figure
from optuna.trial import TrialState

from accel.report.style import FORECAST, MUTED, new_figure, save_figure
from accel.search.point import Costs, Point
from accel.search.settings import Measure, SearchConfig

POINT, CURVE, REASON = "point", "curve", "reason"
"""Attributes of a trial: its measures, its errors by epoch, why it was given up."""


@dataclass(frozen=True)
class Found:
    """A trial that was finished.

    Parameters
    ----------
    number
        Its number, for ``--take``.
    values
        What was varied.
    point
        Its measures.
    feasible
        Whether it keeps the limits.
    """

    number: int
    values: dict[str, object]
    point: Point
    feasible: bool


@dataclass(frozen=True)
class Front:
    """What a search has found so far.

    Parameters
    ----------
    name
        The configuration's.
    minimize
        The objectives.
    trials, pruned, failed
        Trials begun, and those of them that were given up or ended in an error.
    points
        The front, the smallest error first.
    others
        All other finished trials.
    """

    name: str
    minimize: tuple[str, ...]
    trials: int
    pruned: int
    failed: int
    points: tuple[Found, ...]
    others: tuple[Found, ...]


def front_of(study: optuna.Study, search: SearchConfig) -> Front:
    """Return the front of a study."""
    trials = study.get_trials(deepcopy=False)
    found = [_found(trial, search) for trial in trials if trial.state == TrialState.COMPLETE]
    best = pareto([each for each in found if each.feasible], search.minimize)
    numbers = {each.number for each in best}
    return Front(
        name=study.study_name,
        minimize=search.minimize,
        trials=len(trials),
        pruned=sum(trial.state == TrialState.PRUNED for trial in trials),
        failed=sum(trial.state == TrialState.FAIL for trial in trials),
        points=tuple(sorted(best, key=lambda each: each.point.error)),
        others=tuple(each for each in found if each.number not in numbers),
    )


def pareto(found: Sequence[Found], minimize: Sequence[str]) -> list[Found]:
    """Return those that none beats: no worse in all objectives and better in one.

    Of equal ones the first stays.
    """
    kept: list[Found] = []
    for one in sorted(found, key=lambda each: (_values(each, minimize), each.number)):
        values = _values(one, minimize)
        if not any(
            all(a <= b for a, b in zip(_values(other, minimize), values, strict=True))
            for other in kept
        ):
            kept.append(one)
    return kept


def excess(point: Point, limits: Mapping[Measure, float]) -> tuple[float, ...]:
    """Return by how much each limit is exceeded, as a share of it; 0 or less where it is kept."""
    return tuple((point.measure(name) - most) / max(most, 1e-9) for name, most in limits.items())


def point_of(trial: optuna.trial.FrozenTrial) -> Point:
    """Return the measures of a finished trial."""
    found = trial.user_attrs[POINT]
    return Point(found["error"], Costs(**found["costs"]), found.get("luts"))


def front_figure(front: Front) -> Figure:
    """Draw the first objective over each of the others, one panel each."""
    first, *rest = front.minimize
    figure = new_figure(4.2 * len(rest), 3.4, 1, len(rest))
    for axes, name in zip(figure.axes, rest, strict=True):
        for found, colour, size, label in (
            (front.others, MUTED, 10, "beaten"), (front.points, FORECAST, 26, "front"),
        ):  # fmt: skip
            x = [each.point.measure(name) for each in found]
            y = [each.point.measure(first) for each in found]
            axes.scatter(x, y, s=size, color=colour.light, label=label)
        for each in front.points:
            place = each.point.measure(name), each.point.measure(first)
            axes.annotate(str(each.number), place, xytext=(4, 3), textcoords="offset points",
                          fontsize=7, color=MUTED.light)  # fmt: skip
        axes.set_xlabel(name.replace("_", " "))
        axes.set_ylabel("error on validation" if first == "error" else first.replace("_", " "))
    return figure


def save_front(front: Front, folder: Path) -> Path:
    """Write ``front.png``, whole or not at all, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path, partial = folder / "front.png", folder / ".front.partial.png"
    try:
        save_figure(front_figure(front), partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def _found(trial: optuna.trial.FrozenTrial, search: SearchConfig) -> Found:
    values: dict[str, object] = {
        key: json.loads(value) if isinstance(value, str) else value
        for key, value in trial.params.items()
    }
    point = point_of(trial)
    return Found(trial.number, values, point, max(excess(point, search.limits), default=0.0) <= 0)


def _values(found: Found, minimize: Sequence[str]) -> tuple[float, ...]:
    return tuple(found.point.measure(name) for name in minimize)
