"""The phase-locked loop of the ECP5 (EHXPLLL).

The limits and the analog settings are those of Project Trellis' ``ecppll`` (Lattice TN-02200,
sysCLOCK PLL design and usage guide).
"""

from dataclasses import dataclass
from functools import cache

from amaranth.hdl import Const, Instance, Signal

from hw.board.pll.pll import by_clock

_DIVIDERS = range(1, 129)
_DETECTOR_MHZ = (3.125, 400.0)
_OSCILLATOR_MHZ = (400.0, 800.0)
_OUTPUT_MHZ = (10.0, 400.0)


@dataclass(frozen=True)
class Ecp5Pll:
    """The dividers of a PLL that feeds its output back.

    Parameters
    ----------
    input_mhz
        Clock at its input.
    input_divider, feedback_divider
        The output is ``input_mhz * feedback_divider / input_divider``.
    output_divider
        The oscillator inside runs so many times faster than the output.
    """

    input_mhz: float
    input_divider: int
    feedback_divider: int
    output_divider: int

    @classmethod
    @cache
    def settings(cls, input_mhz: float) -> "tuple[Ecp5Pll, ...]":
        """Return one PLL for each clock that can be made of `input_mhz`, slowest first.

        The input divider is the smallest, the oscillator as near to the middle of its range as
        can be.
        """
        low, high = _OUTPUT_MHZ
        return by_clock(
            cls(input_mhz, input_divider, feedback_divider, _output_divider(clock))
            for input_divider in _DIVIDERS
            if _DETECTOR_MHZ[0] <= input_mhz / input_divider <= _DETECTOR_MHZ[1]
            for feedback_divider in _DIVIDERS
            for clock in (input_mhz * feedback_divider / input_divider,)
            if low <= clock <= high
        )

    @property
    def output_mhz(self) -> float:
        """Clock at its output."""
        return self.input_mhz * self.feedback_divider / self.input_divider

    def instance(self, clk_in: Signal, clk_out: Signal, locked: Signal) -> Instance:
        """Return the primitive with its ports connected."""
        return Instance(
            "EHXPLLL",
            a_FREQUENCY_PIN_CLKI=f"{self.input_mhz:g}",
            a_FREQUENCY_PIN_CLKOP=f"{self.output_mhz:g}",
            a_ICP_CURRENT="12",
            a_LPF_RESISTOR="8",
            a_MFG_ENABLE_FILTEROPAMP="1",
            a_MFG_GMCREF_SEL="2",
            p_CLKI_DIV=self.input_divider,
            p_CLKFB_DIV=self.feedback_divider,
            p_CLKOP_DIV=self.output_divider,
            p_CLKOP_ENABLE="ENABLED",
            # Half a period of the output, as the feedback of the output itself wants it.
            p_CLKOP_CPHASE=self.output_divider // 2 - 1 if self.output_divider > 1 else 0,
            p_CLKOP_FPHASE=0,
            p_FEEDBK_PATH="CLKOP",
            i_CLKI=clk_in,
            i_CLKFB=clk_out,
            i_RST=Const(0, 1),
            i_STDBY=Const(0, 1),
            i_PHASESEL0=Const(0, 1),
            i_PHASESEL1=Const(0, 1),
            i_PHASEDIR=Const(1, 1),
            i_PHASESTEP=Const(1, 1),
            i_PHASELOADREG=Const(1, 1),
            i_PLLWAKESYNC=Const(0, 1),
            i_ENCLKOP=Const(0, 1),
            o_CLKOP=clk_out,
            o_LOCK=locked,
        )


def _output_divider(clock: float) -> int:
    low, high = _OSCILLATOR_MHZ
    dividers = [divider for divider in _DIVIDERS if low <= clock * divider <= high]
    return min(dividers, key=lambda divider: abs(clock * divider - (low + high) / 2))
