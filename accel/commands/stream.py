"""``accel stream``: forecasts of a live CSV by a board."""

import sys
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
    weights: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Load its weights first (`reloadable` in the TOML file)."),
    ] = None,
    counters: Annotated[
        bool, typer.Option(help="At the end, print the board's counters to stderr.")
    ] = False,
) -> None:
    """Forecast every row of a CSV on a board, as it comes; one line of CSV for each to stdout.

    With `--weights` the board is first given the weights of another run of the same shape, or those
    that `accel adapt` has left in RUN/adapted; no new bitstream is needed.
    """
    from accel.flow.stream import load_forecaster, stream_rows
    from accel.runs.run import open_run

    def counted(counts: dict[str, int]) -> None:
        for name, count in counts.items():
            print(f"{name} {count}", file=sys.stderr)

    with open_run(run) as opened:
        forecaster = load_forecaster(opened, board, weights)
    # Without the run's lock: a stream may go on for days.
    source = csv if csv == "-" else Path(csv)
    for line in stream_rows(forecaster, port, source, counted if counters else None):
        print(line, flush=True)
