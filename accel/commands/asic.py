"""``accel asic``: the hand-off to an open process."""

from typing import Annotated

import typer

from accel.commands.console import print_json
from accel.commands.options import JsonOption, RunArgument


def asic(
    run: RunArgument,
    pdk: Annotated[str, typer.Option(help="sky130, gf180 or ihp-sg13g2.")] = "sky130",
    clock: Annotated[
        float | None, typer.Option(metavar="MHZ", min=0.1, help="Default: the process's.")
    ] = None,
    registers: Annotated[bool, typer.Option(help="Registers behind AXI4-Lite.")] = True,
    tiles: Annotated[
        str | None, typer.Option(help="TinyTapeout's pins and tiles: 1x1, 1x2 or 2x2.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write RTL, a LibreLane configuration and an estimate of the area, to RUN/projects.

    Memories large enough for macros are modules of their own. Nothing is placed or routed.
    """
    from accel.projects.asic.hand_off import TILE_UM, hand_off
    from accel.projects.asic.process import find_process
    from accel.projects.step import converted_network, install
    from accel.runs.run import open_run
    from hw.errors import ChronogateError

    process = find_process(pdk)
    if tiles is not None and tiles not in TILE_UM:
        raise ChronogateError(f"no tiles are {tiles!r}: choose {', '.join(TILE_UM)}")
    with open_run(run) as opened:
        speed = clock or process.clock_mhz
        made = hand_off(converted_network(opened), process, speed, registers, tiles)
        name = f"asic-{process.name}"
        project = install(opened, name, "LibreLane", "librelane config.json", made.files, speed)
    if json:
        print_json(made.estimate)
    else:
        found = made.estimate
        print(
            f"{run / project.folder}: {found.gate_equivalents:,} gate equivalents, "
            f"{found.flip_flops:,} flip-flops, {len(found.memories)} memories of "
            f"{found.macro_bits:,} bits, about {found.core_area_um2:,.0f} um2 of core (estimate)"
        )
        print(f"harden it there with: {project.command}")
