"""A phase-locked loop of the ECP5 (EHXPLLL), for a clock other than the board's oscillator.

The limits and the analog settings are those of Project Trellis' ``ecppll`` (Lattice TN-02200,
sysCLOCK PLL design and usage guide).
"""

from dataclasses import dataclass

from amaranth.hdl import Const, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.errors import ChronogateError

_DIVIDERS = range(1, 129)
_DETECTOR_MHZ = (3.125, 400.0)
_OSCILLATOR_MHZ = (400.0, 800.0)
_OUTPUT_MHZ = (10.0, 400.0)


@dataclass(frozen=True)
class Pll:
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
    def for_clock(cls, input_mhz: float, output_mhz: float) -> "Pll":
        """Return the PLL that makes `output_mhz` exactly, its oscillator as near to the middle of
        its range as can be.

        Raises
        ------
        ChronogateError
            When there is none.
        """
        low, high = _OSCILLATOR_MHZ
        candidates = [
            cls(input_mhz, input_divider, feedback_divider, output_divider)
            for input_divider in _DIVIDERS
            if _DETECTOR_MHZ[0] <= input_mhz / input_divider <= _DETECTOR_MHZ[1]
            for feedback_divider in (round(output_mhz * input_divider / input_mhz),)
            if feedback_divider in _DIVIDERS
            and abs(input_mhz * feedback_divider / input_divider - output_mhz) < 1e-9
            for output_divider in _DIVIDERS
            if low <= output_mhz * output_divider <= high
            and _OUTPUT_MHZ[0] <= output_mhz <= _OUTPUT_MHZ[1]
        ]
        if not candidates:
            raise ChronogateError(
                f"the PLL cannot make {output_mhz:g} MHz of {input_mhz:g} MHz: choose a multiple "
                f"of {input_mhz / 4:g} MHz from {_OUTPUT_MHZ[0]:g} to {_OUTPUT_MHZ[1]:g} MHz"
            )
        middle = (low + high) / 2
        return min(candidates, key=lambda pll: (pll.input_divider, abs(pll._inside_mhz - middle)))

    @property
    def output_mhz(self) -> float:
        """Clock at its output."""
        return self.input_mhz * self.feedback_divider / self.input_divider

    @property
    def _inside_mhz(self) -> float:
        return self.output_mhz * self.output_divider

    def build(self) -> "PllComponent":
        return PllComponent(self)


class PllComponent(wiring.Component):
    """`Pll` in hardware.

    Attributes
    ----------
    clk_in : In(1)
        Clock of `Pll.input_mhz`.
    clk_out : Out(1)
        Clock of `Pll.output_mhz`.
    locked : Out(1)
        High while the output can be relied on; of no clock.
    """

    clk_in: Signal
    clk_out: Signal
    locked: Signal

    def __init__(self, spec: Pll) -> None:
        super().__init__({"clk_in": In(1), "clk_out": Out(1), "locked": Out(1)})
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._spec
        m.submodules.pll = Instance(
            "EHXPLLL",
            a_FREQUENCY_PIN_CLKI=f"{spec.input_mhz:g}",
            a_FREQUENCY_PIN_CLKOP=f"{spec.output_mhz:g}",
            a_ICP_CURRENT="12",
            a_LPF_RESISTOR="8",
            a_MFG_ENABLE_FILTEROPAMP="1",
            a_MFG_GMCREF_SEL="2",
            p_CLKI_DIV=spec.input_divider,
            p_CLKFB_DIV=spec.feedback_divider,
            p_CLKOP_DIV=spec.output_divider,
            p_CLKOP_ENABLE="ENABLED",
            # Half a period of the output, as the feedback of the output itself wants it.
            p_CLKOP_CPHASE=spec.output_divider // 2 - 1 if spec.output_divider > 1 else 0,
            p_CLKOP_FPHASE=0,
            p_FEEDBK_PATH="CLKOP",
            i_CLKI=self.clk_in,
            i_CLKFB=self.clk_out,
            i_RST=Const(0, 1),
            i_STDBY=Const(0, 1),
            i_PHASESEL0=Const(0, 1),
            i_PHASESEL1=Const(0, 1),
            i_PHASEDIR=Const(1, 1),
            i_PHASESTEP=Const(1, 1),
            i_PHASELOADREG=Const(1, 1),
            i_PLLWAKESYNC=Const(0, 1),
            i_ENCLKOP=Const(0, 1),
            o_CLKOP=self.clk_out,
            o_LOCK=self.locked,
        )
        return m
