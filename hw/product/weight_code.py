"""How weights are stored, and what multiplies by them: a multiplier, or a shifter.

Where every weight is zero or plus or minus a power of two (binary, ternary, power-of-two kernels),
a product is the operand shifted and perhaps negated: no multiplier, and fewer bits in the memory.
The weights themselves decide, so a lane does the same in the same cycle with either.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from amaranth.hdl import Module, Mux, Shape, Signal, Value, signed

from hw.number.fixed_point import FixedPoint


class WeightCode(Protocol):
    """Bits in the memory that stand for a weight, and the product with one."""

    @property
    def width(self) -> int:
        """Bits of a stored weight."""
        ...

    @property
    def is_shift(self) -> bool:
        """Tell whether products take no multiplier."""
        ...

    def encode(self, weights: np.ndarray) -> np.ndarray:
        """Map int64 codes of any shape to stored words, int64, none negative."""
        ...

    def product(self, m: Module, operand: Value, stored: Value, name: str) -> Value:
        """Return the exact product of `operand` and the weight that `stored` stands for."""
        ...


@dataclass(frozen=True)
class PlainCode:
    """Weights in two's complement, or unsigned, in front of a multiplier.

    Parameters
    ----------
    shape
        Of a weight.
    """

    shape: Shape

    @property
    def width(self) -> int:
        return self.shape.width

    @property
    def is_shift(self) -> bool:
        return False

    def encode(self, weights: np.ndarray) -> np.ndarray:
        return weights & ((1 << self.width) - 1)

    def product(self, m: Module, operand: Value, stored: Value, name: str) -> Value:
        weight = Signal(self.shape, name=f"{name}_weight")
        m.d.comb += weight.eq(stored)
        return operand * weight


@dataclass(frozen=True)
class ShiftCode:
    """Weights that are zero or a power of two: from low to high, exponent, sign, "not zero".

    Fields that would say the same of every weight are left out.

    Parameters
    ----------
    lowest, highest
        Least and greatest exponent; what is stored is the difference to the least.
    has_negative, has_zero
        Whether any weight is negative, and whether any is zero.
    """

    lowest: int
    highest: int
    has_negative: bool
    has_zero: bool

    @property
    def exponent_bits(self) -> int:
        """Bits of the exponent."""
        return (self.highest - self.lowest).bit_length()

    @property
    def width(self) -> int:
        return self.exponent_bits + self.has_negative + self.has_zero

    @property
    def is_shift(self) -> bool:
        return True

    def encode(self, weights: np.ndarray) -> np.ndarray:
        magnitude = np.abs(weights)
        exponent = sum((magnitude >> e > 1).astype(np.int64) for e in range(self.highest + 1))
        stored = np.where(magnitude == 0, 0, exponent - self.lowest)
        if self.has_negative:
            stored |= (weights < 0).astype(np.int64) << self.exponent_bits
        if self.has_zero:
            stored |= (weights != 0).astype(np.int64) << self.width - 1
        return stored

    def product(self, m: Module, operand: Value, stored: Value, name: str) -> Value:
        shape = operand.shape()
        value = operand
        if self.has_zero:
            value = Mux(stored[self.width - 1], value, 0)
        for bit in range(self.exponent_bits):
            value = Mux(stored[bit], value << (1 << bit), value)
        # No exponent is beyond the highest, so no more bits than these are ever set.
        shifted = Signal(
            signed(shape.width + (not shape.signed) + self.highest - self.lowest),
            name=f"{name}_shifted",
        )
        m.d.comb += shifted.eq(value)
        if not self.has_negative:
            return shifted << self.lowest
        negative = stored[self.exponent_bits]
        flipped = Signal.like(shifted, name=f"{name}_flipped")
        m.d.comb += flipped.eq(Mux(negative, ~shifted, shifted))
        return (flipped + negative) << self.lowest


def weight_code(
    kernels: Sequence[np.ndarray], formats: Iterable[FixedPoint], padded: bool
) -> WeightCode:
    """Choose the code for weights that lie in one memory.

    Parameters
    ----------
    kernels
        int64 codes.
    formats
        Of the kernels; the widest counts where there are multipliers.
    padded
        Whether zeros are stored that stand in no kernel.
    """
    nonzero = [kernel[kernel != 0] for kernel in kernels]
    magnitudes = [np.abs(weights) for weights in nonzero]
    if any((magnitude & (magnitude - 1)).any() for magnitude in magnitudes):
        return PlainCode(_covering(tuple(formats)))
    exponents = {int(size).bit_length() - 1 for part in magnitudes for size in np.unique(part)}
    lowest, highest = min(exponents, default=0), max(exponents, default=0)
    has_negative = any(bool((weights < 0).any()) for weights in nonzero)
    has_zero = padded or any(not kernel.all() for kernel in kernels)
    # One bit at least: Verilog has no wires of width zero.
    return ShiftCode(
        lowest, highest, has_negative, has_zero or not (has_negative or highest > lowest)
    )


def _covering(formats: tuple[FixedPoint, ...]) -> Shape:
    """Return a shape that holds the codes of all formats."""
    width = max(f.width for f in formats)
    if all(not f.signed for f in formats):
        return Shape(width)
    return signed(width + any(f.width == width and not f.signed for f in formats))
