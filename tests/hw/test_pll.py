"""The PLLs' dividers, against the limits of their families."""

from fractions import Fraction
from itertools import pairwise

import pytest

from hw.board.pll import Ecp5Pll, GowinPll, Ice40Pll, Xilinx7Pll
from hw.board.pll.gowin import GowinLimits
from hw.board.pll.pll import Pll, PllComponent
from hw.top.write_verilog import to_verilog

LIMITS = GowinLimits("GW1NR-9C", (3.0, 400.0), (400.0, 1200.0), (3.125, 600.0))


def closest(plls: tuple[Pll, ...], clock: float) -> Pll:
    return min(plls, key=lambda pll: abs(pll.output_mhz - clock))


def ratio(clock_mhz: float) -> Fraction:
    """Return the clock as the ratio of dividers that it was computed from."""
    return Fraction(clock_mhz).limit_denominator(56 * 128)


@pytest.mark.parametrize("oscillator", [12, 25, 48, 100])
def test_every_ecp5_clock_is_within_the_limits(oscillator: float) -> None:
    for pll in Ecp5Pll.settings(oscillator):
        assert 10 <= pll.output_mhz <= 400
        assert 400 <= pll.output_mhz * pll.output_divider <= 800
        assert 3.125 <= oscillator / pll.input_divider <= 400
        assert max(pll.input_divider, pll.feedback_divider, pll.output_divider) <= 128


@pytest.mark.parametrize("oscillator", [10, 12, 100])
def test_every_ice40_clock_is_within_the_limits(oscillator: float) -> None:
    for pll in Ice40Pll.settings(oscillator):
        inside = Fraction(oscillator * pll.feedback_divider, pll.input_divider)
        assert 16 <= pll.output_mhz <= 275
        assert 533 <= inside <= 1066
        assert ratio(pll.output_mhz) == inside / 2**pll.halvings
        assert 10 <= oscillator / pll.input_divider <= 133
        assert 1 <= pll.halvings <= 6
        assert pll.feedback_divider <= 128
        assert pll.input_divider <= 16


@pytest.mark.parametrize("oscillator", [24, 27, 50])
def test_every_gowin_clock_is_within_the_limits(oscillator: float) -> None:
    for pll in GowinPll.settings(LIMITS, oscillator):
        assert 3.125 <= pll.output_mhz <= 600
        assert 400 <= pll.output_mhz * pll.output_divider <= 1200
        assert 3 <= oscillator / pll.input_divider <= 400
        assert max(pll.input_divider, pll.feedback_divider) <= 64


@pytest.mark.parametrize("oscillator", [50, 100])
def test_every_xilinx_clock_is_within_the_limits(oscillator: float) -> None:
    for pll in Xilinx7Pll.settings(oscillator):
        detector = Fraction(oscillator, pll.input_divider)
        assert 19 <= detector <= 450
        assert 800 <= detector * pll.feedback_divider <= 1600
        assert ratio(pll.output_mhz) == detector * pll.feedback_divider / pll.output_divider
        assert 6.25 <= pll.output_mhz <= 464
        assert pll.input_divider <= 56
        assert 2 <= pll.feedback_divider <= 64
        assert pll.output_divider <= 128


def test_clocks_are_many_and_in_order() -> None:
    for plls in (
        *(Ecp5Pll.settings(25), Ice40Pll.settings(12), GowinPll.settings(LIMITS, 27)),
        Xilinx7Pll.settings(100),
    ):
        clocks = [pll.output_mhz for pll in plls]
        assert len(clocks) > 100
        assert all(a < b for a, b in pairwise(clocks))


def test_the_usual_dividers_are_those_of_the_families_own_tools() -> None:
    assert closest(Ecp5Pll.settings(25), 50) == Ecp5Pll(25, 1, 2, 12)  # ecppll -i 25 -o 50
    # icepll -i 12 -o 48: DIVR 0, DIVF 63, DIVQ 4, FILTER_RANGE 1
    assert closest(Ice40Pll.settings(12), 48) == Ice40Pll(12, 1, 64, 4)
    verilog = to_verilog(PllComponent(Ice40Pll(12, 1, 64, 4)), "pll")
    for parameter in ("DIVR(4'h0)", "DIVF(7'h3f)", "DIVQ(3'h4)", "FILTER_RANGE(3'h1)"):
        assert f".{parameter}" in verilog
    assert "SB_PLL40_CORE" in verilog
    assert "SB_PLL40_PAD" in to_verilog(PllComponent(Ice40Pll(12, 1, 64, 4, pad=True)), "pll")
    # gowin_pll -i 27 -o 54: IDIV_SEL 0, FBDIV_SEL 1
    pll = closest(GowinPll.settings(LIMITS, 27), 54)
    assert isinstance(pll, GowinPll)
    assert (pll.input_divider, pll.feedback_divider) == (1, 2)
    verilog = to_verilog(PllComponent(pll), "pll")
    assert ".FBDIV_SEL(32'd1)" in verilog
    assert '.DEVICE("GW1NR-9C")' in verilog
    # Input, feedback and output divider by UG472: 100 MHz / 2 * 17 / 10
    assert Xilinx7Pll(100, 2, 17, 10).output_mhz == 85
    verilog = to_verilog(PllComponent(Xilinx7Pll(100, 2, 17, 10)), "pll")
    for parameter in ("DIVCLK_DIVIDE(32'd2)", "CLKFBOUT_MULT(32'd17)", "CLKOUT0_DIVIDE(32'd10)"):
        assert f".{parameter}" in verilog
    assert "BUFG" in verilog
