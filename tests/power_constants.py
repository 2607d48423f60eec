"""The counts that measured currents are divided by: `python -m tests.power_constants`.

tinyVision.ai measured an iCE40UP5K with counters of 28 bits (28 logic cells each), and with two
counters of 8 bits, by threes and by fives, that are multiplied (180 logic cells in LUTs, 44 with a
multiplier; with them a counter that both have). What is built here is as large.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from accel.bitstream.activity import NAMED_VERILOG, name_nets, net_toggles
from accel.bitstream.synthesis import NETLIST_JSON, synthesize
from accel.boards import Board, Cells, find_board
from accel.boards.ice40 import (
    COUNTER,
    PRODUCT_LUTS,
    PRODUCT_MULTIPLIER,
    PRODUCT_REST,
)
from accel.progress import SilentProgress
from sim.netlist import build_program

CYCLES = 4096
IN_LUTS = find_board("ice40-hx8k")
WITH_MULTIPLIERS = find_board("icebreaker")

COUNTER_SOURCE = """
module board_top(input clk, output q);
  reg [27:0] count = 0;
  always @(posedge clk) count <= count + 1;
  assign q = count[27];
endmodule
"""
PRODUCT_SOURCE = """
module board_top(input clk, output q, output [15:0] product);
  reg [7:0] a = 0, b = 0;
  always @(posedge clk) begin a <= a + 3; b <= b + 5; end
  assign product = a * b, q = &a | &b;
endmodule
"""
HARNESS = f"""
#include "Vboard_top.h"
#include "verilated.h"
#include "verilated_vcd_c.h"
int main(int, char** arguments) {{
    Verilated::traceEverOn(true);
    Vboard_top top;
    VerilatedVcdC wave;
    top.trace(&wave, 1);
    wave.open(arguments[1]);
    for (unsigned cycle = 0; cycle <= {CYCLES}; ++cycle) {{
        top.clk = 0;
        top.eval();
        top.clk = 1;
        top.eval();
        wave.dump(static_cast<uint64_t>(cycle));
    }}
    wave.close();
}}
"""


def changes(source: str, board: Board, folder: Path) -> tuple[Cells, float, float]:
    """Return the cells, and changes in a cycle: of all nets but a multiplier's, and of those."""
    cells = synthesize(source, board, folder, SilentProgress())
    drivers = name_nets(folder / NETLIST_JSON, folder)
    (folder / "main.cpp").write_text(HARNESS)
    sources = [folder / NAMED_VERILOG, folder / "main.cpp"]
    program = build_program(sources, "board_top", board.family.models, folder, traced=True)
    wave = folder / "wave.vcd"
    subprocess.run([program, wave], check=True)
    counts = [0, 0]
    for net, count in net_toggles(wave).items():
        counts[drivers[net].multiplier] += count
    return cells, counts[0] / CYCLES, counts[1] / CYCLES


def main() -> None:
    """Build the three designs, print what was counted, and refuse what is not in the constants."""
    designs = (
        ("counter of 28 bits", COUNTER_SOURCE, IN_LUTS, (COUNTER, 0.0), 28),
        ("product in LUTs", PRODUCT_SOURCE, IN_LUTS, (PRODUCT_LUTS, 0.0), 180),
        ("product in a multiplier", PRODUCT_SOURCE, WITH_MULTIPLIERS,
         (PRODUCT_REST, PRODUCT_MULTIPLIER), 44),
    )  # fmt: skip
    for name, source, board, expected, measured_cells in designs:
        with TemporaryDirectory() as folder:
            cells, nets, products = changes(source, board, Path(folder))
        print(
            f"{name}: {cells.lut} logic cells here, {measured_cells} in the design that was "
            f"measured; {nets:.2f} changes in a cycle, {products:.2f} of the multiplier's"
        )
        if (round(nets, 2), round(products, 2)) != expected:
            sys.exit(f"accel/boards/ice40.py has {expected}: put these there")


if __name__ == "__main__":
    main()
