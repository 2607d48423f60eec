"""What every function of one value is: an activation or a quantizer of no particular input."""

from typing import Protocol

import numpy as np
from amaranth.hdl import Module, Signal, Value

from hw.number.fixed_point import FixedPoint


class Pointwise(Protocol):
    """Parameters -> software -> hardware of a function of one value."""

    def result_format(self, source: FixedPoint) -> FixedPoint:
        """Return the format of this function of a number of format `source`."""
        ...

    def apply(self, codes: np.ndarray, source: FixedPoint) -> np.ndarray:
        """Return the int64 codes of the function of `codes` (any shape, format `source`)."""
        ...

    def delay_cycles(self, source: FixedPoint) -> int:
        """Return the cycles from a value to its result in `hardware`; at least one."""
        ...

    def hardware(self, m: Module, value: Value, source: FixedPoint, name: str) -> Signal:
        """Add pipelined hardware for one value a cycle and return the result's code.

        Every signal is named with the prefix `name`; the result is a register.
        """
        ...
