"""Synthesis with Yosys: Verilog in, a netlist of the family's cells out."""

import json
import sys
from pathlib import Path

from accel.bitstream.blocks import label_commands
from accel.bitstream.process import ToolFailed, last_error, run_logged
from accel.bitstream.yosys_worker import MARK
from accel.boards import Board, Cells
from accel.progress import Progress
from hw.board.top import TOP_NAME

SOURCE = "board_top.v"
NETLIST_JSON = "netlist.json"
NETLIST_VERILOG = "netlist.v"
_STATISTICS = "statistics.json"

YOSYS_WORKER = Path(__file__).with_name("yosys_worker.py")


def passes(board: Board, verilog: str) -> list[str]:
    """Return the Yosys commands for a source, in order."""
    return [
        f"read_verilog {SOURCE}",
        f"hierarchy -top {TOP_NAME}",
        # ABC9 stops at some names that Amaranth writes for unnamed signals (r$6); hiding all
        # names behind Yosys's own leaves none of them.
        "proc",
        *label_commands(verilog),
        "flatten",
        "opt_clean -purge",
        "rename -hide */w:*",
        *board.family.synthesis(board.device, TOP_NAME),
        "hierarchy -check",
        "check -noinit -assert",
        "blackbox =A:whitebox",
        f"tee -q -o {_STATISTICS} stat -json",
        # Not `autoname`, with which these commands of Yosys end: its names of hundreds of letters
        # multiply the time that the netlist's simulation takes to build.
        f"write_json {NETLIST_JSON}",
        f"write_verilog -noattr {NETLIST_VERILOG}",
    ]


def synthesize(verilog: str, board: Board, folder: Path, progress: Progress) -> Cells:
    """Synthesize a board top for the board's FPGA and return what Yosys counts.

    Parameters
    ----------
    verilog
        Source of module ``board_top``.
    board
        What it is for.
    folder
        Receives ``netlist.json`` (for nextpnr), ``netlist.v`` (the same netlist, for simulation),
        the source and a log.

    Raises
    ------
    ChronogateError
        When Yosys fails.
    """
    script = folder / "synthesis.ys"
    log = folder / "synthesis.log"
    (folder / SOURCE).write_text(verilog, encoding="utf-8")
    commands = passes(board, verilog)
    script.write_text("\n".join(commands) + "\n", encoding="utf-8")
    advance = progress.step("Synthesis", len(commands))
    command = [sys.executable, str(YOSYS_WORKER), script.name]

    def watch(line: str) -> None:
        if line.startswith(MARK):
            advance(1)

    if run_logged(command, folder, log, watch) != 0:
        raise ToolFailed(f"Yosys failed ({last_error(log)}): this is a bug, please report it")
    text = (folder / _STATISTICS).read_text(encoding="utf-8")
    counts: dict[str, int] = json.loads(text[text.index("{") :])["design"]["num_cells_by_type"]
    return board.family.count(counts)
