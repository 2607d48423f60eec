"""Fixed-point numbers: one format and its exact software arithmetic.

``FixedPoint`` is ``ap_fixed<W, I, Q, O>`` / ``ap_ufixed<...>`` of the Xilinx ap_types headers
(the open copy that ships with hls4ml, ``ac_types``/``ap_types/ap_fixed_base.h``): a code ``n``
stands for ``n * 2**-(W - I)``. The saturation-bits argument N > 0 and AP_WRAP_SM are refused.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from amaranth.hdl import Shape, signed, unsigned

from hw.errors import ChronogateError
from hw.number.observation import tell

MAX_WIDTH = 63
"""Widest format whose every code, and every difference of codes, fits NumPy's int64."""


class Rounding(StrEnum):
    """What happens to the bits below the last one kept (``ap_q_mode`` without its AP_)."""

    TRN = "TRN"  # towards minus infinity
    TRN_ZERO = "TRN_ZERO"  # towards zero
    RND = "RND"  # to nearest, ties towards plus infinity
    RND_ZERO = "RND_ZERO"  # to nearest, ties towards zero
    RND_INF = "RND_INF"  # to nearest, ties away from zero
    RND_MIN_INF = "RND_MIN_INF"  # to nearest, ties towards minus infinity
    RND_CONV = "RND_CONV"  # to nearest, ties to the even code


class Overflow(StrEnum):
    """What happens to a value that the format cannot hold (``ap_o_mode`` without its AP_)."""

    WRAP = "WRAP"
    SAT = "SAT"
    SAT_ZERO = "SAT_ZERO"
    SAT_SYM = "SAT_SYM"


_FORMAT = re.compile(
    r"^\s*(?:ap_)?(u?)fixed\s*<\s*(-?\d+)\s*,\s*(-?\d+)\s*(?:,\s*(?:AP_)?(\w+)\s*)?"
    r"(?:,\s*(?:AP_)?(\w+)\s*)?(?:,\s*(\d+)\s*)?>\s*$"
)


@dataclass(frozen=True)
class FixedPoint:
    """A fixed-point number format.

    Parameters
    ----------
    width
        Bits in all, 1 to 63.
    integer
        Bits left of the binary point, the sign included, as in ``ap_fixed<width, integer>``.
        May be negative or larger than `width`.
    signed
        Two's complement if true.
    rounding, overflow
        How a value is brought into this format.

    Raises
    ------
    ChronogateError
        When `width` is outside 1..63.
    """

    width: int
    integer: int
    signed: bool = True
    rounding: Rounding = Rounding.TRN
    overflow: Overflow = Overflow.WRAP

    def __post_init__(self) -> None:
        if not 1 <= self.width <= MAX_WIDTH:
            raise ChronogateError(
                f"a fixed-point number of {self.width} bits cannot be checked by the golden model, "
                f"which holds 1 to {MAX_WIDTH}: use narrower formats"
            )

    @classmethod
    def parse(cls, text: str) -> "FixedPoint":
        """Read ``ap_fixed<W,I[,Q[,O[,N]]]>``, ``ap_ufixed<...>`` or hls4ml's ``fixed<...>``."""
        match = _FORMAT.match(text)
        if match is None:
            raise ChronogateError(f"{text!r} is no fixed-point format: write ap_fixed<W,I,Q,O>")
        unsigned_mark, width, integer, rounding, overflow, saturation_bits = match.groups()
        if int(saturation_bits or 0) != 0:
            raise ChronogateError(
                f"{text!r} asks for saturation bits, which are not supported: "
                "leave the fifth argument out"
            )
        try:
            mode = Rounding(rounding or "TRN")
            limit = Overflow(overflow or "WRAP")
        except ValueError:
            raise ChronogateError(
                f"{text!r} has an unknown mode: roundings are {', '.join(Rounding)}, "
                f"overflows {', '.join(Overflow)}"
            ) from None
        return cls(int(width), int(integer), not unsigned_mark, mode, limit)

    @classmethod
    def covering(cls, lowest: int, highest: int, fraction: int) -> "FixedPoint":
        """Return the narrowest signed format with `fraction` fraction bits for these codes."""
        width = 1 + max(
            (-lowest - 1 if lowest < 0 else lowest).bit_length(),
            (-highest - 1 if highest < 0 else highest).bit_length(),
        )
        return cls(max(width, 2), max(width, 2) - fraction)

    def __str__(self) -> str:
        mode = "" if self.modes == (Rounding.TRN, Overflow.WRAP) else ",".join(("", *self.modes))
        return f"ap_{'' if self.signed else 'u'}fixed<{self.width},{self.integer}{mode}>"

    @property
    def modes(self) -> tuple[Rounding, Overflow]:
        """Rounding and overflow."""
        return self.rounding, self.overflow

    @property
    def fraction(self) -> int:
        """Bits right of the binary point; negative when the step is larger than one."""
        return self.width - self.integer

    @property
    def step(self) -> float:
        """Value of one code."""
        return 2.0**-self.fraction

    @property
    def minimum(self) -> int:
        """Lowest code that conversion into this format can give."""
        if not self.signed:
            return 0
        return -(1 << (self.width - 1)) + (self.overflow is Overflow.SAT_SYM and self.width > 1)

    @property
    def maximum(self) -> int:
        """Highest code."""
        return (1 << (self.width - self.signed)) - 1

    @property
    def shape(self) -> Shape:
        """The Amaranth shape of a code."""
        return signed(self.width) if self.signed else unsigned(self.width)

    def same_grid(self, other: "FixedPoint") -> bool:
        """Tell whether codes of both formats mean the same numbers (modes do not matter)."""
        return (self.width, self.integer, self.signed) == (other.width, other.integer, other.signed)

    def plain(self) -> "FixedPoint":
        """Return the same grid with the default modes."""
        return replace(self, rounding=Rounding.TRN, overflow=Overflow.WRAP)

    def to_float(self, codes: np.ndarray) -> np.ndarray:
        """Return the values of `codes`, float64, exact up to 53 significant bits."""
        return np.asarray(codes, dtype=np.float64) * self.step

    def quantize(self, values: np.ndarray) -> np.ndarray:
        """Bring float64 values of any shape into this format.

        Returns
        -------
        numpy.ndarray
            int64 codes of the same shape.

        Raises
        ------
        ChronogateError
            When a value is NaN, or infinite in a format that wraps.
        """
        scaled = np.ldexp(np.asarray(values, dtype=np.float64), self.fraction)
        if np.isnan(scaled).any():
            raise ChronogateError("cannot quantize NaN: fill or drop the missing values first")
        if self.overflow is Overflow.WRAP:
            if np.isinf(scaled).any():
                raise ChronogateError(
                    f"cannot wrap an infinite value into {self}: use a format that saturates"
                )
            # fmod is exact, and so small that int64 holds it; the remainder of % is not always.
            return self._overflow(np.fmod(_round_float(scaled, self.rounding), 2.0**self.width))
        # Beyond twice the range every mode gives the same answer; the clip keeps int64 in reach.
        bound = min(2.0 ** (self.width + 1), 1.5 * 2.0**62)
        return self._overflow(_round_float(np.clip(scaled, -bound, bound), self.rounding))

    def resize(self, codes: np.ndarray, source: "FixedPoint") -> np.ndarray:
        """Bring int64 `codes` of format `source` into this format, exactly as ap_fixed does."""
        codes = np.asarray(codes, dtype=np.int64)
        tell(self, codes, source)
        shift = source.fraction - self.fraction
        if shift > 0:
            # More than 62 places to the right leaves only the sign, and a rest below one half.
            shift = min(shift, MAX_WIDTH)
            return self._overflow(_round_code(codes, shift, self.rounding))
        if source.width - shift > MAX_WIDTH:
            if self.overflow is Overflow.WRAP:
                return self._overflow(codes << min(-shift, MAX_WIDTH))
            raise ChronogateError(
                f"{source} into {self} needs {source.width - shift} bits on the way, more than "
                f"the golden model's {MAX_WIDTH}: use formats that lie closer together"
            )
        return self._overflow(codes << -shift)

    def _overflow(self, rounded: np.ndarray) -> np.ndarray:
        codes = rounded.astype(np.int64)
        if self.overflow is Overflow.WRAP:
            wrapped = codes & ((1 << self.width) - 1)
            # The sign's weight, unlike twice it, fits int64 in the widest format, too.
            sign = 1 << (self.width - 1) if self.signed else 0
            return (wrapped ^ sign) - sign
        if self.overflow is Overflow.SAT_ZERO:
            return np.where((codes < self.minimum) | (codes > self.maximum), 0, codes)
        return np.clip(codes, self.minimum, self.maximum)


def _round_code(codes: np.ndarray, shift: int, rounding: Rounding) -> np.ndarray:
    """Divide by ``2**shift`` (1 <= shift <= 63) and round."""
    floor = codes >> shift
    rest = (codes - (floor << shift)) if shift < 63 else codes & np.int64(2**63 - 1)
    half = np.int64(1) << np.int64(shift - 1)
    negative = codes < 0
    above, tie = rest > half, rest == half
    match rounding:
        case Rounding.TRN:
            up = np.zeros_like(above)
        case Rounding.TRN_ZERO:
            up = negative & (rest != 0)
        case Rounding.RND:
            up = above | tie
        case Rounding.RND_MIN_INF:
            up = above
        case Rounding.RND_ZERO:
            up = above | (tie & negative)
        case Rounding.RND_INF:
            up = above | (tie & ~negative)
        case Rounding.RND_CONV:
            up = above | (tie & (floor & 1 == 1))
    return floor + up


def _round_float(values: np.ndarray, rounding: Rounding) -> np.ndarray:
    """Round float64 to whole numbers, still float64; exact because the rest is exact."""
    floor = np.floor(values)
    rest = values - floor
    negative = values < 0
    above, tie = rest > 0.5, rest == 0.5
    match rounding:
        case Rounding.TRN:
            return floor
        case Rounding.TRN_ZERO:
            return np.trunc(values)
        case Rounding.RND:
            up = above | tie
        case Rounding.RND_MIN_INF:
            up = above
        case Rounding.RND_ZERO:
            up = above | (tie & negative)
        case Rounding.RND_INF:
            up = above | (tie & ~negative)
        case Rounding.RND_CONV:
            up = above | (tie & (floor % 2 == 1))
    return floor + up
