"""Leaky and bounded relu: ``max(x, 0) + slope * min(x, 0)``, clipped, then a resize.

The slope is a dyadic constant, so every bit can be kept until the resize rounds once.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import log2

import numpy as np
from amaranth.hdl import Module, Mux, Signal, Value

from hw.errors import ChronogateError
from hw.number.fixed_point import FixedPoint, Overflow, Rounding
from hw.number.resize import resize


@dataclass(frozen=True)
class LeakyRelu:
    """A relu with a slope below zero, and bounds.

    Parameters
    ----------
    slope, slope_fraction
        Below zero the input is multiplied by ``slope * 2**-slope_fraction``.
    lowest, highest
        Bounds of the exact result before the resize, or ``None``; zero lies between them.
    output
        Format of the result, or ``None`` to keep every bit.

    Raises
    ------
    ChronogateError
        When the slope is negative, or zero lies outside the bounds.
    """

    slope: int
    slope_fraction: int = 0
    lowest: float | None = None
    highest: float | None = None
    output: FixedPoint | None = None

    def __post_init__(self) -> None:
        if self.slope < 0 or (self.lowest or 0.0) > 0 or (self.highest or 0.0) < 0:
            raise ChronogateError(
                f"a relu with slope {self.slope} * 2**-{self.slope_fraction} and bounds "
                f"{self.lowest}, {self.highest} does not ascend through zero: write a slope >= 0 "
                "and bounds on both sides of zero"
            )

    def result_format(self, source: FixedPoint) -> FixedPoint:
        """Return the format of this function of a number of format `source`."""
        return self.output or self._exact(source)

    def apply(self, codes: np.ndarray, source: FixedPoint) -> np.ndarray:
        """Return the int64 codes of the function of `codes` (any shape, format `source`)."""
        exact, line = self._exact(source), self._line(source)
        bent = np.where(codes < 0, codes * line.below, codes * line.above)
        values = np.clip(bent, line.low, line.high)
        return values if self.output is None else self.output.resize(values, exact)

    def delay_cycles(self, source: FixedPoint) -> int:
        """Return one: a register behind combinational logic."""
        return 1

    def hardware(self, m: Module, value: Value, source: FixedPoint, name: str) -> Signal:
        """Add the hardware for one value and return the register of the result's code."""
        exact, line = self._exact(source), self._line(source)
        bent = Signal(line.unclipped.shape, name=f"{name}_bent")
        clipped = Signal(exact.shape, name=f"{name}_clipped")
        result = Signal(self.result_format(source).shape, name=f"{name}_result")
        # Without the comparisons that never hold, which Verilator warns of.
        above = value * line.above
        clip = (
            bent if line.high >= line.unclipped.maximum else Mux(bent > line.high, line.high, bent)
        )
        if line.low > line.unclipped.plain().minimum:
            clip = Mux(bent < line.low, line.low, clip)
        m.d.comb += [
            bent.eq(Mux(value < 0, value * line.below, above) if source.signed else above),
            clipped.eq(clip),
        ]
        last = clipped if self.output is None else resize(m, clipped, exact, self.output, name)
        m.d.sync += result.eq(last)
        return result

    def _exact(self, source: FixedPoint) -> FixedPoint:
        """Return the format that holds the clipped result."""
        line = self._line(source)
        return FixedPoint.covering(line.low, line.high, line.fraction)

    def _line(self, source: FixedPoint) -> "_Line":
        leaks = source.signed and self.slope > 0
        bounds = [Fraction(bound or 0) for bound in (self.lowest, self.highest)]
        fraction = max(
            source.fraction + (self.slope_fraction if leaks else 0),
            source.fraction,
            *(bound.denominator.bit_length() - 1 for bound in bounds if bound),
        )
        places = fraction - source.fraction
        above = 1 << places
        below = self.slope << (places - self.slope_fraction) if leaks else 0
        low, high = source.plain().minimum * below, source.maximum * above
        unclipped = FixedPoint.covering(low, high, fraction)
        if self.lowest is not None:
            low = max(low, int(bounds[0] * 2**fraction))
        if self.highest is not None:
            high = min(high, int(bounds[1] * 2**fraction))
        return _Line(fraction, above, below, low, high, unclipped)


@dataclass(frozen=True)
class _Line:
    """The function over the codes of one format: two factors, then a clip, on one grid."""

    fraction: int
    above: int
    below: int
    low: int
    high: int
    unclipped: FixedPoint


def quantized_leaky_relu(
    bits: int, integer: int, negative_slope: float, upper_bound: float | None = None
) -> LeakyRelu:
    """Return QKeras's ``quantized_relu(bits, integer, negative_slope=..., relu_upper_bound=...)``.

    With a slope, QKeras spends one of the bits on the sign, rounds to steps of
    ``2**(integer - bits + 1)`` and stops at ``-negative_slope * 2**integer`` below. The upper
    bound counts with ``is_quantized_clip=False`` only.

    Raises
    ------
    ChronogateError
        When the slope is no power of two, or the upper bound or the stop below is no multiple of
        the step.
    """
    magnitude_bits = bits - (negative_slope != 0)
    step = 2.0 ** (integer - magnitude_bits)
    if negative_slope < 0 or (negative_slope and not log2(negative_slope).is_integer()):
        raise ChronogateError(
            f"quantized_relu with negative_slope={negative_slope}: write a power of two"
        )
    if negative_slope and negative_slope * 2.0**magnitude_bits < 1:
        raise ChronogateError(
            f"quantized_relu({bits}, {integer}) with negative_slope={negative_slope} stops within "
            f"one step below zero: write a slope of at least {2.0**-magnitude_bits}"
        )
    if upper_bound is not None and (upper_bound / step) % 1:
        raise ChronogateError(
            f"relu_upper_bound={upper_bound} is no multiple of quantized_relu({bits}, {integer})'s "
            f"step: write a multiple of {step}"
        )
    exponent = round(log2(negative_slope)) if negative_slope else 0
    highest = 2.0**integer - step
    return LeakyRelu(
        slope=1 << max(exponent, 0) if negative_slope else 0,
        slope_fraction=max(-exponent, 0),
        lowest=-negative_slope * 2.0**integer,
        highest=highest if upper_bound is None else min(highest, upper_bound),
        output=FixedPoint(
            bits + max(exponent, 0),
            integer + (negative_slope != 0) + max(exponent, 0),
            negative_slope != 0,
            Rounding.RND_CONV,
            Overflow.SAT,
        ),
    )
