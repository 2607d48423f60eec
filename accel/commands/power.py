"""``accel power``: an estimate from the simulated netlist."""

from typing import Annotated

import typer
from rich.table import Table

from accel.commands.console import console, print_json
from accel.commands.options import JsonOption, RunArgument
from accel.progress import show_progress


def power(
    run: RunArgument,
    board: Annotated[
        str | None, typer.Option(help="With a bitstream; default from config.toml.")
    ] = None,
    windows: Annotated[
        int, typer.Option(min=1, help="Test windows over which switching is counted.")
    ] = 2,
    json: JsonOption = False,
) -> None:
    """Estimate the power of a bitstream from how often the nets of its netlist change.

    The netlist is simulated once more, from UART pin to UART pin. Every figure names its source.
    Where none was found, the changes are counted, block by block, and no power is given.
    """
    from accel.flow.power import power_step
    from accel.report.power_page import power_rows
    from accel.runs.run import open_run

    with show_progress(json) as progress, open_run(run) as opened:
        found = power_step(opened, progress, board, windows)
    if json:
        print_json(found)
        return
    table = Table(show_header=False, title=f"{run}: an estimate of power", title_justify="left")
    for row in power_rows(found):
        table.add_row(*row)
    console().print(table)
    for source in found.sources:
        print(source)
    if found.leaves_out:
        print(f"left out: {found.leaves_out}")
    print(f"go on with `accel report {run}`")
