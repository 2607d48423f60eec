"""``accel forecast``: forecasts from a CSV file, computed by the simulated RTL."""

from pathlib import Path
from typing import Annotated

import typer

from accel.commands.console import print_json
from accel.commands.options import JsonOption, RunArgument
from accel.progress import show_progress


def forecast(
    run: RunArgument,
    csv: Annotated[Path, typer.Option("--csv", metavar="F", help="CSV with the run's columns.")],
    output: Annotated[
        Path | None, typer.Option(help="CSV to write; default RUN/forecast/forecast.csv.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--every", help="Forecast from every row, not only from the last.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Forecast from a CSV file in its own units, computed by the simulated RTL; CSV and plot."""
    from accel.flow.steps import forecast_step
    from accel.runs.run import open_run

    with show_progress(json) as progress, open_run(run) as opened:
        files = forecast_step(opened, csv, progress, every, output)
    if json:
        print_json(files)
    else:
        print(
            f"{files.forecasts} forecast{'s' * (files.forecasts > 1)} of {files.horizon} steps: "
            f"{files.csv}, {files.plot}"
        )
