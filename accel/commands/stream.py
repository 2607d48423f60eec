"""``accel stream``: forecasts of a live CSV by a board."""

from pathlib import Path
from typing import Annotated

import typer

from accel.commands.options import RunArgument


def stream(
    run: RunArgument,
    port: Annotated[
        str, typer.Option(help="Serial port, as /dev/ttyUSB1, or `sim` for a simulated board.")
    ],
    csv: Annotated[
        str, typer.Option("--csv", metavar="F", help="CSV with the run's columns; - for stdin.")
    ] = "-",
    board: Annotated[
        str | None, typer.Option(help="See `accel boards`; default from config.toml.")
    ] = None,
) -> None:
    """Forecast every row of a CSV on a board, as it comes; one line of CSV for each to stdout."""
    from accel.flow.stream import load_forecaster, stream_rows
    from accel.runs.run import open_run

    with open_run(run) as opened:
        forecaster = load_forecaster(opened, board)
    # Without the run's lock: a stream may go on for days.
    for line in stream_rows(forecaster, port, csv if csv == "-" else Path(csv)):
        print(line, flush=True)
