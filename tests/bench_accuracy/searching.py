"""``accel search`` against random search with the same budget: hypervolume over time.

Two commands at the same time, each a process with one core, on the same configuration: Optuna's
tree-structured Parzen estimator, and random draws. What is compared is the volume that their
fronts dominate, in the box of all trials that keep the limits, by logarithms. Time is that of the
trials, so that a search may be stopped and gone on with.

    python -m tests.bench_accuracy.searching --minutes 60 --plot docs/search_race.png
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
import tomli_w
from optuna.trial import TrialState

from accel.report.style import FORECAST, SERIES, legend, new_figure, save_figure
from accel.search.space import Space, read_space
from accel.search.study import DATABASE
from hw.errors import ChronogateError
from tests.bench_accuracy.etth1 import CASES, FOLDER

SAMPLERS = {"tpe": FORECAST, "random": SERIES[0]}
COMMAND = "from accel.cli import main; main()"

SHARES = (1 / 12, 1 / 6, 1 / 3, 1 / 2, 2 / 3, 1)
"""Of the budget, at which the table tells the volumes."""


@dataclass(frozen=True)
class Trial:
    """A finished trial that keeps the limits: minutes of search until its end, and its measures."""

    minutes: float
    values: tuple[float, ...]


def volume(points: Sequence[Sequence[float]]) -> float:
    """Return the share of the unit box that points dominate (all measures minimized).

    Slices along the last measure: between two of its values, those dominate that have come so
    far, by what they dominate in the others (Zitzler and Thiele 1998).
    """
    inside = [tuple(point) for point in points if all(value < 1 for value in point)]
    if not inside:
        return 0.0
    if len(inside[0]) == 1:
        return 1 - min(inside)[0]
    inside.sort(key=lambda point: point[-1])
    ends = [*(point[-1] for point in inside[1:]), 1.0]
    return sum(
        (end - point[-1]) * volume([each[:-1] for each in inside[: place + 1]])
        for place, (point, end) in enumerate(zip(inside, ends, strict=True))
        if end > point[-1]
    )


def boxed(found: Sequence[Sequence[Trial]]) -> list[list[Trial]]:
    """Return the trials in the box from the best to the worst of them, by logarithms."""
    every = np.log([trial.values for trials in found for trial in trials])
    low, high = every.min(axis=0), every.max(axis=0)
    width = np.where(high > low, high - low, 1.0)

    def put(trial: Trial) -> Trial:
        return Trial(trial.minutes, tuple((np.log(trial.values) - low) / width))

    return [[put(trial) for trial in trials] for trials in found]


def growth(trials: Sequence[Trial]) -> list[tuple[float, float]]:
    """Return minutes and the volume that is dominated from there on."""
    ordered = sorted(trials, key=lambda trial: trial.minutes)
    values = [trial.values for trial in ordered]
    return [(each.minutes, volume(values[: n + 1])) for n, each in enumerate(ordered)]


def finished(study: optuna.Study) -> list[Trial]:
    """Return the finished trials of a study that keep its limits."""
    minutes, found = 0.0, list[Trial]()
    for trial in study.get_trials(deepcopy=False):
        if trial.duration is None or trial.state == TrialState.FAIL:
            continue  # killed, and called a failure when somebody looked again
        minutes += trial.duration.total_seconds() / 60
        kept = all(over <= 0 for over in trial.constraints.values())
        if trial.state == TrialState.COMPLETE and kept:
            found.append(Trial(minutes, tuple(trial.values)))
    return found


def searched(space: Space, minutes: float, folder: Path) -> list[optuna.Study]:
    """Search with every sampler at the same time, for what is left of the budget."""
    running: list[subprocess.Popen[bytes]] = []
    alone = dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
    for sampler in SAMPLERS:
        place = folder / sampler
        place.mkdir(parents=True, exist_ok=True)
        search = space.search.model_copy(update={"sampler": sampler})
        tables = {**space.document, "search": search.model_dump(mode="json", exclude_none=True)}
        config = place / "search.toml"
        config.write_text(tomli_w.dumps(tables), encoding="utf-8")
        left = max(minutes - spent(space.name, place), 0.0)
        command = [sys.executable, "-c", COMMAND, "search", str(config), "--minutes", str(left)]
        with (place / "log.txt").open("wb") as log:
            running.append(
                subprocess.Popen(
                    [*command, "--folder", str(place)],
                    stdout=log,
                    stderr=log,
                    env=os.environ | {"OMP_NUM_THREADS": "1"} | alone,
                )
            )
    ended = [process.wait() for process in running]
    if any(ended):
        raise ChronogateError(f"searches ended with {ended}: see the log.txt of each in {folder}")
    return [study_in(space.name, folder / sampler) for sampler in SAMPLERS]


def study_in(name: str, folder: Path) -> optuna.Study:
    """Return the study of a folder."""
    return optuna.load_study(study_name=name, storage=f"sqlite:///{folder / DATABASE}")


def spent(name: str, folder: Path) -> float:
    """Return the minutes that its trials took."""
    if not (folder / DATABASE).exists():
        return 0.0
    ended = (TrialState.COMPLETE, TrialState.PRUNED)
    trials = study_in(name, folder).get_trials(deepcopy=False, states=ended)
    took = [trial.duration for trial in trials if trial.duration is not None]
    return sum(duration.total_seconds() for duration in took) / 60


def printed(found: Sequence[Sequence[Trial]], minutes: float) -> str:
    """Return the table."""
    names = [f"{name}, trials | volume" for name in SAMPLERS]
    lines = [f"| minutes of a core | {' | '.join(names)} |", "|" + "---|" * (1 + 2 * len(names))]
    curves = [growth(trials) for trials in boxed(found)]
    for share in SHARES:
        cells = [f"{share * minutes:.3g}" if share < 1 else "all"]
        for curve in curves:
            passed = [grown for at, grown in curve if at <= share * minutes or share == 1]
            cells += [str(len(passed)), f"{passed[-1]:.4f}" if passed else "0"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def plot(found: Sequence[Sequence[Trial]], path: Path) -> None:
    """Draw the volumes over time."""
    figure = new_figure(6.4, 3.4)
    axes = figure.axes[0]
    for (name, colour), trials in zip(SAMPLERS.items(), boxed(found), strict=True):
        minutes, grown = zip(*growth(trials), strict=True)
        axes.step(minutes, grown, where="post", color=colour.light, label=name)
    axes.set_xlabel("minutes of a core")
    axes.set_ylabel("dominated share of the box")
    legend(axes)
    save_figure(figure, path)


def main() -> None:
    """Search, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="of one core, for each search")
    parser.add_argument("--plot", type=Path, help="also draw it into this PNG file")
    parser.add_argument("--quick", action="store_true", help="half a minute each")
    given = parser.parse_args()
    minutes = 0.5 if given.quick else given.minutes
    space = read_space(CASES / "weather_search.toml")
    folder = FOLDER / ("search_quick" if given.quick else "search")
    try:
        found = [finished(study) for study in searched(space, minutes, folder)]
    except ChronogateError as error:
        sys.exit(str(error))
    if not all(found):
        sys.exit("no trial was finished: give more --minutes")
    print(printed(found, minutes))
    if given.plot is not None:
        plot(found, given.plot)


if __name__ == "__main__":
    main()
