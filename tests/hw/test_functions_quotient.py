"""Division by a constant against exact rationals, all modes, in software and in hardware."""

from fractions import Fraction
from itertools import product
from math import ceil, floor, trunc

import numpy as np
import pytest

from hw import Activation, ChronogateError, FixedPoint, Overflow, Rounding
from hw.function.quotient import Quotient
from hw.number.division import Division
from tests.hw.harness import run_block

MODES = list(product(Rounding, Overflow))
CASES = [  # source, divisor, target
    (FixedPoint(7, 3), 3, (4, 2, True)),
    (FixedPoint(7, 3), 24, (6, 1, True)),
    (FixedPoint(6, 1, signed=False), 7, (5, -1, False)),
    (FixedPoint(7, 7), 5, (9, 4, True)),
    (FixedPoint(6, 4), 6, (3, 5, True)),
    (FixedPoint(6, 4), 1, (4, 2, True)),
    (FixedPoint(6, 2), 16, (4, 1, False)),
]


def round_exactly(value: Fraction, rounding: Rounding) -> int:
    half = Fraction(1, 2)
    match rounding:
        case Rounding.TRN:
            return floor(value)
        case Rounding.TRN_ZERO:
            return trunc(value)
        case Rounding.RND:
            return floor(value + half)
        case Rounding.RND_MIN_INF:
            return ceil(value - half)
        case Rounding.RND_ZERO:
            return ceil(value - half) if value > 0 else floor(value + half)
        case Rounding.RND_INF:
            return floor(value + half) if value > 0 else ceil(value - half)
        case Rounding.RND_CONV:
            return round(value)


def limit(code: int, target: FixedPoint) -> int:
    if target.overflow is Overflow.WRAP:
        wrapped = code % (1 << target.width)
        return wrapped - (1 << target.width) if wrapped > target.maximum else wrapped
    if target.overflow is Overflow.SAT_ZERO and not target.minimum <= code <= target.maximum:
        return 0
    return min(max(code, target.minimum), target.maximum)


@pytest.mark.parametrize("modes", MODES, ids="-".join)
def test_rounding(modes: tuple[Rounding, Overflow]) -> None:
    for source, divisor, shape in CASES:
        target = FixedPoint(*shape, *modes)
        codes = np.arange(source.minimum, source.maximum + 1)
        scale = Fraction(2) ** (target.fraction - source.fraction)
        wanted = [
            limit(round_exactly(code * scale / divisor, target.rounding), target)
            for code in codes.tolist()
        ]
        assert Quotient(divisor, target).apply(codes, source).tolist() == wanted, source


@pytest.mark.parametrize("case", range(len(CASES)))
def test_hardware(case: int) -> None:
    source, divisor, shape = CASES[case]
    codes = np.arange(source.minimum, source.maximum + 1)
    for modes in MODES[case % 4 :: 4]:
        function = Quotient(divisor, FixedPoint(*shape, *modes))
        trace = run_block(Activation(1, source, function), codes[:, np.newaxis], codes - codes[0])
        assert trace.codes[:, 0].tolist() == function.apply(codes, source).tolist(), modes


@pytest.mark.parametrize("seed", range(200))
def test_reciprocal_is_proven_and_right_at_the_ends(seed: int) -> None:
    """The product's bits against whole-number division, where an error would show first."""
    rng = np.random.default_rng(seed)
    width, fraction = int(rng.integers(2, 40)), int(rng.integers(-3, 12))
    source = FixedPoint(width, width - int(rng.integers(-2, 10)), bool(rng.random() < 0.7))
    divisor = int(rng.integers(1, 600))
    division = Division(source, divisor, fraction)
    offset, reciprocal, places = division.constants
    shift = fraction + 1 - source.fraction
    denominator = divisor << max(-shift, 0)
    ends = source.plain().minimum, source.plain().maximum
    codes = {*ends, *(int(code) for code in rng.integers(*ends, 200, endpoint=True))}
    codes |= {c for k in range(4) for c in (ends[0] + k, ends[1] - k) if ends[0] <= c <= ends[1]}
    for code in codes:
        numerator = (code << max(shift, 0)) + offset * denominator
        assert numerator >= 0
        product = numerator * reciprocal
        quotient, low = product >> places, product & ((1 << places) - 1)
        assert quotient - offset == (code << max(shift, 0)) // denominator
        assert (low >= reciprocal) == (numerator % denominator != 0)
    numbers = np.array(sorted(codes))
    assert division.apply(numbers).tolist() == [
        2 * ((code << max(shift, 0)) // denominator) + ((code << max(shift, 0)) % denominator != 0)
        for code in sorted(codes)
    ]


def test_wide_hardware() -> None:
    source, rng = FixedPoint(28, 12), np.random.default_rng(0)
    function = Quotient(168, FixedPoint(24, 8, True, Rounding.RND_CONV, Overflow.SAT))
    codes = rng.integers(source.minimum, source.maximum, 200, endpoint=True)
    codes = np.concatenate([codes, [source.minimum, source.maximum, 0, -1, 168, 84, -84]])
    trace = run_block(Activation(1, source, function), codes[:, np.newaxis], np.arange(len(codes)))
    assert trace.codes[:, 0].tolist() == function.apply(codes, source).tolist()


def test_refusals() -> None:
    with pytest.raises(ChronogateError, match="from 1 on"):
        Quotient(0, FixedPoint(8, 4)).apply(np.array([1]), FixedPoint(8, 4))
    with pytest.raises(ChronogateError, match="narrower"):
        Quotient(3, FixedPoint(40, 4)).apply(np.array([1]), FixedPoint(40, 38))
