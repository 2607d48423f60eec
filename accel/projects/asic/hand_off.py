"""The files of a hand-off: RTL, LibreLane's configuration, SDC, order of the pins, estimate."""

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from accel.projects.asic.check import check_hand_off
from accel.projects.asic.estimate import Estimate
from accel.projects.asic.memories import Split, split
from accel.projects.asic.process import Process
from accel.projects.board import Files
from accel.projects.render import render
from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.stream import Port
from hw.top.axi import Accelerator
from hw.top.entry import padded_width
from hw.top.write_verilog import to_verilog

TOP = "accelerator"
TINY_TOP = "tt_um_chronogate"
TILE_UM = {"1x1": (161.0, 111.52), "1x2": (161.0, 225.76), "2x2": (334.88, 225.76)}
"""Widths and heights of TinyTapeout's tiles (sky130)."""


@dataclass(frozen=True)
class HandOff:
    """A hand-off.

    Parameters
    ----------
    files
        Texts by their paths.
    estimate
        The area; also ``estimate.json``.
    """

    files: Files
    estimate: Estimate


def hand_off(
    network: Network,
    process: Process,
    clock_mhz: float,
    registers: bool = True,
    tiles: str | None = None,
) -> HandOff:
    """Return the hand-off of a network.

    Parameters
    ----------
    network, process
        What is made how.
    clock_mhz
        The clock.
    registers
        Whether there are registers behind AXI4-Lite.
    tiles
        Wrap it for so many of TinyTapeout's tiles, such as ``"2x2"``; then without registers.

    Raises
    ------
    ChronogateError
        When the tiles are too small or their size is not known, or the network's beats are wider
        than TinyTapeout's pins.
    """
    if tiles is not None and process.name != "sky130":
        raise ChronogateError(
            f"the sizes of TinyTapeout's tiles are known for sky130, not for {process.name}: "
            "leave --tiles or --pdk out"
        )
    wrapper = _wrapper(network) if tiles is not None else ""
    component = Accelerator(network, control=registers and tiles is None)
    verilog = to_verilog(component, TOP)
    top, clock, reset = (TINY_TOP, "clk", "rst_n") if wrapper else (TOP, "aclk", "aresetn")
    with tempfile.TemporaryDirectory() as scratch:
        made = split(verilog, TOP, Path(scratch))
    estimate = _estimate(made, process)
    if tiles is not None:
        _check_tiles(network, estimate, tiles)
    sources = (
        [f"rtl/{TOP}.v"] + ["rtl/memories.v"] * bool(made.rams) + ["rtl/top.v"] * bool(wrapper)
    )
    config = _configuration(process, top, clock, clock_mhz, sources, tiles)
    files = {
        f"rtl/{TOP}.v": made.logic,
        **({"rtl/memories.v": made.memories} if made.rams else {}),
        **({"rtl/top.v": wrapper} if wrapper else {}),
        "config.json": json.dumps(config, indent=2) + "\n",
        "design.sdc": render("asic/design.sdc.j2", clock=clock, period=1e3 / clock_mhz),
        "pin_order.cfg": render("asic/pin_order.cfg.j2", tiny=bool(wrapper), registers=registers),
        "estimate.json": json.dumps(asdict(estimate), indent=2) + "\n",
        "README.md": render(
            "asic/readme.md.j2", network=network, process=process, estimate=estimate, top=top,
            reset=reset, clock_mhz=clock_mhz, tiles=tiles,
        ),
    }  # fmt: skip
    if tiles is not None:
        files["info.yaml"] = render(
            "asic/info.yaml.j2", network=network, tiles=tiles, top=top,
            clock_hz=round(clock_mhz * 1e6),
            sources=[name.removeprefix("rtl/") for name in sources],
        )  # fmt: skip
    check_hand_off(files)
    return HandOff(files, estimate)


def _configuration(
    process: Process,
    top: str,
    clock: str,
    clock_mhz: float,
    sources: list[str],
    tiles: str | None,
) -> dict[str, object]:
    """Return LibreLane's configuration; names of its variables as of version 3.0."""
    floor: dict[str, object] = {"FP_SIZING": "relative", "FP_CORE_UTIL": process.utilization}
    if tiles is not None:
        floor = {"FP_SIZING": "absolute", "DIE_AREA": [0, 0, *TILE_UM[tiles]]}
    return {
        "meta": {"version": 2, "flow": "Classic"},
        "DESIGN_NAME": top,
        "VERILOG_FILES": [f"dir::{name}" for name in sources],
        "CLOCK_PORT": clock,
        "CLOCK_PERIOD": round(1e3 / clock_mhz, 3),
        "PNR_SDC_FILE": "dir::design.sdc",
        "SIGNOFF_SDC_FILE": "dir::design.sdc",
        "IO_PIN_ORDER_CFG": "dir::pin_order.cfg",
        "ERRORS_ON_UNMATCHED_IO": "both",
        "SYNTH_STRATEGY": "AREA 0",
        "PDK": process.pdk,
        "STD_CELL_LIBRARY": process.library,
        **floor,
    }


def _estimate(made: Split, process: Process) -> Estimate:
    area = made.gates * process.gate_um2
    return Estimate(
        process=process.name,
        transistors=made.transistors,
        gate_equivalents=made.gates,
        flip_flops=made.flip_flops,
        cell_area_um2=round(area, 1),
        core_area_um2=round(100 * area / process.utilization, 1),
        macro_bits=sum(ram.bits for ram in made.rams),
        memories=made.rams,
        small_memories=made.small,
    )


def _wrapper(network: Network) -> str:
    for port in (network.input, network.output):
        if _beat_bits(port) != 8 or len(network.inputs) > 1 or len(network.outputs) > 1:
            raise ChronogateError(
                f"{network.name}: TinyTapeout has pins for beats of one byte, but {port.name} has "
                f"{_beat_bits(port)} bits: use one feature and one forecast of 8 bits at most"
            )
    return render("asic/tt_um_chronogate.v.j2", module=TINY_TOP)


def _beat_bits(port: Port) -> int:
    return padded_width(port) * port.channels


def _check_tiles(network: Network, estimate: Estimate, tiles: str) -> None:
    width, height = TILE_UM[tiles]
    if estimate.core_area_um2 > width * height:
        raise ChronogateError(
            f"{network.name} takes about {estimate.core_area_um2:,.0f} um2 and {tiles} tiles have "
            f"{width * height:,.0f}: use fewer units, narrower formats or a larger ReuseFactor"
        )
