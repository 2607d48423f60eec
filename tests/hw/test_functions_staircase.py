"""Staircases against the formulas they come from, in software and in hardware."""

from math import ceil, floor

import numpy as np
import pytest

from hw import Activation, ChronogateError, FixedPoint
from hw.function import qkeras
from hw.function.staircase import Staircase
from tests.hw.harness import run_block

WIDE = FixedPoint(24, 5)
SOURCES = [FixedPoint(7, 3), FixedPoint(6, 2, signed=False), FixedPoint(8, 9), FixedPoint(11, 4)]


def sigmoid(bits: int, symmetric: bool, x: np.ndarray) -> np.ndarray:
    scale = 2.0**bits
    return np.clip(np.rint(scale / (1 + np.exp(-x))) / scale, symmetric / scale, 1 - 1 / scale)


def tanh(bits: int, symmetric: bool, x: np.ndarray) -> np.ndarray:
    scale = 2.0 ** (bits - 1)
    return np.clip(np.rint(np.tanh(x) * scale) / scale, symmetric / scale - 1, 1 - 1 / scale)


def hard_swish(bits: int, symmetric: bool, x: np.ndarray) -> np.ndarray:
    scale = 2.0 ** (bits - 1)
    swish = x * np.clip(x + 3, 0, 6) / 6
    return 2 * np.clip(np.rint(swish * scale / 2) / scale, symmetric / scale - 1, 1 - 1 / scale)


def hard_swish_function(bits: int, symmetric: bool) -> Staircase:
    return qkeras.hard_swish(bits, 1, symmetric)


SMOOTH = {
    "sigmoid": (qkeras.real_sigmoid, sigmoid),
    "tanh": (qkeras.real_tanh, tanh),
    "hard_swish": (hard_swish_function, hard_swish),
}


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("bits", [2, 3, 5, 8])
@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_functions(name: str, bits: int, symmetric: bool) -> None:
    make, formula = SMOOTH[name]
    function = make(bits, symmetric)
    for source in SOURCES:
        codes = np.arange(source.minimum, source.maximum + 1)
        wanted = formula(bits, symmetric, source.to_float(codes))
        given = function.output.to_float(function.apply(codes, source))
        assert given.tolist() == wanted.tolist(), f"{name} of {source}"


@pytest.mark.parametrize("name", SMOOTH)
def test_wide_inputs_beside_every_threshold(name: str) -> None:
    make, formula = SMOOTH[name]
    function = make(6, False)
    for source in (FixedPoint(32, 6), FixedPoint(44, 12)):
        near = np.array([floor(t * 2.0**source.fraction) for t in function.thresholds])
        codes = (near[:, np.newaxis] + np.arange(-50, 50)).ravel()
        wanted = formula(6, False, source.to_float(codes))
        assert function.output.to_float(function.apply(codes, source)).tolist() == wanted.tolist()


def binary(x: float) -> float:
    return 1.0 if x >= 0 else -1.0


def half_binary(x: float) -> float:
    return 2.0 if x >= 0 else 0.0


def ternary(x: float) -> float:
    return 0.0 if abs(x) < 0.375 else 0.5 * np.sign(x)


def po2(x: float, least: int, most: int, base: float = 2.0) -> float:
    """The nearest power of two in the logarithm."""
    if abs(x) < 1e-7:
        return 2.0**least * (-1 if x < 0 else 1)
    exponent = min(max(round(np.log(abs(x)) / np.log(2.0)), least), most)
    return base**exponent * (-1 if x < 0 else 1)


def po2_quadratic(x: float) -> float:
    if abs(x) < 1e-7:
        return 2.0**-4 * (-1 if x < 0 else 1)
    exponent = 2 * min(max(round(np.log(np.sqrt(abs(x))) / np.log(2.0)), -4), 2)
    return 2.0**exponent * (-1 if x < 0 else 1)


def po2_floor(x: float) -> float:
    if abs(x) < 1e-7:
        return 2.0**-8 * (-1 if x < 0 else 1)
    return 2.0 ** min(max(floor(np.log2(min(abs(x), 1.0))), -8), 7) * (-1 if x < 0 else 1)


def relu_po2(x: float) -> float:
    return po2(max(x, 0), -4, 3)


def leaky_po2(x: float) -> float:
    return po2(x, -4, 3) if x >= 0 else po2(x / 4, -4, 3)


FEW = {
    "binary": (qkeras.binary(), binary),
    "half_binary": (qkeras.binary(use_01=True, alpha=2.0), half_binary),
    "ternary": (qkeras.ternary(0.375, alpha=0.5), ternary),
    "po2": (qkeras.power_of_two(4), lambda x: po2(x, -4, 3)),
    "po2_quadratic": (qkeras.power_of_two(4, quadratic_approximation=True), po2_quadratic),
    "po2_floor": (qkeras.power_of_two(4, max_value=1.0, log2_rounding="floor"), po2_floor),
    "relu_po2": (qkeras.relu_power_of_two(3), relu_po2),
    "leaky_po2": (qkeras.relu_power_of_two(3, negative_slope=0.25), leaky_po2),
}


@pytest.mark.parametrize("name", FEW)
def test_few_values(name: str) -> None:
    function, formula = FEW[name]
    for source in [*SOURCES, FixedPoint(14, 3)]:
        codes = np.arange(source.minimum, source.maximum + 1)
        wanted = [formula(x) for x in source.to_float(codes).tolist()]
        assert function.output.to_float(function.apply(codes, source)).tolist() == wanted, source


def test_ends_of_the_dead_band() -> None:
    function, source = qkeras.ternary(0.5), FixedPoint(8, 2)
    codes = np.array([-33, -32, -31, 0, 31, 32])
    assert function.apply(codes, source).tolist() == [-1, -1, 0, 0, 0, 1]


CASES = [
    ("sigmoid of a narrow input", qkeras.real_sigmoid(5), FixedPoint(6, 3)),
    ("sigmoid of a wide input", qkeras.real_sigmoid(6), WIDE),
    ("tanh", qkeras.real_tanh(5, symmetric=True), FixedPoint(20, 4)),
    ("tanh of what is never negative", qkeras.real_tanh(4), FixedPoint(16, 3, signed=False)),
    ("sign", qkeras.binary(), WIDE),
    ("sign of what is never negative", qkeras.binary(), FixedPoint(16, 3, signed=False)),
    ("ternary", qkeras.ternary(), WIDE),
    ("powers", qkeras.power_of_two(4), WIDE),
    ("powers of a narrow input", qkeras.power_of_two(4), FixedPoint(5, 2)),
    ("hard swish", qkeras.hard_swish(6, 2), WIDE),
    ("a memory", qkeras.real_sigmoid(12), FixedPoint(9, 4)),
]


@pytest.mark.parametrize(("function", "source"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_hardware(function: Staircase, source: FixedPoint) -> None:
    """All codes, or beside every threshold, at the ends, and at random; with gaps."""
    rng = np.random.default_rng(1)
    ends = source.plain().minimum, source.maximum
    if source.width < 8:
        codes = np.arange(ends[0], ends[1] + 1)
    else:
        near = np.array([ceil(t * 2.0**source.fraction) for t in function.thresholds])
        near = np.concatenate([near, near - 1])
        codes = np.concatenate([near, ends, rng.integers(*ends, 50, endpoint=True)])
        codes = codes[(codes >= ends[0]) & (codes <= ends[1])]
    fed = np.cumsum(rng.integers(1, 3, len(codes)))
    spec = Activation(1, source, function)
    trace = run_block(spec, codes[:, np.newaxis], fed)
    wanted = function.apply(codes, source).tolist()
    assert trace.codes[:, 0].tolist() == wanted
    assert (trace.cycles - fed).tolist() == [spec.timing.latency_cycles] * len(fed)


def test_depth_of_the_search() -> None:
    assert qkeras.real_sigmoid(8).delay_cycles(WIDE) == 8
    assert qkeras.real_sigmoid(8).delay_cycles(FixedPoint(7, 2)) == 1
    assert qkeras.ternary().delay_cycles(WIDE) == 2


@pytest.mark.parametrize(
    ("make", "fix"),
    [
        (lambda: qkeras.power_of_two(8), "max_value"),
        (lambda: qkeras.real_sigmoid(13), "12 bits"),
        (lambda: qkeras.ternary(0.0), "threshold > 0"),
        (lambda: qkeras.binary(alpha=0.3), "power of two"),
        (lambda: qkeras.hard_swish(6, 2, relu_shift=0), "positive"),
        (lambda: Staircase((0.0, 0.0), (0, 1, 2), FixedPoint(4, 4)), "ascend"),
        (lambda: Staircase((float("nan"),), (0, 1), FixedPoint(4, 4)), "finite"),
        (lambda: Staircase((0.0,), (0, 9), FixedPoint(4, 4)), "more bits"),
        (lambda: Staircase((0.0,), (0,), FixedPoint(4, 4)), "2 values"),
    ],
)
def test_refusals(make, fix: str) -> None:
    with pytest.raises(ChronogateError, match=fix):
        make()
