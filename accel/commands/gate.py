"""``accel gate``: a cheap forecaster that wakes a larger one."""

from pathlib import Path
from typing import Annotated

import typer

from accel.commands.console import console, print_json
from accel.commands.options import RUNS, JsonOption
from accel.progress import show_progress

Trained = "Folder of a converted run, "


def gate(
    cheap: Annotated[
        Path, typer.Argument(metavar="CHEAP_RUN", help=f"{Trained}which answers smooth windows.")
    ],
    large: Annotated[
        Path, typer.Argument(metavar="LARGE_RUN", help=f"{Trained}which rough windows wake.")
    ],
    run: Annotated[
        Path | None, typer.Option("--run", metavar="OUT", help="Folder; default runs/gate.")
    ] = None,
    threshold: Annotated[
        str, typer.Option(help="Input codes of a step that is rough, or auto.")
    ] = "auto",
    wakes: Annotated[
        float, typer.Option(help="With auto: share of the validation windows that wake.")
    ] = 0.25,
    json: JsonOption = False,
) -> None:
    """Put two forecasters of the same data behind a gate, and verify them as one design.

    A window wakes the large forecaster when a target steps by the threshold or more from one beat
    to the next. All test windows run through the RTL, some through the cocotb testbench. Exit code
    1 on any mismatch.
    """
    from accel.commands.summary import gate_table
    from accel.flow.gating import gate_runs
    from accel.runs.run import open_run

    folder = run or RUNS / "gate"
    with show_progress(json) as progress, open_run(folder, create=True) as opened:
        found = gate_runs(opened, cheap, large, threshold, wakes, progress)
    if json:
        print_json(found)
    else:
        console().print(gate_table(found))
        print(f"design: {folder / 'rtl/accelerator.v'}")
    if not found.passed:
        raise typer.Exit(1)
