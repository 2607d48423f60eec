"""Elementwise activations: a piecewise linear function, then a resize.

Every hard activation and every quantizer of QKeras is one of these (``qkeras/quantizers.py``):

=========================  =======================================================
``quantized_bits``         LINEAR into ``ap_fixed<bits, integer+1, RND_CONV, SAT>``
``quantized_relu``         LINEAR into ``ap_ufixed<bits, integer, RND_CONV, SAT>``
hard ``quantized_tanh``    HARD_TANH into ``ap_fixed<bits, 1, RND_CONV, SAT>``
hard ``quantized_sigmoid`` HARD_SIGMOID into ``ap_ufixed<bits, 0, RND_CONV, SAT>``
=========================  =======================================================
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, Value

from hw.number.fixed_point import FixedPoint, Overflow, Rounding
from hw.number.resize import resize


class Function(StrEnum):
    """What is computed before the resize."""

    LINEAR = "linear"  # x
    HARD_TANH = "hard_tanh"  # clip(x, -1, 1)
    HARD_SIGMOID = "hard_sigmoid"  # clip(x / 2 + 1 / 2, 0, 1)


UNAWARE_OF_ZERO = (Rounding.TRN, Rounding.RND, Rounding.RND_MIN_INF, Rounding.RND_CONV)
"""Roundings that do the same on both sides of zero, but for the parity of a tie."""


@dataclass(frozen=True)
class Quantizer:
    """An activation of no particular input format.

    Parameters
    ----------
    function
        What is computed, exactly.
    output
        Format of the result, or ``None`` to keep every bit.
    """

    function: Function
    output: FixedPoint | None

    def result_format(self, source: FixedPoint) -> FixedPoint:
        """Return the format of this activation of a number of format `source`."""
        return self.output or self._exact(source)[0]

    def apply(self, codes: np.ndarray, source: FixedPoint) -> np.ndarray:
        """Return the int64 codes of the activation of `codes` (any shape, format `source`)."""
        exact, low, high = self._exact(source)
        offset = _offset(self.function, exact)
        values = exact.resize(codes, _halved(self.function, source)) + offset
        if self.function is not Function.LINEAR:
            values = np.clip(values, low, high)
        return values if self.output is None else self.output.resize(values, exact)

    def delay_cycles(self, source: FixedPoint) -> int:
        """Return one: a register behind combinational logic."""
        return 1

    def hardware(self, m: Module, value: Value, source: FixedPoint, name: str) -> Signal:
        """Add the hardware for one value and return the register of the result's code."""
        result = Signal(self.result_format(source).shape, name=f"{name}_result")
        m.d.sync += result.eq(self.combinational(m, value, source, name))
        return result

    def combinational(self, m: Module, value: Value, source: FixedPoint, name: str) -> Signal:
        """Add what `hardware` adds but for the register, and return the result's code."""
        centred = self._centred()
        if centred is not None:
            # x / 2 + 1 / 2 without an adder: saturate x / 2 and turn its sign into the first bit.
            code = resize(m, value, _halved(self.function, source), centred, name)
            flipped = Signal(len(code), name=f"{name}_flipped")
            m.d.comb += flipped.eq(Cat(code[:-1], ~code[-1]))
            return flipped
        exact, low, high = self._exact(source)
        widened = resize(m, value, _halved(self.function, source), exact, f"{name}_widened")
        shifted = Signal(exact.shape, name=f"{name}_shifted")
        m.d.comb += shifted.eq(widened + _offset(self.function, exact))
        if self.function is not Function.LINEAR and not self._clips_itself(exact, low, high):
            clipped = Signal(exact.shape, name=f"{name}_clipped")
            m.d.comb += clipped.eq(Mux(shifted < low, low, Mux(shifted > high, high, shifted)))
            shifted = clipped
        if self.output is None:
            return shifted
        return resize(m, shifted, exact, self.output, name)

    def _exact(self, source: FixedPoint) -> tuple[FixedPoint, int, int]:
        """Return the format that holds the function before its clip, and the clip's two codes."""
        if self.function is Function.LINEAR:
            return source.plain(), source.minimum, source.maximum
        halved = _halved(self.function, source)
        # At least one fraction bit holds the sigmoid's 1/2; two integer bits hold +1.
        fraction = max(halved.fraction, 1)
        integer = max(halved.integer + (not source.signed), 2) + 1
        low, high = (-1, 1) if self.function is Function.HARD_TANH else (0, 1)
        return FixedPoint(integer + fraction, integer), low << fraction, high << fraction

    def _centred(self) -> FixedPoint | None:
        """Return the format of the sigmoid's ``x / 2`` if its output is that and one half.

        Rounding must not know where zero is, and one half must be an even code.
        """
        output = self.output
        if self.function is not Function.HARD_SIGMOID or output is None:
            return None
        unit = not output.signed and output.integer == 0 and output.width > 1
        rounding, overflow = output.modes
        if not unit or rounding not in UNAWARE_OF_ZERO or overflow is not Overflow.SAT:
            return None
        return FixedPoint(output.width, 0, True, rounding, overflow)

    def _clips_itself(self, exact: FixedPoint, low: int, high: int) -> bool:
        """Tell whether saturating into the output already does the clip's work."""
        output = self.output
        if output is None or output.overflow not in (Overflow.SAT, Overflow.SAT_SYM):
            return False
        lowest = output.minimum * 2.0**exact.fraction >= low * 2.0**output.fraction
        return lowest and output.maximum * 2.0**exact.fraction <= high * 2.0**output.fraction


def _halved(function: Function, source: FixedPoint) -> FixedPoint:
    # Dividing by two moves the binary point and changes no bit.
    if function is not Function.HARD_SIGMOID:
        return source.plain()
    return FixedPoint(source.width, source.integer - 1, source.signed)


def _offset(function: Function, exact: FixedPoint) -> int:
    return 1 << (exact.fraction - 1) if function is Function.HARD_SIGMOID else 0
