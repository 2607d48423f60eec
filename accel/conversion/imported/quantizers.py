"""Quantizers of other frameworks: number formats, if need be one for each value of a window."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accel.conversion.imported.node import ImportedNode
from accel.conversion.piece import Piece, Wire
from hw.function.quantizer import Function, Quantizer
from hw.function.staircase import Staircase
from hw.layer.elementwise.activation import Activation
from hw.layer.elementwise.element_quantizer import ZERO, ElementQuantizer, common_format
from hw.number.fixed_point import FixedPoint, Overflow, Rounding

QONNX_ROUNDINGS = {
    "ROUND": Rounding.RND_CONV,
    "HALF_EVEN": Rounding.RND_CONV,
    "FLOOR": Rounding.TRN,
    "DOWN": Rounding.TRN_ZERO,
    "HALF_UP": Rounding.RND_INF,  # away from zero: its sign is taken off first
    "HALF_DOWN": Rounding.RND_ZERO,
}
"""QONNX's rounding modes (``qonnx/custom_op/general/intquant.py``) in ap_fixed's words."""


CUT_FIRST = (Rounding.RND, Rounding.TRN)
"""Roundings that do not mind that a number was rounded down before, a bit further to the right."""


@dataclass(frozen=True, eq=False)
class Elements:
    """Formats for the values of a window.

    Parameters
    ----------
    formats
        Those that occur.
    choice
        int64 ``(rows, columns)``: each value's place in `formats`, or `ZERO`; one row where all
        steps are alike, one column where all channels are.
    """

    formats: tuple[FixedPoint, ...]
    choice: np.ndarray

    @property
    def only(self) -> FixedPoint | None:
        """The format of all values, if they have but one."""
        return self.formats[0] if len(self.formats) == 1 and (self.choice == 0).all() else None

    def apply(self, name: str, wire: Wire) -> Piece:
        """Return the block that quantizes `wire`."""
        port, format = wire.port, self.only
        if format is not None:
            function = Quantizer(Function.LINEAR, format)
            spec = Activation(port.channels, port.format, function, port.steps)
            return Piece.begin(wire).then(name, spec)
        rows = np.broadcast_to(self.choice, (len(self.choice), port.channels)).tolist()
        choice = tuple(tuple(row) for row in rows)
        element = ElementQuantizer(port.format, self.formats, choice, port.steps)
        return Piece.begin(wire).then(name, element)


def host_format(quantizers: Sequence[Elements]) -> FixedPoint | None:
    """Return the format into which a host can bring floats without harm to quantizers behind it.

    One that all share is exact by itself. Of several, the widest is cut off one bit further down:
    rounding a number down first changes no later `Rounding.RND` or `Rounding.TRN`. Other
    roundings would see ties where there are none, and a limit by saturation is none by wrapping:
    ``None``.
    """
    first = quantizers[0].only
    if first is not None and all(each.only == first for each in quantizers):
        return first
    formats = tuple(format for each in quantizers for format in each.formats)
    wraps = {format.overflow is Overflow.WRAP for format in formats}
    if len(wraps) != 1 or any(format.rounding not in CUT_FIRST for format in formats):
        return None
    common = common_format(formats)
    overflow = Overflow.WRAP if wraps.pop() else Overflow.SAT
    return FixedPoint(common.width + 1, common.integer, common.signed, Rounding.TRN, overflow)


def hgq_elements(node: ImportedNode) -> Elements:
    """Read a `FixedPointQuantizer` of HGQ2: for each value whether it has a sign, bits, integer.

    ``quantizers/fixed_point/_fixed_point_ops.py``: saturation before rounding and after it are
    the same, since the bounds are on the grid; a value without bits is zero.
    """
    mask = node.get("mask_kbi")
    assert isinstance(mask, tuple)
    rounding, overflow = _hgq_modes(node)
    signs, bits, integers = (np.asarray(part) for part in mask)
    signs, bits, integers = np.broadcast_arrays(signs, bits, integers)
    if overflow is Overflow.SAT_SYM:
        bits = np.where(signs & (bits == 1), 0, bits)  # nothing but zero is symmetric
    return _distinct(node, [
        None if width <= 0 else FixedPoint(int(width), int(integer), bool(sign), rounding, overflow)
        for sign, width, integer in zip(signs.flat, bits.flat, integers.flat, strict=True)
    ], signs.shape)  # fmt: skip


def _hgq_modes(node: ImportedNode) -> tuple[Rounding, Overflow]:
    rounding, overflow = str(node.get("RND")), str(node.get("SAT"))
    if rounding not in list(Rounding) or overflow not in list(Overflow):
        raise node.refuse(
            f"it rounds by {rounding} and overflows by {overflow}, which has no exact hardware",
            "use round_mode 'RND' or 'RND_CONV', and overflow_mode 'WRAP', 'SAT' or 'SAT_SYM'",
        )
    return Rounding(rounding), Overflow(overflow)


@dataclass(frozen=True, eq=False)
class QonnxQuantizer:
    """The arguments of QONNX's ``Quant``, and of Brevitas's quantizers.

    Parameters
    ----------
    scale, zero_point, bits
        Arrays that broadcast against the values, the batch among their axes where they have one.
    signed, narrow
        As of ``Quant``.
    rounding
        QONNX's name of it.
    """

    scale: np.ndarray
    zero_point: np.ndarray
    bits: np.ndarray
    signed: bool
    narrow: bool
    rounding: str

    def elements(self, node: ImportedNode) -> Elements:
        """Return the formats.

        Raises
        ------
        ChronogateError
            When a scale is no power of two, or the codes are not those of a binary format.
        """
        rounding = QONNX_ROUNDINGS.get(self.rounding.upper())
        if rounding is None:
            raise node.refuse(
                f"rounding_mode={self.rounding!r} has no exact hardware",
                f"use one of {', '.join(QONNX_ROUNDINGS)}",
            )
        if self.zero_point.any():
            raise node.refuse("its zero point is not 0", "quantize symmetrically, zero point 0")
        if self.narrow and not self.signed:
            raise node.refuse(
                "it is narrow and unsigned, so that its highest code is missing", "set narrow=0"
            )
        powers = [self._power(node, float(scale)) for scale in self.scale.flat]
        widths = {float(width) for width in self.bits.flat}
        if len(widths) != 1 or not min(widths).is_integer():
            raise node.refuse(
                f"its bit widths are {sorted(widths)}", "give all values one whole number of bits"
            )
        width = int(widths.pop())
        overflow = Overflow.SAT_SYM if self.narrow else Overflow.SAT
        return _distinct(
            node,
            [FixedPoint(width, width + power, self.signed, rounding, overflow) for power in powers],
            self.scale.shape or (1,),
        )

    @property
    def is_bipolar(self) -> bool:
        """Whether there are two values, plus and minus the scale."""
        return self.signed and bool((self.bits == 1).all())

    def bipolar(self, node: ImportedNode) -> Staircase:
        """Return the sign, with plus for zero."""
        powers = {self._power(node, float(scale)) for scale in self.scale.flat}
        if len(powers) != 1 or self.zero_point.any():
            raise node.refuse(
                "it is a sign with several scales or a zero point", "give it one scale"
            )
        return Staircase((0.0,), (-1, 1), FixedPoint(2, 2 + powers.pop()))

    def of_constants(self, values: np.ndarray) -> np.ndarray:
        """Quantize weights as ``int_quant`` does, in float32 like the framework itself."""
        x, scale = values.astype(np.float32), self.scale.astype(np.float32)
        zero = self.zero_point.astype(np.float32)
        codes = x / scale + zero
        if self.is_bipolar:
            return ((np.where(codes >= 0, 1, -1) - zero) * scale).astype(np.float64)
        low = np.where(self.signed, -(2.0 ** (self.bits - 1)) + self.narrow, 0)
        high = np.where(self.signed, 2.0 ** (self.bits - 1), 2.0**self.bits - self.narrow) - 1
        rounded = _NUMPY_ROUNDINGS[self.rounding.upper()](np.clip(codes, low, high))
        return ((rounded.astype(np.float32) - zero) * scale).astype(np.float64)

    def _power(self, node: ImportedNode, scale: float) -> int:
        if not scale > 0 or not np.log2(scale).is_integer():
            raise node.refuse(
                f"its scale {scale:.6g} is no power of two", "train with power-of-two scales"
            )
        return int(np.log2(scale))


_NUMPY_ROUNDINGS = {
    "ROUND": np.round,
    "HALF_EVEN": np.round,
    "FLOOR": np.floor,
    "CEIL": np.ceil,
    "DOWN": np.fix,
    "UP": lambda x: np.sign(x) * np.ceil(np.abs(x)),
    "HALF_UP": lambda x: np.sign(x) * np.floor(np.abs(x) + 0.5),
    "HALF_DOWN": lambda x: np.sign(x) * np.ceil(np.abs(x) - 0.5),
}


def _distinct(
    node: ImportedNode, found: Sequence[FixedPoint | None], shape: tuple[int, ...]
) -> Elements:
    """Number the formats that occur; `shape` begins with the batch where it has three axes."""
    formats = tuple(dict.fromkeys(format for format in found if format is not None))
    numbers = {format: number for number, format in enumerate(formats)}
    choice = np.array([ZERO if format is None else numbers[format] for format in found])
    if not formats:
        raise node.refuse("all its values have no bits, so they are zero", "leave the layer out")
    rows = choice.reshape(-1, shape[-1])
    if len(shape) > 3 or (len(shape) == 3 and shape[0] != 1):
        raise node.refuse(f"it has formats of shape {shape}", "quantize (steps, channels)")
    alike = bool((rows == rows[:1]).all())
    return Elements(formats, (rows[:1] if alike else rows).astype(np.int64))
