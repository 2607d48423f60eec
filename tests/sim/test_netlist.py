"""The simulation of synthesized netlists: the cell models, and a small board."""

import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from accel.bitstream.synthesis import NETLIST_VERILOG, synthesize
from accel.boards import Board, find_board
from accel.progress import SilentProgress
from hw.board.top import BoardTop
from hw.board.uart import Uart
from hw.errors import ChronogateError
from sim.cell_models import ECP5_CELLS, GOWIN_CELLS, CellModels
from sim.netlist import build_program, simulate_netlist
from tests.hw.drawing import draw_codes, draw_network

WORKER = Path(sys.modules[synthesize.__module__].__file__ or "").with_name("yosys_worker.py")

# Memories and products that Yosys maps to every port width, write mode and reset of the block RAM
# and to signed and unsigned multipliers.
CELLS = """
module ram #(parameter A = 10, W = 18, MODE = 0, RESET = 0) (
    input clk, input [63:0] r, output reg [W-1:0] x, output reg [W-1:0] y
);
    (* ram_style = "block" *) reg [W-1:0] memory [0:(1 << A) - 1];
    // Few addresses, the highest among them, so that what is written is also read.
    wire [A-1:0] at = r[9:6] << (A - 4) | r[3:0];
    wire [A-1:0] other = r[15:12] << (A - 4) | r[19:16];
    integer n;
    initial begin
        for (n = 0; n < 256; n = n + 1) memory[n[7:4] << (A - 4) | n[3:0]] = n * 40503 + (n >> 3);
        x = 0; y = 0;
    end
    generate
        if (MODE == 0) begin  // one writes, the other reads
            always @(posedge clk) begin
                if (r[20]) memory[at] <= r[21 +: W];
                if (RESET && r[63]) x <= 0; else if (r[62]) x <= memory[other];
                y <= 0;
            end
        end else if (MODE == 1) begin  // one port, read unchanged by a write
            always @(posedge clk) begin
                if (r[20]) memory[at] <= r[21 +: W]; else x <= memory[at];
                y <= 0;
            end
        end else if (MODE == 2) begin  // one port, old data
            always @(posedge clk) begin
                if (r[20]) memory[at] <= r[21 +: W];
                x <= memory[at];
                y <= 0;
            end
        end else if (MODE == 3) begin  // one port, new data
            always @(posedge clk) begin
                if (r[20]) begin memory[at] <= r[21 +: W]; x <= r[21 +: W]; end
                else x <= memory[at];
                y <= 0;
            end
        end else begin  // read only, two ports
            always @(posedge clk) begin
                if (r[60]) x <= memory[at];
                if (RESET && r[63]) y <= 0; else if (r[61]) y <= memory[other];
            end
        end
    endgenerate
endmodule

module cells (input clk, input [63:0] r, output [799:0] o);
    ram #(9, 36, 0, 1) m0 (clk, r, o[35:0], o[71:36]);
    ram #(9, 33, 0, 0) m1 (clk, r, o[104:72], o[137:105]);
    ram #(10, 18, 0, 1) m2 (clk, r, o[155:138], o[173:156]);
    ram #(10, 17, 1, 0) m3 (clk, r, o[190:174], o[207:191]);
    ram #(10, 18, 2, 0) m4 (clk, r, o[225:208], o[243:226]);
    ram #(11, 9, 3, 0) m5 (clk, r, o[252:244], o[261:253]);
    ram #(12, 4, 1, 0) m6 (clk, r, o[265:262], o[269:266]);
    ram #(13, 2, 2, 0) m7 (clk, r, o[271:270], o[273:272]);
    ram #(14, 1, 3, 0) m8 (clk, r, o[274], o[275]);
    ram #(11, 9, 4, 1) m9 (clk, r, o[284:276], o[293:285]);
    ram #(9, 36, 4, 0) ma (clk, r, o[329:294], o[365:330]);
    ram #(12, 4, 0, 1) mb (clk, r, o[369:366], o[373:370]);
    ram #(14, 1, 4, 0) mc (clk, r, o[374], o[375]);
    wire signed [17:0] a = r[17:0], b = r[35:18];
    assign o[411:376] = a * b;
    assign o[447:412] = r[17:0] * r[35:18];
    wire signed [8:0] c = r[8:0];
    wire signed [11:0] d = r[20:9];
    assign o[468:448] = c * d;
    assign o[489:469] = $signed({1'b0, r[8:0]}) * d;
    assign o[525:490] = $signed(r[17:0]) * $signed({1'b0, r[52:36]});
    assign o[799:526] = 0;
endmodule
"""

COMPARE = """
module compare (input clk, input [63:0] r, output [799:0] differs);
    wire [799:0] gold, gate;
    cells original (clk, r, gold);
    gate synthesized (clk, r, gate);
    assign differs = gold ^ gate;
endmodule
"""

# Random inputs; prints the bits that ever differed.
DRIVER = """
#include <cstdint>
#include <cstdio>
#include "Vcompare.h"
int main() {
    Vcompare top;
    std::uint64_t state = 88172645463325252ull;
    std::uint32_t ever[25] = {};
    for (int cycle = 0; cycle < 20000; ++cycle) {
        state ^= state << 13; state ^= state >> 7; state ^= state << 17;
        top.r = state * 2685821657736338717ull;
        top.clk = 0; top.eval();
        for (int word = 0; word < 25; ++word) ever[word] |= top.differs[word];
        top.clk = 1; top.eval();
    }
    for (int bit = 0; bit < 800; ++bit)
        if (ever[bit / 32] >> bit % 32 & 1) std::printf("%d ", bit);
    std::printf("done\\n");
}
"""


@dataclass(frozen=True)
class Mapping:
    """How a family maps the cells, and what must be found among them."""

    models: CellModels
    command: str
    rams: str
    found: tuple[str, ...]
    multiplier: str


# The models of the iCE40 are Yosys's own.
MAPPINGS = (
    Mapping(
        ECP5_CELLS,
        "synth_ecp5 -top cells -noflatten",
        "t:DP16KD",
        (
            *(rf"DATA_WIDTH_[AB] {width}\n" for width in (1, 2, 4, 9, 18, 36)),
            *(f'"{mode}"' for mode in ("NORMAL", "WRITETHROUGH", "READBEFOREWRITE")),
            *('"SYNC"', '"ASYNC"'),
        ),
        "MULT18X18D ",
    ),
    Mapping(
        GOWIN_CELLS,
        "synth_gowin -top cells -noflatten -noiopads",
        "t:SP* t:DP* t:SDP*",
        (
            *(rf"BIT_WIDTH(_[01])? {width}\n" for width in (1, 2, 4, 9, 18, 36)),
            *(rf"cell \\{kind} " for kind in ("SP", "SPX9", "SDPX9B", "DPB", "DPX9B")),
            *(rf"WRITE_MODE {mode}\n" for mode in (0, 1, 2)),
            *('"SYNC"', '"ASYNC"'),
        ),
        "MULT18X18 ",
    ),
)


@pytest.mark.parametrize("family", MAPPINGS, ids=lambda family: family.models.family)
def test_the_cell_models_do_what_yosys_maps_to_them(tmp_path: Path, family: Mapping) -> None:
    (tmp_path / "cells.v").write_text(CELLS)
    (tmp_path / "compare.v").write_text(COMPARE)
    (tmp_path / "driver.cpp").write_text(DRIVER)
    (tmp_path / "passes").write_text(
        f"read_verilog cells.v\n{family.command}\nflatten\nrename cells gate\n"
        f"tee -q -o modes.txt dump {family.rams}\nwrite_verilog -noattr gate.v\n"
    )
    subprocess.run(
        [sys.executable, str(WORKER), "passes"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL
    )
    modes = (tmp_path / "modes.txt").read_text()
    for pattern in family.found:
        assert re.search(pattern, modes), pattern
    assert (tmp_path / "gate.v").read_text().count(family.multiplier) >= 5
    sources = [tmp_path / name for name in ("gate.v", "cells.v", "compare.v", "driver.cpp")]
    program = build_program(sources, "compare", family.models, tmp_path)
    result = subprocess.run([str(program)], capture_output=True, text=True, check=True)
    assert result.stdout == "done\n"


# Small ones, whose forecasts differ from window to window.
BOARD = find_board("ulx3s-12f")
GRU_TOP = BoardTop(draw_network(18, "gru_after"), Uart(6), reset_cycles=99)
MLP_TOP = BoardTop(draw_network(2, "mlp"), Uart(6), reset_cycles=99)


def windows(top: BoardTop, count: int) -> np.ndarray:
    network = top.network
    rng = np.random.default_rng(2)
    return draw_codes(rng, network.input_format, count, network.look_back, network.features)


def on_board(small: BoardTop, board: Board) -> BoardTop:
    """Return a top as it is on a board, with a PLL, which each family has of its own."""
    clock = next(clock for clock in board.clocks() if clock > board.oscillator_mhz)
    return replace(small, pll=board.at_clock(clock).pll, leds_active_low=board.leds_active_low)


FAMILIES = [
    ("ulx3s-12f", GRU_TOP),
    ("icebreaker", MLP_TOP),
    ("tang-nano-9k", replace(MLP_TOP, registers=True)),
]


@pytest.mark.parametrize(("name", "small"), FAMILIES)
def test_the_rtl_of_each_family_answers_from_the_pins(
    tmp_path: Path, name: str, small: BoardTop
) -> None:
    """What synthesis is given, the family's PLL as its cell model."""
    board = find_board(name)
    top = on_board(small, board)
    rtl = tmp_path / "board_top.v"
    rtl.write_text(top.verilog())
    codes = windows(top, 40)
    answers = simulate_netlist(rtl, top, board.family.models, codes, tmp_path)
    assert np.array_equal(answers, top.network.reference(codes))


@pytest.mark.parametrize(("name", "small"), FAMILIES)
def test_golden_windows_come_back_from_the_pins(tmp_path: Path, name: str, small: BoardTop) -> None:
    board = find_board(name)
    top = on_board(small, board)
    synthesize(top.verilog(), board, tmp_path, SilentProgress())
    codes = windows(top, 40)
    expected = top.network.reference(codes)
    assert len(np.unique(expected, axis=0)) > 15
    ticks: list[int] = []
    netlist = tmp_path / NETLIST_VERILOG
    answers = simulate_netlist(netlist, top, board.family.models, codes, tmp_path, ticks.append)
    assert np.array_equal(answers, expected)
    assert ticks == [1] * 40


def test_a_mutated_netlist_is_caught(tmp_path: Path) -> None:
    """Tie the lowest bit of one multiplier's input to zero: some forecast must change."""
    synthesize(MLP_TOP.verilog(), BOARD, tmp_path, SilentProgress())
    netlist = tmp_path / NETLIST_VERILOG
    text = netlist.read_text()
    at = text.index("MULT18X18D ")
    netlist.write_text(text[:at] + re.sub(r"\.B0\([^)]*\)", ".B0(1'h0)", text[at:], count=1))
    assert netlist.read_text() != text
    codes = windows(MLP_TOP, 40)
    answers = simulate_netlist(netlist, MLP_TOP, ECP5_CELLS, codes, tmp_path)
    assert not np.array_equal(answers, MLP_TOP.network.reference(codes))


def test_a_dead_netlist_is_reported(tmp_path: Path) -> None:
    dead = tmp_path / "dead.v"
    dead.write_text(
        "module board_top(input clk, uart_rx, output uart_tx, led_alive, led_dropped);"
        " assign uart_tx = 1'b1; assign {led_alive, led_dropped} = 2'b0; endmodule\n"
    )
    with pytest.raises(ChronogateError, match="no answer to window 0 of 2"):
        simulate_netlist(dead, MLP_TOP, ECP5_CELLS, windows(MLP_TOP, 2), tmp_path)


def test_a_netlist_that_does_not_build_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.v").write_text("module board_top(\n")
    with pytest.raises(ChronogateError, match=r"Verilator could not build .*broken\.v"):
        simulate_netlist(tmp_path / "broken.v", MLP_TOP, ECP5_CELLS, windows(MLP_TOP, 1), tmp_path)
