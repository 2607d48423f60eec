"""From a network to a bitstream: the whole way, into one folder."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from accel.bitstream.fit import check_fit, check_timing
from accel.bitstream.place_route import DoesNotFit, pack, place_and_route
from accel.bitstream.synthesis import synthesize
from accel.boards import Board
from accel.progress import Progress, SilentProgress
from hw.network.graph import Network


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
        LUT4s, flip-flops, 18 x 18 multipliers and 18-kbit block RAMs, after packing.
    bitstream
        The file to load.
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


def implement(
    network: Network,
    board: Board,
    folder: Path,
    progress: Progress | None = None,
    seed: int = 1,
) -> Implementation:
    """Synthesize, place, route and pack `network` for `board`.

    Parameters
    ----------
    network
        What is computed.
    board
        What it runs on.
    folder
        Receives ``board_top.bit``, the netlist (``netlist.v``), constraints, reports and logs. It
        is replaced as a whole, at the end; after an error it is as it was.
    progress
        Shows the steps.
    seed
        Start of nextpnr's placement.

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
        implementation = _implement(network, board, work, progress, seed)
        if folder.exists():
            shutil.rmtree(folder)
        work.rename(folder)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return replace(implementation, bitstream=folder / implementation.bitstream.name)


def _implement(
    network: Network, board: Board, folder: Path, progress: Progress, seed: int
) -> Implementation:
    synthesized = synthesize(board.top(network).verilog(), folder, progress)
    check_fit(synthesized, board, network)
    try:
        routed = place_and_route(folder, board, synthesized, seed, progress)
    except DoesNotFit as problem:
        check_fit(problem.cells, board, network)
        raise
    check_timing(routed.fmax_mhz, board, network)
    cells = routed.cells
    return Implementation(
        board=board.name,
        device=board.device.name,
        clock_mhz=board.clock_mhz,
        fmax_mhz=routed.fmax_mhz,
        latency_ns=network.timing.latency_cycles / board.clock_mhz * 1e3,
        lut=cells.lut,
        ff=cells.ff,
        dsp=cells.dsp,
        bram=cells.bram,
        bitstream=pack(folder),
    )
