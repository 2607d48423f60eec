"""Resize is what it is defined to be, for every input and all 28 pairs of modes.

The definition is written in another way than the hardware: the distance to the nearest code is
added and the sum rounded down, towards minus infinity or towards zero, as `ap_q_mode` is described
in the Vitis HLS manual (UG1399, "Quantization Modes" and "Overflow Modes"). The hardware looks at
single bits, and saturates before it rounds.
"""

from collections.abc import Callable
from itertools import product

from amaranth.hdl import Mux, Signal, Value

from hw.number.fixed_point import FixedPoint, Overflow, Rounding
from hw.number.resize import resize
from sim.formal.bug import Bug
from sim.formal.property import Property
from sim.formal.setting import Setting, named

FORMATS = (
    ("signed to fewer bits", (10, 4, True), (5, 3, True)),
    ("signed to unsigned", (9, 5, True), (4, 2, False)),
    ("unsigned to signed", (9, 3, False), (6, 3, True)),
    ("unsigned to fewer bits", (9, 5, False), (4, 4, False)),
    ("one place less", (8, 4, True), (6, 3, True)),
    ("more fraction bits", (6, 4, True), (8, 2, True)),
    ("beyond all of its bits", (4, 0, True), (4, 7, True)),
    ("to one bit", (6, 3, True), (1, 1, True)),
    ("32 bits to 12", (32, 12, True), (12, 6, True)),
)
"""Width, integer bits and sign of the source and of the target."""


def equals_definition(rounding: Rounding, overflow: Overflow) -> Callable[[Setting], None]:
    """Return the statement for one pair of modes, about all of `FORMATS`."""

    def build(s: Setting) -> None:
        for number, (_, from_, into) in enumerate(FORMATS):
            source = FixedPoint(*from_)
            target = FixedPoint(*into, rounding, overflow)
            free = s.free(source.shape, f"code{number}")
            value = named(s.m, free.as_signed() if source.signed else free, f"value{number}")
            result = resize(s.m, value, source, target, f"resize{number}")
            s.prove(result == _defined(s, value, source, target, f"defined{number}"))

    return build


def _defined(s: Setting, value: Value, source: FixedPoint, target: FixedPoint, name: str) -> Signal:
    places = source.fraction - target.fraction
    if places <= 0:
        exact = named(s.m, value * (1 << -places), f"{name}_exact")
    else:
        exact = named(s.m, _rounded(value, places, target.rounding), f"{name}_rounded")
    return named(s.m, _fitted(s, exact, target, name), name, target.shape)


def _rounded(value: Value, places: int, rounding: Rounding) -> Value:
    """Return value / 2**places as a whole number."""
    unit, half = 1 << places, 1 << (places - 1)
    size = _magnitude(value)
    match rounding:
        case Rounding.TRN:
            return value // unit
        case Rounding.TRN_ZERO:
            return Mux(value < 0, -(size // unit), size // unit)
        case Rounding.RND:
            return (value + half) // unit
        case Rounding.RND_MIN_INF:
            return -((half - value) // unit)
        case Rounding.RND_INF:
            return Mux(value < 0, -((size + half) // unit), (size + half) // unit)
        case Rounding.RND_ZERO:
            nearest = -((half - size) // unit)
            return Mux(value < 0, -nearest, nearest)
        case Rounding.RND_CONV:
            nearest = (value + half) // unit
            tie = (value + half) % unit == 0
            return Mux(tie & (nearest % 2 == 1), nearest - 1, nearest)


def _magnitude(value: Value) -> Value:
    """Return the magnitude."""
    return Mux(value < 0, -value, value)


def _fitted(s: Setting, exact: Signal, target: FixedPoint, name: str) -> Value:
    """Return what the target makes of a whole number of any size."""
    low, high = target.minimum, target.maximum
    match target.overflow:
        case Overflow.WRAP:
            return exact[: target.width] if len(exact) >= target.width else exact
        case Overflow.SAT | Overflow.SAT_SYM:
            return Mux(exact < low, low, Mux(exact > high, high, exact))
        case Overflow.SAT_ZERO:
            return Mux((exact < low) | (exact > high), 0, exact)


_MODULE = "hw.number.resize"
_ROUNDING_BUGS = {
    Rounding.TRN: (
        "return floor, None\n        case Rounding.TRN_ZERO",
        "return floor, half\n        case Rounding.TRN_ZERO",
    ),
    Rounding.TRN_ZERO: ("sign & (half | below)", "sign & half"),
    Rounding.RND: ("return floor, half\n", "return floor, half & (below | ~sign)\n"),
    Rounding.RND_MIN_INF: ("half & below\n", "half\n"),
    Rounding.RND_ZERO: ("half & (below | sign)", "half & (below | ~sign)"),
    Rounding.RND_INF: ("half & (below | ~sign)", "half"),
    Rounding.RND_CONV: ("half & (below | floor[0])", "half & (below | ~floor[0])"),
}
_OVERFLOW_BUGS = {
    Overflow.SAT_SYM: ("~high.all() | ~low.any()", "~high.all()"),
    Overflow.SAT_ZERO: ("Mux(over | under, 0, rounded)", "Mux(over, 0, rounded)"),
}


def _bug(rounding: Rounding, overflow: Overflow) -> Bug:
    """Return a wrong rounding for two of the overflow modes, a wrong overflow for the others."""
    return Bug(_MODULE, *_OVERFLOW_BUGS.get(overflow, _ROUNDING_BUGS[rounding]))


PROPERTIES = tuple(
    Property(
        f"{rounding}, {overflow}: equals its definition for all inputs of {len(FORMATS)} pairs "
        "of formats",
        "resize",
        equals_definition(rounding, overflow),
        _bug(rounding, overflow),
        quick=(rounding, overflow) == (Rounding.RND_CONV, Overflow.SAT),
    )
    for rounding, overflow in product(Rounding, Overflow)
)
