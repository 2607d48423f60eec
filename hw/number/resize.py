"""The hardware of `FixedPoint.resize`: rounding, then overflow, for all 28 pairs of modes."""

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed, unsigned

from hw.number.fixed_point import FixedPoint, Overflow, Rounding


def resize(m: Module, value: Value, source: FixedPoint, target: FixedPoint, name: str) -> Signal:
    """Add combinational hardware that brings `value` of format `source` into `target`.

    Parameters
    ----------
    m
        Module that receives the logic.
    value
        Code in `source`, of that format's shape.
    name
        Prefix of the signals; synthesis tools want every signal named.

    Returns
    -------
    Signal
        Code in `target`.
    """
    rounded = Signal(_rounded_shape(source, target), name=f"{name}_rounded")
    m.d.comb += rounded.eq(_rounded(m, value, source, target, name))
    result = Signal(target.shape, name=f"{name}_resized")
    high = rounded[target.width - target.signed :]
    if target.overflow is Overflow.WRAP:
        m.d.comb += result.eq(rounded)
        return result
    negative = rounded[-1] if rounded.shape().signed else Const(0)
    over = Signal(name=f"{name}_over")
    under = Signal(name=f"{name}_under")
    m.d.comb += over.eq(~negative & high.any())
    m.d.comb += under.eq(negative & ~high.all() if target.signed else negative)
    if target.overflow is Overflow.SAT_SYM and target.signed and target.width > 1:
        lowest = -(1 << (target.width - 1))
        m.d.comb += under.eq((negative & ~high.all()) | (rounded == lowest))
    floor, ceiling = (
        (0, 0) if target.overflow is Overflow.SAT_ZERO else (target.minimum, target.maximum)
    )
    m.d.comb += result.eq(Mux(over, ceiling, Mux(under, floor, rounded)))
    return result


def _rounded_shape(source: FixedPoint, target: FixedPoint) -> Shape:
    # One bit more than the shifted code, since rounding up may carry out of it; and always a bit
    # beyond the target, so that overflow can be read from the high bits.
    width = max(source.width - (source.fraction - target.fraction), target.width) + 1
    return signed(width) if source.signed else unsigned(width)


def _rounded(m: Module, value: Value, source: FixedPoint, target: FixedPoint, name: str) -> Value:
    shift = source.fraction - target.fraction
    if shift <= 0:
        widened = Cat(Const(0, -shift), value)
        return widened.as_signed() if source.signed else widened
    floor = value >> shift
    sign = value[-1] if source.signed else Const(0)
    half = value[shift - 1] if shift <= source.width else sign
    below = value[: shift - 1].any() if shift > 1 else Const(0)
    match target.rounding:
        case Rounding.TRN:
            return floor
        case Rounding.TRN_ZERO:
            up = sign & (half | below)
        case Rounding.RND:
            up = half
        case Rounding.RND_MIN_INF:
            up = half & below
        case Rounding.RND_ZERO:
            up = half & (below | sign)
        case Rounding.RND_INF:
            up = half & (below | ~sign)
        case Rounding.RND_CONV:
            up = half & (below | floor[0])
    carry = Signal(name=f"{name}_carry")
    m.d.comb += carry.eq(up)
    return floor + carry
