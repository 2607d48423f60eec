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
    floor, up = _floor_and_carry(value, source, target)
    result = Signal(target.shape, name=f"{name}_resized")
    if target.overflow in (Overflow.SAT, Overflow.SAT_SYM):
        _saturate_early(m, result, floor, up, target, name)
        return result
    rounded = Signal(_rounded_shape(source, target), name=f"{name}_rounded")
    m.d.comb += rounded.eq(floor if up is None else floor + up)
    high = rounded[target.width - target.signed :]
    if target.overflow is Overflow.WRAP:
        m.d.comb += result.eq(rounded)
        return result
    negative = rounded[-1] if rounded.shape().signed else Const(0)
    over = Signal(name=f"{name}_over")
    under = Signal(name=f"{name}_under")
    m.d.comb += over.eq(~negative & high.any())
    m.d.comb += under.eq(negative & ~high.all() if target.signed else negative)
    m.d.comb += result.eq(Mux(over | under, 0, rounded))
    return result


def _saturate_early(
    m: Module, result: Signal, floor: Value, up: Value | None, target: FixedPoint, name: str
) -> None:
    """Saturate what is not rounded yet.

    Rounding up never leaves the range of what is below the maximum, and what is at the maximum
    stays there. So only the target's own bits need a carry chain, and nothing comes behind it.
    """
    wide = Signal(signed(max(len(floor) + 1, target.width + 1)), name=f"{name}_floor")
    m.d.comb += wide.eq(floor)
    split = target.width - target.signed
    low, high, negative = wide[:split], wide[split:], wide[-1]
    over = Signal(name=f"{name}_over")
    under = Signal(name=f"{name}_under")
    full = low.all() if split else Const(1)
    m.d.comb += over.eq(~negative & (high.any() | full))
    m.d.comb += under.eq(negative & ~high.all() if target.signed else negative)
    if target.overflow is Overflow.SAT_SYM and target.signed and split:
        m.d.comb += under.eq(negative & (~high.all() | ~low.any()))
    clipped = Signal(target.shape, name=f"{name}_clipped")
    m.d.comb += clipped.eq(
        Mux(over, target.maximum, Mux(under, target.minimum, wide[: target.width]))
    )
    if up is None:
        m.d.comb += result.eq(clipped)
        return
    carry = Signal(name=f"{name}_carry")
    m.d.comb += [carry.eq(up & ~over & ~under), result.eq(clipped + carry)]


def _rounded_shape(source: FixedPoint, target: FixedPoint) -> Shape:
    # One bit more than the shifted code, since rounding up may carry out of it; and always a bit
    # beyond the target, so that overflow can be read from the high bits.
    width = max(source.width - (source.fraction - target.fraction), target.width) + 1
    return signed(width) if source.signed else unsigned(width)


def _floor_and_carry(
    value: Value, source: FixedPoint, target: FixedPoint
) -> tuple[Value, Value | None]:
    """Return the value rounded down, and whether one more is nearer; ``None`` where it never is."""
    shift = source.fraction - target.fraction
    if shift <= 0:
        widened = Cat(Const(0, -shift), value)
        return (widened.as_signed() if source.signed else widened), None
    floor = value >> shift
    sign = value[-1] if source.signed else Const(0)
    half = value[shift - 1] if shift <= source.width else sign
    below = value[: shift - 1].any() if shift > 1 else Const(0)
    match target.rounding:
        case Rounding.TRN:
            return floor, None
        case Rounding.TRN_ZERO:
            return floor, sign & (half | below)
        case Rounding.RND:
            return floor, half
        case Rounding.RND_MIN_INF:
            return floor, half & below
        case Rounding.RND_ZERO:
            return floor, half & (below | sign)
        case Rounding.RND_INF:
            return floor, half & (below | ~sign)
        case Rounding.RND_CONV:
            return floor, half & (below | floor[0])
