"""The table of boards: every pin, every clock, the form of the constraints."""

import numpy as np
import pytest

from accel.boards import Board, boards, find_board
from accel.boards.library import board_pins
from hw.board.top import TOP_PORTS
from tests.hw.drawing import draw_network

NETWORK = draw_network(0, "mlp")


@pytest.mark.parametrize("board", boards(), ids=lambda board: board.name)
def test_a_board_is_whole(board: Board) -> None:
    assert tuple(pin.port for pin in board.pins) == TOP_PORTS
    assert len({pin.site for pin in board.pins}) == len(TOP_PORTS)
    name, text = board.family.constraints(board)
    for pin in board.pins:
        assert any(pin.port in line and pin.site in line for line in text.splitlines()), pin
    assert board.family.nextpnr(board, board.family.count({})).arguments.count(name) <= 1
    assert name in " ".join(board.family.nextpnr(board, board.family.count({})).arguments)
    assert "{file}" in board.program
    assert board.clock_mhz in board.clocks()
    top = board.top(NETWORK)  # the baud rate can be made from the clock
    assert abs(top.uart.divisor * board.baud / (board.clock_mhz * 1e6) - 1) < 0.02
    for clock in board.clocks()[::40]:
        at = board.at_clock(clock)
        assert at.clock_mhz == clock
        assert (at.pll is None) == (clock == board.oscillator_mhz)


def test_there_are_three_families() -> None:
    assert {board.family.name for board in boards()} == {"ECP5", "iCE40", "GW1N", "GW2A"}
    for family in ("ECP5", "iCE40"):
        luts = [board.device.lut for board in boards() if board.family.name == family]
        assert luts == sorted(luts)


def test_pins_that_other_sources_have_as_well() -> None:
    """emard/ulx3s, icebreaker-fpga/icebreaker-verilog-examples, sipeed's tang nano 9k examples."""
    sites = {
        name: [pin.site for pin in find_board(name).pins]
        for name in ("ulx3s-85f", "icebreaker", "tang-nano-9k", "ice40-hx8k")
    }
    assert sites == {
        "ulx3s-85f": ["G2", "M1", "L4", "B2", "C2"],
        "icebreaker": ["35", "6", "9", "11", "37"],
        "tang-nano-9k": ["52", "18", "17", "10", "11"],
        "ice40-hx8k": ["J3", "B10", "B12", "C3", "B3"],
    }


def test_the_forms_of_the_constraints() -> None:
    lpf, pcf, cst = (
        board.family.constraints(board)[1].splitlines()
        for board in map(find_board, ("ulx3s-85f", "icebreaker", "tang-nano-9k"))
    )
    assert 'LOCATE COMP "uart_tx" SITE "L4";' in lpf
    assert 'IOBUF PORT "led_alive" IO_TYPE=LVCMOS33 DRIVE=4;' in lpf
    assert 'FREQUENCY PORT "clk" 25 MHZ;' in lpf
    assert "set_io -pullup yes uart_rx 6" in pcf
    assert "set_io led_alive 11" in pcf
    assert 'IO_LOC "clk" 52;' in cst
    assert 'IO_PORT "uart_rx" PULL_MODE=UP IO_TYPE=LVCMOS33;' in cst


def test_cells_are_counted_in_the_families_units() -> None:
    ice40, gowin = find_board("icebreaker").family, find_board("tang-nano-9k").family
    # A logic cell holds a LUT, a carry and a flip-flop.
    counts = {"SB_LUT4": 100, "SB_CARRY": 20, "SB_DFFE": 90, "SB_DFFSR": 30, "SB_MAC16": 3}
    assert ice40.count({**counts, "SB_RAM40_4K": 2}) == ice40.packed(
        {"ICESTORM_LC": 120, "ICESTORM_DSP": 3, "ICESTORM_RAM": 2}, ice40.count(counts)
    )
    counts = {"LUT1": 1, "LUT4": 9, "ALU": 5, "RAM16SDP4": 2, "DFFRE": 7, "MULT9X9": 3}
    found = gowin.count({**counts, "MULT18X18": 1, "SPX9": 1, "pROM": 2})
    assert (found.lut, found.ff, found.dsp, found.bram) == (23, 7, 3, 3)


def test_active_low_leds_idle_high() -> None:
    low, high = (find_board(name).top(NETWORK).verilog() for name in ("icebreaker", "ulx3s-85f"))
    assert find_board("icebreaker").leds_active_low
    assert low != high
    assert np.all([find_board(name).leds_active_low for name in ("tang-nano-9k", "ecpix5-85f")])


def test_a_resource_that_is_missing_is_noticed() -> None:
    from amaranth_boards.tang_nano_9k import TangNano9kPlatform

    with pytest.raises(ValueError, match="unpack"):
        board_pins(TangNano9kPlatform, leds=("led 0", "led 99"))
