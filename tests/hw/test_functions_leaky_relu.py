"""Leaky relu against exact rationals, in software and in hardware."""

from fractions import Fraction

import numpy as np
import pytest

from hw import Activation, ChronogateError, FixedPoint, Overflow, Rounding
from hw.function.leaky_relu import LeakyRelu, quantized_leaky_relu
from tests.hw.harness import run_block

SOURCES = [FixedPoint(7, 3), FixedPoint(6, 1, signed=False), FixedPoint(5, 7), FixedPoint(5, -1)]
NARROW = FixedPoint(5, 2, True, Rounding.RND_CONV, Overflow.SAT)
FUNCTIONS = [
    LeakyRelu(1, 3),
    LeakyRelu(77, 8),  # 0.30078125: any dyadic constant
    LeakyRelu(3, 0, output=NARROW),
    LeakyRelu(1, 2, lowest=-0.3125, highest=6.0),
    LeakyRelu(1, 2, lowest=-0.75, output=NARROW),
    LeakyRelu(0, highest=6.0, output=FixedPoint(4, 3, False, Rounding.RND, Overflow.SAT)),
    LeakyRelu(0),
    quantized_leaky_relu(4, 2, 0.25),
]


def define(function: LeakyRelu, x: Fraction) -> Fraction:
    y = x if x >= 0 else x * function.slope / 2**function.slope_fraction
    y = y if function.lowest is None else max(y, Fraction(function.lowest))
    return y if function.highest is None else min(y, Fraction(function.highest))


@pytest.mark.parametrize("source", SOURCES, ids=str)
@pytest.mark.parametrize("function", FUNCTIONS, ids=range(len(FUNCTIONS)))
def test_leaky_relu(function: LeakyRelu, source: FixedPoint) -> None:
    codes = np.arange(source.minimum, source.maximum + 1)
    values = [define(function, code * Fraction(2) ** -source.fraction) for code in codes.tolist()]
    result = function.result_format(source)
    if function.output is None:
        scaled = [value * Fraction(2) ** result.fraction for value in values]
        assert all(s.denominator == 1 for s in scaled), "a bit was dropped"
        wanted = [int(s) for s in scaled]
    else:
        wanted = result.quantize(np.array([float(value) for value in values])).tolist()
    assert function.apply(codes, source).tolist() == wanted
    trace = run_block(Activation(1, source, function), codes[:, np.newaxis], np.arange(len(codes)))
    assert trace.codes[:, 0].tolist() == wanted


def qkeras_formula(bits: int, integer: int, slope: float, x: np.ndarray) -> np.ndarray:
    """``quantized_relu.__call__`` without use_sigmoid, in float64."""
    m, m_i = 2.0 ** (bits - (slope != 0)), 2.0**integer
    p = x * m / m_i
    result = m_i * np.clip(np.rint(p) / m, 0, 1 - 1 / m)
    if slope > 0:
        result += m_i * slope * np.clip(np.rint(p * slope) / (slope * m), -1, 0)
    return result


@pytest.mark.parametrize("slope", [0.0, 0.125, 0.25, 1.0, 2.0])
@pytest.mark.parametrize(("bits", "integer"), [(4, 0), (5, 2), (6, -1)])
def test_qkeras(bits: int, integer: int, slope: float) -> None:
    function, source = quantized_leaky_relu(bits, integer, slope), FixedPoint(11, 4)
    codes = np.arange(source.minimum, source.maximum + 1)
    wanted = qkeras_formula(bits, integer, slope, source.to_float(codes))
    given = function.result_format(source).to_float(function.apply(codes, source))
    assert given.tolist() == wanted.tolist()
    bounded = quantized_leaky_relu(bits, integer, slope, upper_bound=0.25)
    given = bounded.result_format(source).to_float(bounded.apply(codes, source))
    assert given.tolist() == np.minimum(wanted, 0.25).tolist()


@pytest.mark.parametrize(
    ("make", "fix"),
    [
        (lambda: quantized_leaky_relu(4, 0, 0.3), "power of two"),
        (lambda: quantized_leaky_relu(4, 0, 2.0**-4), "at least 0.125"),
        (lambda: quantized_leaky_relu(4, 1, 0.25, upper_bound=0.3), "multiple of 0.25"),
        (lambda: LeakyRelu(-1), "slope >= 0"),
        (lambda: LeakyRelu(1, highest=-2.0), "both sides of zero"),
    ],
)
def test_refusals(make, fix: str) -> None:
    with pytest.raises(ChronogateError, match=fix):
        make()
