"""``accel search``: the Pareto front of error and hardware."""

from pathlib import Path
from typing import Annotated

import typer

from accel.commands.console import console, print_json
from accel.commands.options import RUNS, JsonOption
from accel.progress import show_progress


def search(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG.toml", help="A configuration with [search].")
    ],
    minutes: Annotated[
        float | None, typer.Option(min=0, help="How long; default 30 unless --trials is given.")
    ] = None,
    trials: Annotated[int | None, typer.Option(min=0, help="How many trials, at most.")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where study and plot go; default runs/NAME-search.")
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A database that many machines share; default SQLite."),
    ] = None,
    take: Annotated[
        int | None, typer.Option(metavar="N", help="Train trial N again, as a run, and stop.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(metavar="RUN", help="With --take: its folder.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Search forecasters that trade error on validation against cycles, multipliers and bits.

    Every trial is stored at once; the same command goes on where it was stopped or killed, and on
    several machines with one --storage. Prints the Pareto front and draws front.png. --take makes a
    run of any trial, to convert and verify as any other. Test windows are not looked at.
    """
    from accel.search.front import front_of, save_front
    from accel.search.processes import TRIALS, search_in_processes
    from accel.search.space import read_space
    from accel.search.study import DATABASE, Budget, open_study, usable, values_of
    from accel.search.study import search as run_study
    from accel.search.table import front_table
    from accel.search.taking import take_point
    from hw.errors import ChronogateError

    space = read_space(config)
    place = folder or RUNS / f"{space.name}-search"
    if take is not None and storage is None and not (place / DATABASE).exists():
        raise ChronogateError(
            f"there is no study {space.name!r} in {place}: search first, without --take"
        )
    if storage is None:
        place.mkdir(parents=True, exist_ok=True)
    url = storage or f"sqlite:///{place / DATABASE}"
    with usable(url):
        study = open_study(space, url, create=take is None)
    if take is not None:
        target = run or RUNS / f"{space.name}-{take}"
        with usable(url):
            values = values_of(study, space.search, take)
        with show_progress(json) as progress:
            result = take_point(space, values, target, progress)
        if json:
            print_json(result)
        else:
            print(f"run: {target}; go on with `accel convert {target}`")
        return
    budget = Budget(30 if minutes is None and trials is None else minutes, trials)
    with usable(url), show_progress(json) as progress:
        if budget.minutes != 0 and budget.trials != 0:
            if budget.trials is not None and budget.trials <= TRIALS:
                run_study(study, space, budget, progress)
            else:
                search_in_processes(study, space, url, budget, progress)
        front = front_of(study, space.search)
        plot = save_front(front, place) if front.points else None
    if json:
        print_json(front)
    else:
        console().print(front_table(front))
        if plot is not None:
            print(f"plot: {plot}; make a run of one with `accel search {config} --take N`")
