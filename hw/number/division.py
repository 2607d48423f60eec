"""Division by a constant, exact under every rounding.

The quotient is truncated two bits below the last one kept, and ORs whatever remains into the
lower of the two (a "sticky" bit). Every rounding mode asks only whether the rest is zero, below,
at or above one half, and the two bits tell; so `FixedPoint.resize` of the sticky quotient is the
rounding of the exact quotient, for all modes.

The hardware multiplies by a reciprocal: with ``m = ceil(2**s / d)``, ``e = m * d - 2**s`` and
``n = q * d + r``, ::

    n * m = q * 2**s + q * e + r * m

While ``e * n < 2**s``, the low s bits hold ``q * e + r * m`` (Granlund and Montgomery, "Division by
invariant integers using multiplication", 1994), which is below m exactly where r = 0 (Lemire,
Kaser and Kurz, "Faster remainder by direct computation", 2019): q and the sticky bit come from one
product.
"""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Module, Signal, Value, unsigned

from hw.errors import ChronogateError
from hw.number.fixed_point import FixedPoint

CYCLES = 2
"""From a value to its sticky quotient: the product, then quotient and sticky bit."""


@dataclass(frozen=True)
class Division:
    """Division of numbers of one format by a constant.

    Parameters
    ----------
    source
        Format of the numbers.
    divisor
        At least one.
    fraction
        Fraction bits that are kept when the quotient is rounded.

    Raises
    ------
    ChronogateError
        When the divisor is not positive, or a number on the way is wider than the golden model's.
    """

    source: FixedPoint
    divisor: int
    fraction: int

    def __post_init__(self) -> None:
        if self.divisor < 1:
            raise ChronogateError(f"cannot divide by {self.divisor}: write a divisor from 1 on")
        # Formats refuse numbers that are too wide for the golden model.
        for low, high in (self._numerators, self._sticky_quotients):
            FixedPoint.covering(low, high, 0)

    @property
    def quotient_format(self) -> FixedPoint:
        """Format of the sticky quotient, two fraction bits more than are kept."""
        return FixedPoint.covering(*self._sticky_quotients, self.fraction + 2)

    def apply(self, codes: np.ndarray) -> np.ndarray:
        """Return the int64 sticky quotients of `codes` (any shape)."""
        quotients, rests = np.divmod(codes << self._shift, self._denominator)
        return 2 * quotients + (rests != 0)

    def hardware(self, m: Module, value: Value, name: str) -> Signal:
        """Return the register of the sticky quotient of `value`, `CYCLES` cycles later."""
        offset, reciprocal, places = self.constants
        width = (self._largest * reciprocal).bit_length()
        product = Signal(unsigned(width), name=f"{name}_product")
        numerator = Signal(range(max(self._largest + 1, 2)), name=f"{name}_numerator")
        sticky = Signal(self.quotient_format.shape, name=f"{name}_sticky")
        quotient, low = product[places:], product[:places]
        m.d.comb += numerator.eq((value << self._shift) + offset * self._denominator)
        m.d.sync += [
            product.eq(numerator * reciprocal),
            sticky.eq(Cat(low >= reciprocal, quotient) - 2 * offset),
        ]
        return sticky

    @property
    def constants(self) -> tuple[int, int, int]:
        """The offset that makes quotients positive, the reciprocal, and its binary places."""
        offset = -(self._numerators[0] // self._denominator)
        largest = self._numerators[1] + offset * self._denominator
        places = 0
        while True:
            reciprocal = -(-(1 << places) // self._denominator)
            if (reciprocal * self._denominator - (1 << places)) * largest < 1 << places:
                return offset, reciprocal, places
            places += 1

    @property
    def scale(self) -> tuple[int, int]:
        """Places by which a number moves left, and what it is then divided by."""
        return self._shift, self._denominator

    @property
    def _sticky_quotients(self) -> tuple[int, int]:
        low, high = (numerator // self._denominator for numerator in self._numerators)
        return 2 * low, 2 * high + 1

    @property
    def _largest(self) -> int:
        return self._numerators[1] + self.constants[0] * self._denominator

    @property
    def _places(self) -> int:
        """Binary places by which the numerator moves left: one below the last bit that is kept."""
        return self.fraction + 1 - self.source.fraction

    @property
    def _shift(self) -> int:
        return max(self._places, 0)

    @property
    def _denominator(self) -> int:
        return self.divisor << max(-self._places, 0)

    @property
    def _numerators(self) -> tuple[int, int]:
        plain = self.source.plain()
        return plain.minimum << self._shift, plain.maximum << self._shift
