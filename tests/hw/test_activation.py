"""Quantizers against their definition in exact rationals, in software and in hardware."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest

from hw import Activation, FixedPoint, Function, Overflow, Quantizer, Rounding
from tests.hw.harness import run_block

SOURCES = [FixedPoint(7, 3), FixedPoint(6, 1, signed=False), FixedPoint(5, 7), FixedPoint(5, -1)]
TARGETS = [
    None,
    FixedPoint(4, 1, True, Rounding.RND_CONV, Overflow.SAT),
    FixedPoint(4, 1, True, Rounding.RND_CONV, Overflow.SAT_SYM),
    FixedPoint(3, 0, False, Rounding.RND_CONV, Overflow.SAT),
    FixedPoint(2, 0, False, Rounding.TRN, Overflow.SAT),
    FixedPoint(5, 3, True, Rounding.TRN, Overflow.WRAP),
    FixedPoint(6, 3, True, Rounding.RND_INF, Overflow.SAT_ZERO),
]


def define(function: Function, x: Fraction) -> Fraction:
    if function is Function.LINEAR:
        return x
    if function is Function.HARD_TANH:
        return min(max(x, Fraction(-1)), Fraction(1))
    return min(max(x / 2 + Fraction(1, 2), Fraction(0)), Fraction(1))


def bring(value: Fraction, target: FixedPoint) -> int:
    scaled = value * Fraction(2) ** target.fraction
    match target.rounding:
        case Rounding.RND_CONV:
            code = round(scaled)
        case Rounding.TRN:
            code = floor(scaled)
        case _:
            code = floor(abs(scaled) + Fraction(1, 2)) * (1 if scaled >= 0 else -1)
    if target.overflow is Overflow.WRAP:
        span = 1 << target.width
        return (code - (-span // 2)) % span + (-span // 2)
    if target.overflow is Overflow.SAT_ZERO and not target.minimum <= code <= target.maximum:
        return 0
    return min(max(code, target.minimum), target.maximum)


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize("source", SOURCES, ids=str)
@pytest.mark.parametrize("function", list(Function))
def test_quantizer(function: Function, source: FixedPoint, target: FixedPoint | None) -> None:
    quantizer = Quantizer(function, target)
    codes = np.arange(source.minimum, source.maximum + 1)
    result = quantizer.result_format(source)
    expected = []
    for code in codes.tolist():
        exact = define(function, code * Fraction(2) ** -source.fraction)
        scaled = exact * Fraction(2) ** result.fraction
        assert target is not None or scaled.denominator == 1, "a bit was dropped"
        expected.append(int(scaled) if target is None else bring(exact, target))
    assert quantizer.apply(codes, source).tolist() == expected
    spec = Activation(1, source, quantizer)
    trace = run_block(spec, codes[:, np.newaxis], np.arange(len(codes)))
    assert trace.codes[:, 0].tolist() == expected
