"""``accel bitstream``: synthesis, place and route, or a project for a vendor tool."""

from typing import Annotated

import typer

from accel.commands.console import console, print_json
from accel.commands.options import JsonOption, RunArgument
from accel.commands.project import write_project
from accel.progress import show_progress


def bitstream(
    run: RunArgument,
    board: Annotated[
        str | None, typer.Option(help="See `accel boards`; default from config.toml.")
    ] = None,
    clock: Annotated[
        str | None,
        typer.Option(metavar="MHZ|fastest", help="Clock of the design; default: the board's."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Start of the placement.")] = 1,
    seeds: Annotated[
        int, typer.Option(min=1, help="Placements to try, from --seed on; the best is kept.")
    ] = 1,
    json: JsonOption = False,
) -> None:
    """Synthesize, place, route and pack a bitstream, and simulate the netlist.

    The synthesized netlist answers golden windows from UART pin to UART pin, so that nothing was
    optimized away. A design that does not fit is refused with the reuse factors that would; one
    that is too slow for its clock is refused as well. `--clock fastest` routes it, lets the PLL
    make the fastest clock that it bears, and routes it again.

    For boards marked "project only" a project of the vendor tool goes to RUN/projects instead.
    """
    from accel.bitstream.clock import read_clock
    from accel.boards import find_board
    from accel.commands.summary import implementation_table
    from accel.flow.steps import bitstream_step, board_name
    from accel.projects import find_project_board
    from accel.runs.run import open_run

    with open_run(run) as opened:
        name = board_name(opened, board)
    project = find_project_board(name)
    if project is not None:
        write_project(run, project, read_clock(clock), json)
        return
    with show_progress(json) as progress, open_run(run) as opened:
        wanted = read_clock(clock)
        starts = range(seed, seed + seeds)
        routed = bitstream_step(opened, progress, name, starts, wanted)
    if json:
        print_json(routed)
    else:
        console().print(implementation_table(routed))
        print(f"bitstream: {run / routed.bitstream}")
        program = find_board(routed.board).program.format(file=run / routed.bitstream)
        print(f"load it with: {program}")
