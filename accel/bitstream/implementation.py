"""From a network to a bitstream: the whole way, into one folder."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from accel.bitstream.blocks import keep_placement
from accel.bitstream.fit import check_timing
from accel.bitstream.fold import explain
from accel.bitstream.place_route import DoesNotFit, Routed, count_packed, pack, route_best
from accel.bitstream.process import ToolFailed
from accel.bitstream.synthesis import synthesize
from accel.boards import Board, Cells
from accel.progress import Progress, SilentProgress
from hw.network.graph import Network

_ROUNDS = 3


@dataclass(frozen=True)
class Implementation:
    """A design on a board; the entry of ``implementations`` in ``report.json``.

    Parameters
    ----------
    board, device
        Their names.
    clock_mhz
        The clock it runs at.
    fmax_mhz
        The clock it could run at, routed, by nextpnr's timing analysis.
    latency_ns
        From the last input beat to the forecast at `clock_mhz`, between the two AXI4-Streams.
    lut, ff, dsp, bram
        LUT4s (iCE40: logic cells), flip-flops, multipliers and block RAMs, after packing.
    bitstream
        The file to load.
    seed
        Start of the placement that was kept.
    forecasts_per_second
        What the network can do at `clock_mhz`, between the two AXI4-Streams.
    """

    board: str
    device: str
    clock_mhz: float
    fmax_mhz: float
    latency_ns: float
    lut: int
    ff: int
    dsp: int
    bram: int
    bitstream: Path
    seed: int
    forecasts_per_second: float


@dataclass(frozen=True)
class _Made:
    """A routed design in a folder."""

    board: Board
    routed: Routed
    folder: Path


def implement(
    network: Network,
    board: Board,
    folder: Path,
    progress: Progress | None = None,
    seeds: Sequence[int] = (1,),
    fastest: bool = False,
) -> Implementation:
    """Synthesize, place, route and pack `network` for `board`.

    Parameters
    ----------
    network
        What is computed.
    board
        What it runs on.
    folder
        Receives the bitstream, the netlist (``netlist.v``), constraints, reports, logs, and where
        the cells are (``placement.json``). It is replaced as a whole, at the end; after an error it
        is as it was, and the logs of a tool that failed lie beside it, in ``<folder>.failed``.
    progress
        Shows the steps.
    seeds
        Starts of nextpnr's placement; the fastest result is kept.
    fastest
        Look for the fastest clock that the PLL can make and the routed design bears, starting at
        the board's.

    Raises
    ------
    ChronogateError
        When the design does not fit, is too slow, or a tool fails.
    """
    progress = SilentProgress() if progress is None else progress
    work = folder.with_name(f".{folder.name}.partial")
    if work.exists():
        shutil.rmtree(work)
    work.mkdir(parents=True)
    try:
        make = _fastest if fastest else _as_asked
        made = make(network, board, work, seeds, progress)
        implementation = _describe(network, made, pack(made.folder, made.board))
        keep_placement(made.folder)
        if folder.exists():
            shutil.rmtree(folder)
        made.folder.rename(folder)
    except ToolFailed as error:
        raise ToolFailed(f"{error} (logs: {_keep_logs(work, folder)})") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return replace(implementation, bitstream=folder / implementation.bitstream.name)


def _keep_logs(work: Path, folder: Path) -> Path:
    kept = folder.with_name(f"{folder.name}.failed")
    shutil.rmtree(kept, ignore_errors=True)
    for log in work.rglob("*.log"):
        target = kept / log.relative_to(work)
        target.parent.mkdir(parents=True, exist_ok=True)
        log.replace(target)
    return kept


def _as_asked(
    network: Network, board: Board, folder: Path, seeds: Sequence[int], progress: Progress
) -> _Made:
    made = _make(network, board, folder / "made", seeds, progress)
    check_timing(made.routed.fmax_mhz, board, network)
    return made


def _fastest(
    network: Network, board: Board, folder: Path, seeds: Sequence[int], progress: Progress
) -> _Made:
    """Route once to learn what the design bears, then again with a PLL for that clock.

    Another clock is another divisor of the UART, hence another netlist, which may be slower.
    """
    made = _make(network, board, folder / "first", seeds, progress)
    best = made if made.routed.fmax_mhz >= made.board.clock_mhz else None
    clocks = board.clocks()
    for number in range(_ROUNDS):
        clock = max((c for c in clocks if c <= made.routed.fmax_mhz), default=clocks[0])
        if best is not None and clock <= best.board.clock_mhz:
            break
        made = _make(network, board.at_clock(clock), folder / f"round{number}", seeds, progress)
        if made.routed.fmax_mhz >= clock:
            best = made
            break
    if best is None:
        check_timing(made.routed.fmax_mhz, made.board, network)
        return made
    return best


def _make(
    network: Network, board: Board, folder: Path, seeds: Sequence[int], progress: Progress
) -> _Made:
    folder.mkdir()
    cells = synthesize(board.top(network).verilog(), board, folder, progress)
    try:
        if not board.device.has(cells):
            raise DoesNotFit(cells)
        routed = route_best(folder, board, cells, seeds, progress)
    except DoesNotFit as problem:
        raise explain(network, board, problem.cells, _counter(board)) from None
    return _Made(board, routed, folder)


def _counter(board: Board) -> Callable[[Network], Cells]:
    return lambda network: count_cells(network, board, packed=True)


def count_cells(
    network: Network, board: Board, packed: bool = False, progress: Progress | None = None
) -> Cells:
    """Return what a network takes on a board, its UART and PLL included; nothing is placed.

    Parameters
    ----------
    network, board
        What is counted, and for which FPGA.
    packed
        Whether nextpnr counts, too, which is what `implement` reports; Yosys's count alone is
        there sooner and some per cent off.
    progress
        Shows the synthesis.

    Raises
    ------
    ChronogateError
        When a tool fails.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder, verilog = Path(scratch), board.top(network).verilog()
        cells = synthesize(verilog, board, folder, progress or SilentProgress())
        return count_packed(folder, board, cells) if packed and board.device.has(cells) else cells


def _describe(network: Network, made: _Made, bitstream: Path) -> Implementation:
    cells, board = made.routed.cells, made.board
    return Implementation(
        board=board.name,
        device=board.device.name,
        clock_mhz=board.clock_mhz,
        fmax_mhz=made.routed.fmax_mhz,
        latency_ns=network.timing.latency_cycles / board.clock_mhz * 1e3,
        lut=cells.lut,
        ff=cells.ff,
        dsp=cells.dsp,
        bram=cells.bram,
        bitstream=bitstream,
        seed=made.routed.seed,
        forecasts_per_second=board.clock_mhz * 1e6 / network.timing.interval_cycles,
    )
