"""The phase-locked loop of Gowin's GW1N and GW2A (rPLL).

Limits are those of Project Apicula's ``gowin_pll`` (Gowin UG286, Gowin clock user guide).
"""

from dataclasses import dataclass
from functools import cache

from amaranth.hdl import Const, Instance, Signal

from hw.board.pll.pll import by_clock

_DIVIDERS = range(1, 65)
_OUTPUT_DIVIDERS = (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128)


@dataclass(frozen=True)
class GowinLimits:
    """What the PLL of a device can do.

    Parameters
    ----------
    device
        The primitive's parameter DEVICE.
    detector_mhz, oscillator_mhz, output_mhz
        Lowest and highest clock of the phase detector, of the oscillator inside and of the output.
    """

    device: str
    detector_mhz: tuple[float, float]
    oscillator_mhz: tuple[float, float]
    output_mhz: tuple[float, float]


@dataclass(frozen=True)
class GowinPll:
    """The dividers of a PLL with its feedback inside.

    Parameters
    ----------
    limits
        Of its device.
    input_mhz
        Clock at its input.
    input_divider, feedback_divider
        The output is ``input_mhz * feedback_divider / input_divider``.
    output_divider
        The oscillator inside runs so many times faster than the output.
    """

    limits: GowinLimits
    input_mhz: float
    input_divider: int
    feedback_divider: int
    output_divider: int

    @classmethod
    @cache
    def settings(cls, limits: GowinLimits, input_mhz: float) -> "tuple[GowinPll, ...]":
        """Return one PLL for each clock that can be made of `input_mhz`, slowest first."""
        low, high = limits.oscillator_mhz
        plls = (
            cls(limits, input_mhz, input_divider, feedback_divider, output_divider)
            for input_divider in _DIVIDERS
            if limits.detector_mhz[0] <= input_mhz / input_divider <= limits.detector_mhz[1]
            for feedback_divider in _DIVIDERS
            for output_divider in _OUTPUT_DIVIDERS
            if low <= input_mhz * feedback_divider / input_divider * output_divider <= high
        )
        return by_clock(
            pll for pll in plls if limits.output_mhz[0] <= pll.output_mhz <= limits.output_mhz[1]
        )

    @property
    def output_mhz(self) -> float:
        """Clock at its output."""
        return self.input_mhz * self.feedback_divider / self.input_divider

    def instance(self, clk_in: Signal, clk_out: Signal, locked: Signal) -> Instance:
        """Return the primitive with its ports connected."""
        unused = {
            "i_FBDSEL": 6,
            "i_IDSEL": 6,
            "i_ODSEL": 6,
            "i_DUTYDA": 4,
            "i_PSDA": 4,
            "i_FDLY": 4,
        }
        return Instance(
            "rPLL",
            p_FCLKIN=f"{self.input_mhz:g}",
            p_DEVICE=self.limits.device,
            p_IDIV_SEL=self.input_divider - 1,
            p_FBDIV_SEL=self.feedback_divider - 1,
            p_ODIV_SEL=self.output_divider,
            p_CLKFB_SEL="internal",
            i_CLKIN=clk_in,
            i_CLKFB=Const(0, 1),
            i_RESET=Const(0, 1),
            i_RESET_P=Const(0, 1),
            **{name: Const(0, width) for name, width in unused.items()},
            o_CLKOUT=clk_out,
            o_LOCK=locked,
        )
