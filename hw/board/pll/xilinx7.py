"""The phase-locked loop of Xilinx's 7 series (PLLE2_BASE), with the buffer of its clock.

Limits are those of the slowest Artix-7, speed grade -1 (Xilinx DS181, table PLL specification);
the primitives are those of Xilinx UG472 and UG953.
"""

from dataclasses import dataclass
from functools import cache

from amaranth.hdl import Const, Instance, Module, Signal

from hw.board.pll.pll import by_clock

_INPUT_DIVIDERS = range(1, 57)
_FEEDBACK_DIVIDERS = range(2, 65)
_OUTPUT_DIVIDERS = range(1, 129)
_DETECTOR_MHZ = (19.0, 450.0)
_OSCILLATOR_MHZ = (800.0, 1600.0)
_OUTPUT_MHZ = (6.25, 450.0)  # a global buffer passes no more than 464 MHz


@dataclass(frozen=True)
class Xilinx7Pll:
    """The dividers of a PLL with its feedback inside.

    Parameters
    ----------
    input_mhz
        Clock at its input.
    input_divider, feedback_divider, output_divider
        The output is ``input_mhz * feedback_divider / input_divider / output_divider``.
    """

    input_mhz: float
    input_divider: int
    feedback_divider: int
    output_divider: int

    @classmethod
    @cache
    def settings(cls, input_mhz: float) -> "tuple[Xilinx7Pll, ...]":
        """Return one PLL for each clock that can be made of `input_mhz`, slowest first.

        The input divider is the smallest: the faster the detector, the less jitter.
        """
        low, high = _OSCILLATOR_MHZ
        plls = (
            cls(input_mhz, input_divider, feedback_divider, output_divider)
            for input_divider in _INPUT_DIVIDERS
            if _DETECTOR_MHZ[0] <= input_mhz / input_divider <= _DETECTOR_MHZ[1]
            for feedback_divider in _FEEDBACK_DIVIDERS
            if low <= input_mhz * feedback_divider / input_divider <= high
            for output_divider in _OUTPUT_DIVIDERS
        )
        return by_clock(pll for pll in plls if _OUTPUT_MHZ[0] <= pll.output_mhz <= _OUTPUT_MHZ[1])

    @property
    def output_mhz(self) -> float:
        """Clock at its output."""
        oscillator = self.input_mhz * self.feedback_divider / self.input_divider
        return oscillator / self.output_divider

    def instance(self, clk_in: Signal, clk_out: Signal, locked: Signal) -> Module:
        """Return the primitive and the global buffer behind it, with their ports connected."""
        m = Module()
        feedback, clock = Signal(name="pll_feedback"), Signal(name="pll_clock")
        m.submodules.pll = Instance(
            "PLLE2_BASE",
            p_CLKIN1_PERIOD=round(1e3 / self.input_mhz, 3),
            p_DIVCLK_DIVIDE=self.input_divider,
            p_CLKFBOUT_MULT=self.feedback_divider,
            p_CLKOUT0_DIVIDE=self.output_divider,
            i_CLKIN1=clk_in,
            i_CLKFBIN=feedback,
            i_RST=Const(0, 1),
            i_PWRDWN=Const(0, 1),
            o_CLKFBOUT=feedback,
            o_CLKOUT0=clock,
            o_LOCKED=locked,
        )
        m.submodules.buffer = Instance("BUFG", i_I=clock, o_O=clk_out)
        return m
