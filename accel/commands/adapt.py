"""``accel adapt``: the last layer learns on, and new weights are loaded at run time."""

from typing import Annotated

import typer

from accel.commands.console import console, print_json
from accel.commands.options import JsonOption, RunArgument
from accel.progress import show_progress


def adapt(
    run: RunArgument,
    every: Annotated[
        int, typer.Option(min=1, help="Windows from one load of new weights to the next.")
    ] = 168,
    forgetting: Annotated[
        float | None,
        typer.Option(
            min=0.5,
            max=1.0,
            help="Weight of a window beside the one behind it; default: chosen on validation.",
        ),
    ] = None,
    anchor: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            help="Weight of the deployed weights beside what is learned; default: the same.",
        ),
    ] = None,
    rtl: Annotated[bool, typer.Option(help="Load every model into the simulated RTL.")] = True,
    json: JsonOption = False,
) -> None:
    """Let the last layer learn on over the test windows: each is forecast first, then learned from.

    Recursive least squares with forgetting; how much it forgets and how far it trusts the deployed
    weights is chosen by learning on over the validation windows. The weights are rounded to the
    layer's formats and loaded through the registers, no new bitstream is needed. Printed beside the
    same forecaster without learning. Exit code 1 when the RTL differs from the golden model.
    """
    from accel.commands.summary import adaptation_table
    from accel.incremental.step import FOLDER, adapt_step
    from accel.runs.run import open_run

    with show_progress(json) as progress, open_run(run) as opened:
        found = adapt_step(opened, every, forgetting, anchor, rtl, progress)
    if json:
        print_json(found)
    else:
        console().print(adaptation_table(found))
        print(f"the last model: {run / FOLDER}")
    if found.mismatches:
        raise typer.Exit(1)
