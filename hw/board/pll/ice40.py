"""The phase-locked loop of the iCE40 (SB_PLL40_CORE, SB_PLL40_PAD).

Limits and filter settings are those of Project IceStorm's ``icepll`` (Lattice TN-02052, iCE40
sysCLOCK PLL design and usage guide).
"""

from dataclasses import dataclass
from functools import cache

from amaranth.hdl import Const, Instance, Signal

from hw.board.pll.pll import by_clock

_INPUT_MHZ = (10.0, 133.0)
_OSCILLATOR_MHZ = (533.0, 1066.0)
_OUTPUT_MHZ = (16.0, 275.0)
# Up to these frequencies of the phase detector the loop filter has the settings 1, 2, ...
_FILTER_MHZ = (17.0, 26.0, 44.0, 66.0, 101.0)


@dataclass(frozen=True)
class Ice40Pll:
    """The dividers of a PLL in its simple feedback path.

    Parameters
    ----------
    input_mhz
        Clock at its input.
    input_divider, feedback_divider
        The oscillator inside runs at ``input_mhz * feedback_divider / input_divider``.
    halvings
        The output is that oscillator's clock, halved so many times.
    pad
        Whether the clock comes in at the PLL's own pin, which then serves nothing else.
    """

    input_mhz: float
    input_divider: int
    feedback_divider: int
    halvings: int
    pad: bool = False

    @classmethod
    @cache
    def settings(cls, input_mhz: float, pad: bool = False) -> "tuple[Ice40Pll, ...]":
        """Return one PLL for each clock that can be made of `input_mhz`, slowest first."""
        low, high = _OUTPUT_MHZ
        plls = (
            cls(input_mhz, input_divider, feedback_divider, halvings, pad)
            for input_divider in range(1, 17)
            if _INPUT_MHZ[0] <= input_mhz / input_divider <= _INPUT_MHZ[1]
            for feedback_divider in range(1, 129)
            if _OSCILLATOR_MHZ[0] <= input_mhz * feedback_divider / input_divider
            if input_mhz * feedback_divider / input_divider <= _OSCILLATOR_MHZ[1]
            for halvings in range(1, 7)
        )
        return by_clock(pll for pll in plls if low <= pll.output_mhz <= high)

    @property
    def output_mhz(self) -> float:
        """Clock at its output."""
        return self.input_mhz * self.feedback_divider / self.input_divider / 2**self.halvings

    def instance(self, clk_in: Signal, clk_out: Signal, locked: Signal) -> Instance:
        """Return the primitive with its ports connected."""
        detector = self.input_mhz / self.input_divider
        values = {
            "p_FEEDBACK_PATH": "SIMPLE",
            "p_DIVR": Const(self.input_divider - 1, 4),
            "p_DIVF": Const(self.feedback_divider - 1, 7),
            "p_DIVQ": Const(self.halvings, 3),
            "p_FILTER_RANGE": Const(1 + sum(detector >= limit for limit in _FILTER_MHZ), 3),
            "i_RESETB": Const(1, 1),
            "i_BYPASS": Const(0, 1),
            "o_LOCK": locked,
            "o_PLLOUTGLOBAL": clk_out,
        }
        if self.pad:
            return Instance("SB_PLL40_PAD", i_PACKAGEPIN=clk_in, **values)
        return Instance("SB_PLL40_CORE", i_REFERENCECLK=clk_in, **values)
