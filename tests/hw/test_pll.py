"""The PLL's dividers."""

import pytest

from hw.board.pll import Pll
from hw.errors import ChronogateError


@pytest.mark.parametrize("output", [25, 50, 62.5, 75, 100, 112.5, 400])
def test_the_clock_is_exact_and_within_the_limits(output: float) -> None:
    pll = Pll.for_clock(25, output)
    assert pll.output_mhz == output
    assert 400 <= output * pll.output_divider <= 800
    assert 3.125 <= 25 / pll.input_divider <= 400
    assert max(pll.input_divider, pll.feedback_divider, pll.output_divider) <= 128


def test_the_usual_dividers_are_those_of_ecppll() -> None:
    assert Pll.for_clock(25, 50) == Pll(25, 1, 2, 12)


@pytest.mark.parametrize("output", [5, 33, 401])
def test_what_cannot_be_made_is_refused(output: float) -> None:
    with pytest.raises(ChronogateError, match=r"choose a multiple of 6\.25 MHz from 10 to 400 MHz"):
        Pll.for_clock(25, output)
