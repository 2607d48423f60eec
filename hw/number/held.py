"""Which codes of one number format another one holds, once they are rounded into it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from amaranth.hdl import Const, Value

from hw.number.division import Division
from hw.number.fixed_point import MAX_WIDTH, FixedPoint, Overflow


def held_codes(source: FixedPoint, output: FixedPoint, divisor: int = 1) -> tuple[int, int]:
    """Return the ends of the codes of `source` that `output` holds, by bisection.

    Below zero an unsigned format is a relu at work and holds everything.

    Parameters
    ----------
    source, output
        The two formats.
    divisor
        What the numbers are divided by before they are rounded, at least one.
    """
    division = Division(source, divisor, output.fraction) if divisor > 1 else None
    given = source if division is None else division.quotient_format
    roomy = _roomy(given, output)

    def rounded(code: int) -> int:
        number = np.array(code, dtype=np.int64)
        if division is not None:
            number = division.apply(number)
        if given.fraction > output.fraction:
            return int(roomy.resize(number, given))
        return int(number) << (output.fraction - given.fraction)

    source = source.plain()
    high = _last(source.minimum, source.maximum, lambda code: rounded(code) <= output.maximum)
    if not output.signed:
        return source.minimum, high
    below = _last(source.minimum - 1, source.maximum, lambda code: rounded(code) < output.minimum)
    return below + 1, high


def is_beyond(value: Value, low: int, high: int) -> Value:
    """Return combinational hardware that tells whether a code lies outside of ``low ... high``.

    A comparison with a constant is a chain of ANDs and ORs, one for each bit, which packs three
    bits into a LUT4. Synthesis makes a subtraction of an operator ``<``, two LUT4s for each bit
    on an ECP5.
    """
    shape = value.shape()
    offset = 1 << shape.width - 1 if shape.signed else 0
    # With its sign turned round a signed code orders as one without, `offset` higher.
    bits = list(value.as_unsigned())
    if shape.signed:
        bits[-1] = ~bits[-1]
    return ~_exceeds(bits, low + offset - 1) | _exceeds(bits, high + offset)


def _exceeds(bits: list[Value], limit: int) -> Value:
    """Return whether the number of `bits`, the lowest first, is above `limit`."""
    if limit < 0:
        return Const(1)
    if limit >= (1 << len(bits)) - 1:
        return Const(0)
    above: Value = Const(0)
    for place, bit in enumerate(bits):
        above = bit & above if limit >> place & 1 else bit | above
    return above


def _roomy(given: FixedPoint, output: FixedPoint) -> FixedPoint:
    """Return `output` as wide as a rounded code can be; then saturation is out of the way."""
    width = max(given.width - given.fraction + output.fraction, output.width) + 2
    width = min(width, MAX_WIDTH)
    return replace(
        output,
        width=width,
        integer=width - output.fraction,
        signed=True,
        overflow=Overflow.SAT,
    )


def _last(first: int, last: int, holds: Callable[[int], bool]) -> int:
    """Return the last number that `holds`, which holds for none behind one that it does not."""
    while first < last:
        middle = -(-(first + last) // 2)
        if holds(middle):
            first = middle
        else:
            last = middle - 1
    return first
