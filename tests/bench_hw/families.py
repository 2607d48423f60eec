"""The RTL in every family that Yosys knows: no latches, the memories and multipliers meant.

python -m tests.bench_hw.families [--quick]
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from accel.bitstream import yosys_worker
from hw.top.axi import accelerator_verilog
from tests.bench_hw.table import print_table
from tests.hw.drawing import draw_network

KINDS = ("mlp", "lstm", "gru_before", "gru_after")


@dataclass(frozen=True)
class Family:
    """One target of Yosys: how it is synthesized and what its cells are called."""

    name: str
    synth: str
    dsp: tuple[str, ...]
    block_ram: tuple[str, ...]
    lut_ram: tuple[str, ...]

    def count(self, cells: dict[str, int], names: tuple[str, ...]) -> int:
        """Return how many of `cells` have one of the names."""
        return sum(cells.get(name, 0) for name in names)


GOWIN_RAM = ("SP", "SPX9", "SDPB", "SDPX9B", "DPB", "DPX9B", "pROM", "pROMX9")
FAMILIES = (
    Family("ECP5", "synth_ecp5", ("MULT18X18D",), ("DP16KD", "PDPW16KD"), ("TRELLIS_DPR16X4",)),
    Family("iCE40 UP", "synth_ice40 -device u -dsp", ("SB_MAC16",), ("SB_RAM40_4K",), ()),
    Family("Gowin", "synth_gowin", ("MULT9X9", "MULT18X18"), GOWIN_RAM, ("RAM16SDP4",)),
    Family(
        "Xilinx 7",
        "synth_xilinx -family xc7 -noiopad",
        ("DSP48E1",),
        ("RAMB18E1", "RAMB36E1"),
        ("RAM32M",),
    ),
)


def cells(verilog: str, family: Family, folder: Path, top: str = "accelerator") -> dict[str, int]:
    """Synthesize and return the cells by type; a latch is an error of Yosys."""
    (folder / "design.v").write_text(verilog, encoding="utf-8")
    passes = [
        "read_verilog design.v",
        f"hierarchy -top {top}",
        "proc",
        "select -assert-none t:$dlatch t:$adlatch t:$dlatchsr",
        "flatten",
        "opt_clean -purge",
        "rename -hide */w:*",
        f"{family.synth} -top {top}",
        "select -assert-none t:$_DLATCH_* t:LDCE t:LDPE t:DL t:DLN",
        "tee -q -o cells.json stat -json",
    ]
    (folder / "design.ys").write_text("\n".join(passes) + "\n", encoding="utf-8")
    worker = str(Path(yosys_worker.__file__).resolve())
    run = subprocess.run(
        [sys.executable, worker, "design.ys"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        sys.exit(f"{family.name}: Yosys failed:\n{run.stdout[-1500:]}{run.stderr[-500:]}")
    text = (folder / "cells.json").read_text(encoding="utf-8")
    return json.loads(text[text.index("{") :])["design"]["num_cells_by_type"]


def main() -> None:
    """Print cells of each kind of network in each family."""
    kinds = KINDS[:1] if "--quick" in sys.argv else KINDS
    rows = []
    for kind in kinds:
        verilog = accelerator_verilog(draw_network(2, kind))
        for family in FAMILIES:
            with tempfile.TemporaryDirectory() as folder:
                counts = cells(verilog, family, Path(folder))
            dsp = family.count(counts, family.dsp)
            memory = family.count(counts, family.block_ram + family.lut_ram)
            rows.append((kind, family.name, sum(counts.values()), dsp, memory, "none"))
    print_table(("network", "family", "cells", "DSP", "memories", "latches"), rows)


if __name__ == "__main__":
    main()
