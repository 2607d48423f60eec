"""Quotient: a number divided by a constant, rounded once (a mean from its sum)."""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Module, Signal, Value

from hw.number.division import CYCLES, Division
from hw.number.fixed_point import FixedPoint
from hw.number.resize import resize


@dataclass(frozen=True)
class Quotient:
    """Round the exact quotient ``x / divisor`` into a format.

    A quotient has no exact format of its own unless the divisor is a power of two, hence the
    rounding belongs to the division.

    Parameters
    ----------
    divisor
        A positive integer.
    output
        Format of the result; its modes round the exact quotient once.
    """

    divisor: int
    output: FixedPoint

    def result_format(self, source: FixedPoint) -> FixedPoint:
        """Return the format of this function of a number of format `source`."""
        return self.output

    def apply(self, codes: np.ndarray, source: FixedPoint) -> np.ndarray:
        """Return the int64 codes of the function of `codes` (any shape, format `source`)."""
        division = Division(source, self.divisor, self.output.fraction)
        return self.output.resize(division.apply(codes), division.quotient_format)

    def delay_cycles(self, source: FixedPoint) -> int:
        """Return three: the product, the quotient, the rounding."""
        return CYCLES + 1

    def hardware(self, m: Module, value: Value, source: FixedPoint, name: str) -> Signal:
        """Add the hardware for one value and return the register of the result's code."""
        division = Division(source, self.divisor, self.output.fraction)
        sticky = division.hardware(m, value, name)
        result = Signal(self.output.shape, name=f"{name}_result")
        m.d.sync += result.eq(resize(m, sticky, division.quotient_format, self.output, name))
        return result
