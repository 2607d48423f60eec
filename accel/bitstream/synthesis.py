"""Synthesis with Yosys: Verilog in, a netlist of ECP5 cells out."""

import json
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from accel.bitstream.process import last_error, run_logged
from accel.bitstream.yosys_worker import MARK
from accel.progress import Progress
from hw.board.top import TOP_NAME
from hw.errors import ChronogateError

SOURCE = "board_top.v"
NETLIST_JSON = "netlist.json"
NETLIST_VERILOG = "netlist.v"
_STATISTICS = "statistics.json"

_WORKER = Path(__file__).with_name("yosys_worker.py")

# The stages of synth_ecp5, run one by one so that progress can be shown. Its last one, "check", is
# written out below without `autoname`, whose names of hundreds of letters multiply the time that
# the netlist's simulation takes to build.
_STAGES = (
    "begin",
    "coarse",
    "map_ram",
    "map_ffram",
    "map_gates",
    "map_ffs",
    "map_luts",
    "map_cells",
    "check",
)


@dataclass(frozen=True)
class Cells:
    """What synthesis used.

    Parameters
    ----------
    lut
        LUT4s: logic, two for each carry cell, and those of distributed RAM. Routing adds some.
    ff, dsp, bram
        Flip-flops, 18 x 18 multipliers, block RAMs.
    """

    lut: int
    ff: int
    dsp: int
    bram: int


def passes() -> list[str]:
    """Return the Yosys commands, in order."""
    return [
        f"read_verilog {SOURCE}",
        f"hierarchy -top {TOP_NAME}",
        # ABC9 stops at some names that Amaranth writes for unnamed signals (r$6); hiding all
        # names behind Yosys's own leaves none of them.
        "proc",
        "flatten",
        "opt_clean -purge",
        "rename -hide */w:*",
        *(
            f"synth_ecp5 -top {TOP_NAME} -run {stage}:{following}"
            for stage, following in pairwise(_STAGES)
        ),
        "hierarchy -check",
        "check -noinit -assert",
        "blackbox =A:whitebox",
        f"tee -q -o {_STATISTICS} stat -json",
        f"write_json {NETLIST_JSON}",
        f"write_verilog -noattr {NETLIST_VERILOG}",
    ]


def synthesize(verilog: str, folder: Path, progress: Progress) -> Cells:
    """Synthesize a board top for the ECP5.

    Parameters
    ----------
    verilog
        Source of module ``board_top``.
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
    script.write_text("\n".join(passes()) + "\n", encoding="utf-8")
    advance = progress.step("Synthesis", len(passes()))
    command = [sys.executable, str(_WORKER), script.name]

    def watch(line: str) -> None:
        if line.startswith(MARK):
            advance(1)

    if run_logged(command, folder, log, watch) != 0:
        raise ChronogateError(f"Yosys failed ({last_error(log)}): this is a bug, please report it")
    return read_cells(folder / _STATISTICS)


def read_cells(statistics: Path) -> Cells:
    """Read what Yosys's ``stat -json`` counted."""
    text = statistics.read_text(encoding="utf-8")
    counts: dict[str, int] = json.loads(text[text.index("{") :])["design"]["num_cells_by_type"]
    lut = counts.get("LUT4", 0) + 2 * counts.get("CCU2C", 0) + 6 * counts.get("TRELLIS_DPR16X4", 0)
    return Cells(
        lut=lut,
        ff=counts.get("TRELLIS_FF", 0),
        dsp=counts.get("MULT18X18D", 0),
        bram=counts.get("DP16KD", 0) + counts.get("PDPW16KD", 0),
    )
