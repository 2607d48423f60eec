"""An LSTM 1 -> 20 with 8 bits and hard activations, beside elastic-ai.creator's.

``python -m tests.bench_hw.elastic_lstm [--quick] [--seeds N]``: cycles as counted in simulation,
cells and clock of an ECP5-85 by Yosys and nextpnr, LUTs of a Xilinx 7 by Yosys. Fails when the
engine of seven multipliers takes more LUTs or multipliers than elastic-ai.creator's, or is less
than five times as fast.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from amaranth.back import verilog

from hw import LSTM, SharedLSTM
from tests.bench_hw.ecp5 import Design, Routed, cell_types, implement
from tests.bench_hw.families import FAMILIES, cells
from tests.bench_hw.table import print_table
from tests.bench_hw.unrolled import Chain
from tests.hw.harness import run_block
from tests.hw.recurrent_shapes import recurrent_layer

N_IN, UNITS, STEPS = 1, 20, 24
LEAST_SPEEDUP = 5


@dataclass(frozen=True)
class Figures:
    """What is compared."""

    name: str
    cycles: int
    dsp: int
    lut4: int
    carry: int
    block_ram: int
    mhz: float
    cells: int | None = None
    xilinx_luts: int | None = None

    @property
    def luts(self) -> int:
        """Places of a LUT that are taken: a carry cell takes two, one of distributed RAM four."""
        return self.lut4 + 2 * self.carry

    @property
    def step_us(self) -> float:
        """Microseconds for a time step."""
        return self.cycles / self.mhz


ELASTIC = Figures("elastic-ai.creator 0.67", 892, 7, 508, 121, 4, 48.9)
"""Measured with the same tools for the same part (its VHDL through GHDL), random weights."""

Spec = SharedLSTM | LSTM


def contestants(quick: bool) -> list[tuple[str, Spec]]:
    """Return our layers; the first one is the contestant."""
    layer = recurrent_layer("lstm", N_IN, UNITS, STEPS, seed=1, multipliers=4)
    assert isinstance(layer, LSTM)
    found: list[tuple[str, Spec]] = [
        (f"SharedLSTM, {multipliers} multipliers", SharedLSTM.of(layer, multipliers))
        for multipliers in ((7,) if quick else (7, 6, 5, 4, 3))
    ]
    return found if quick else [*found, ("LSTM, 4 + 3 multipliers", layer)]


def counted(spec: Spec) -> int:
    """Return the cycles of a step with which a window comes out right in simulation, or stop."""
    port = spec.inputs[0]
    codes = np.random.default_rng(1).integers(
        port.format.minimum, port.format.maximum + 1, (1, spec.steps, N_IN)
    )
    fed = np.arange(spec.steps) * spec.timing.interval_cycles
    found = run_block(spec, codes, fed)
    if found.codes.tolist() != spec.reference(codes).tolist():
        sys.exit("the hardware is not the reference")
    if int(found.cycles[0] - fed[-1]) != spec.timing.latency_cycles:
        sys.exit("the latency is not the predicted one")
    return spec.timing.interval_cycles


def measured(name: str, routed: Routed, folder: Path) -> Figures:
    """Return the figures of one of ours."""
    types = cell_types(routed.design, folder)
    xilinx = cells(routed.design.verilog, FAMILIES[-1], folder, routed.design.top)
    return Figures(
        name,
        routed.design.cycles,
        types["MULT18X18D"],
        types["LUT4"] + 4 * types["TRELLIS_DPR16X4"],
        types["CCU2C"],
        types["DP16KD"] + types["PDPW16KD"],
        routed.fmax_mhz,
        routed.cells,
        sum(count for cell, count in xilinx.items() if cell in {f"LUT{k}" for k in range(1, 7)}),
    )


def main() -> None:
    """Print the table, and fail where ours is larger or too slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one layer, one placement")
    parser.add_argument("--seeds", type=int, default=5, help="placements tried for each")
    arguments = parser.parse_args()
    entered = contestants(arguments.quick)
    designs = [
        Design(f"ours{k}", verilog.convert(Chain([spec]), name="top", emit_src=False), "top", n)
        for k, (spec, n) in enumerate((spec, counted(spec)) for _, spec in entered)
    ]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        routed = implement(designs, 1 if arguments.quick else arguments.seeds, folder)
        figures = [
            measured(name, run, folder) for (name, _), run in zip(entered, routed, strict=True)
        ]
    rows = [
        (
            of.name,
            of.cycles,
            of.dsp,
            of.lut4,
            of.carry,
            of.luts,
            of.cells or "-",
            of.block_ram,
            of.xilinx_luts or "-",
            of.mhz,
            f"{of.step_us:.2f}",
            f"{ELASTIC.step_us / of.step_us:.1f}",
        )
        for of in (ELASTIC, *figures)
    ]
    head = "RTL", "cycles a step", "DSP", "LUT4", "CCU2C", "LUT4 + 2 CCU2C", "nextpnr cells"
    head += "block RAM", "Xilinx 7 LUTs", "MHz", "us a step", "times as fast"
    print_table(head, rows)
    best = figures[0]
    if best.dsp > ELASTIC.dsp or best.lut4 > ELASTIC.lut4 or best.luts > ELASTIC.luts:
        sys.exit("ours is larger")
    if ELASTIC.step_us < LEAST_SPEEDUP * best.step_us:
        sys.exit(f"ours is less than {LEAST_SPEEDUP} times as fast")


if __name__ == "__main__":
    main()
