"""Place and route with nextpnr, and packing into a bitstream."""

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from accel.bitstream.blocks import PLACED
from accel.bitstream.process import ToolFailed, last_error
from accel.bitstream.synthesis import NETLIST_JSON
from accel.bitstream.tool import run_tool
from accel.boards import Board, Cells
from accel.progress import Progress, SilentProgress
from hw.errors import ChronogateError

_WRITE = "--write"
_REPORT = "nextpnr.json"
_LOG = "nextpnr.log"

# Lines of nextpnr's log that begin a stage.
_STAGES = (
    "Device utilisation",
    "Creating initial analytic placement",
    "HeAP Placer Time",
    "SA placement time",
    "Routing..",
    "Critical path report for clock",
    "Program finished normally",
)

_USED = re.compile(r"^Info:\s+(\w+):\s*(\d+)/\s*(\d+)\s+\d+%")


@dataclass(frozen=True)
class Routed:
    """What nextpnr reports of a design that it placed and routed.

    Parameters
    ----------
    cells
        What it takes.
    fmax_mhz
        Its fastest clock.
    seed
        Start of the placement.
    """

    cells: Cells
    fmax_mhz: float
    seed: int


class DoesNotFit(Exception):
    """The design takes more cells than the device has."""

    def __init__(self, cells: Cells) -> None:
        super().__init__("does not fit")
        self.cells = cells


def route_best(
    folder: Path, board: Board, cells: Cells, seeds: Sequence[int], progress: Progress
) -> Routed:
    """Place and route with each seed, and keep the fastest.

    Parameters
    ----------
    folder, board, cells, progress
        As in `place_and_route`.
    seeds
        What to try; at least one.

    Raises
    ------
    DoesNotFit
        When the device has too few cells of some kind.
    ChronogateError
        When nextpnr fails with every seed.
    """
    best: Routed | None = None
    problem: ChronogateError | None = None
    kept = (board.family.routed, PLACED, _REPORT, _LOG)
    for seed in seeds:
        try:
            routed = place_and_route(folder, board, cells, seed, progress)
        except ChronogateError as error:
            problem = error
            continue
        if best is None or routed.fmax_mhz > best.fmax_mhz:
            best = routed
            for name in kept:
                (folder / name).replace(folder / f"{name}.best")
    if best is None:
        assert problem is not None
        raise problem
    for name in kept:
        (folder / f"{name}.best").replace(folder / name)
    return best


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
    family = board.family
    # nextpnr takes the option once, and a packer may read the same file (Gowin's does).
    placed = () if family.output == _WRITE else (_WRITE, PLACED)
    output = family.output, family.routed, *placed
    arguments = (*output, "--report", _REPORT, "--seed", str(seed))
    packed, code = _nextpnr(
        folder, board, cells, arguments, f"Place and route, seed {seed}", progress
    )
    if code != 0:
        if not board.device.has(packed):
            raise DoesNotFit(packed)
        raise ToolFailed(
            f"nextpnr failed ({last_error(folder / _LOG)}): try another --seed, or a "
            "larger ReuseFactor, which leaves it more room"
        )
    if not placed:
        shutil.copyfile(folder / family.routed, folder / PLACED)
    report = json.loads((folder / _REPORT).read_text(encoding="utf-8"))
    # One clock; a design without flip-flops has none, but the board top always counts.
    fmax = min(clock["achieved"] for clock in report["fmax"].values())
    return Routed(packed, fmax, seed)


def count_packed(folder: Path, board: Board, cells: Cells) -> Cells:
    """Return what the netlist in `folder` takes once it is packed; nothing is placed.

    Raises
    ------
    ChronogateError
        When nextpnr fails.
    """
    packed, code = _nextpnr(folder, board, cells, ("--pack-only",), "Packing", SilentProgress())
    if code != 0 and board.device.has(packed):
        raise ToolFailed(f"nextpnr failed ({last_error(folder / _LOG)}): please report it")
    # Packing adds cells and joins others; what it does not count is as Yosys counted it.
    return Cells(*(max(pair) for pair in zip(astuple(packed), astuple(cells), strict=True)))


def pack(folder: Path, board: Board) -> Path:
    """Write the bitstream of what was routed in `folder` and return its path.

    Raises
    ------
    ChronogateError
        When the tool fails.
    """
    tool = board.family.pack(board)
    log = folder / f"{tool.script}.log"
    code = run_tool(tool, (), folder, log, lambda line: None)
    bitstream = folder / board.family.bitstream
    if code != 0 or not bitstream.exists():
        raise ToolFailed(
            f"{tool.script} failed ({last_error(log)}): this is a bug, please report it"
        )
    return bitstream


def _nextpnr(
    folder: Path,
    board: Board,
    cells: Cells,
    arguments: tuple[str, ...],
    description: str,
    progress: Progress,
) -> tuple[Cells, int]:
    """Run nextpnr; return what it counted after packing, and its exit code."""
    name, text = board.family.constraints(board)
    (folder / name).write_text(text, encoding="utf-8")
    advance = progress.step(description, len(_STAGES))
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

    common = (
        *("--json", NETLIST_JSON, "--freq", f"{board.clock_mhz:g}", "--timing-allow-fail"),
        *arguments,
    )
    code = run_tool(board.family.nextpnr(board, cells), common, folder, folder / _LOG, watch)
    return board.family.packed(used, cells), code
