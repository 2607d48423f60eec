"""The quantizers of QKeras that are staircases, as functions of one value.

Each is the formula of ``qkeras/quantizers.py`` (0.9.0) evaluated in float64 without its straight
through estimator. Those that are piecewise linear are `hw.function.quantizer.Quantizer` and
`hw.function.leaky_relu.LeakyRelu`.
"""

from dataclasses import replace
from math import log2

import numpy as np

from hw.errors import ChronogateError
from hw.function.staircase import Staircase
from hw.function.tracing import Formula, trace, trace_staircase
from hw.number.fixed_point import MAX_WIDTH, FixedPoint, Overflow, Rounding

EPSILON = 1e-7
"""``K.epsilon()``: what is smaller gets the least exponent."""


def real_sigmoid(bits: int, symmetric: bool = False) -> Staircase:
    """Return ``quantized_sigmoid(bits, symmetric, use_real_sigmoid=True)``."""
    scale = 2.0**bits

    def formula(x: np.ndarray) -> np.ndarray:
        return np.clip(np.rint(scale / (1.0 + np.exp(-x))), float(symmetric), scale - 1)

    return trace_staircase(formula, [], _format(bits, 0, signed=False))


def real_tanh(bits: int, symmetric: bool = False) -> Staircase:
    """Return ``quantized_tanh(bits, symmetric=symmetric, use_real_tanh=True)``."""
    scale = 2.0 ** (bits - 1)

    def formula(x: np.ndarray) -> np.ndarray:
        return np.clip(np.rint(np.tanh(x) * scale), symmetric - scale, scale - 1)

    return trace_staircase(formula, [], _format(bits, 1, signed=True))


def binary(use_01: bool = False, alpha: float = 1.0) -> Staircase:
    """Return ``binary(use_01, alpha)``: -alpha or alpha, or 0 or alpha; zero counts as positive."""
    low = 0 if use_01 else -1
    return Staircase((0.0,), (low, 1), _scaled_format(alpha, low))


def binary_tanh() -> Staircase:
    """Return ``binary_tanh``: -1 or 1; zero, whose hard sigmoid is the tie 1/2, counts as -1."""
    return replace(binary_sigmoid(), codes=(-1, 1), output=_scaled_format(1.0, -1))


def binary_sigmoid() -> Staircase:
    """Return ``binary_sigmoid``: 0 or 1, the hard sigmoid rounded half to even."""

    def formula(x: np.ndarray) -> np.ndarray:
        return np.rint(np.clip(0.5 * x + 0.5, 0.0, 1.0))

    return trace_staircase(formula, [], _scaled_format(1.0, 0))


def ternary(threshold: float = 0.33, alpha: float = 1.0) -> Staircase:
    """Return ``ternary(alpha, threshold)``: -alpha, 0 or alpha, with the dead band between.

    Raises
    ------
    ChronogateError
        When the threshold is not positive, or alpha no power of two.
    """
    if not threshold > 0:
        raise ChronogateError(
            f"ternary with threshold {threshold} has no dead band: write binary, or a threshold > 0"
        )
    # The lower end belongs to the band's outside: the band begins with the next number.
    thresholds = (float(np.nextafter(-threshold, 0.0)), threshold)
    return Staircase(thresholds, (-1, 0, 1), _scaled_format(alpha, -1))


def power_of_two(
    bits: int,
    max_value: float | None = None,
    quadratic_approximation: bool = False,
    log2_rounding: str = "rnd",
) -> Staircase:
    """Return ``quantized_po2(bits, max_value, ...)``: plus or minus a power of two.

    Raises
    ------
    ChronogateError
        When the powers span more bits than a number may have.
    """
    least, most = _exponents(bits - 1, max_value, quadratic_approximation)

    def formula(x: np.ndarray) -> np.ndarray:
        exponent = _exponent(
            np.abs(x), least, most, max_value, quadratic_approximation, log2_rounding
        )
        return np.where(x < 0, -1, 1) * 2.0**exponent

    return _powers(formula, _band(EPSILON), f"quantized_po2({bits})")


def relu_power_of_two(
    bits: int,
    max_value: float | None = None,
    negative_slope: float = 0.0,
    quadratic_approximation: bool = False,
    log2_rounding: str = "rnd",
) -> Staircase:
    """Return ``quantized_relu_po2(bits, max_value, negative_slope, ...)``.

    Without a slope, zero and all below give the least power of two, as QKeras has it.

    Raises
    ------
    ChronogateError
        When the powers span more bits than a number may have.
    """
    least, most = _exponents(bits, max_value, quadratic_approximation)

    def formula(x: np.ndarray) -> np.ndarray:
        sides = [
            2.0 ** _exponent(side, least, most, max_value, quadratic_approximation, log2_rounding)
            for side in (np.maximum(x, 0), np.maximum(-x, 0) * negative_slope)
        ]
        return np.where((x >= 0) | (negative_slope == 0), sides[0], -sides[1])

    below = _band(EPSILON / negative_slope)[:2] if negative_slope else [0.0]
    return _powers(formula, [*below, *_band(EPSILON)[2:]], f"quantized_relu_po2({bits})")


def hard_swish(
    bits: int, integer: int, symmetric: bool = False, relu_shift: int = 3, relu_upper_bound: int = 6
) -> Staircase:
    """Return ``quantized_hswish(bits, integer, symmetric, relu_shift, relu_upper_bound)``.

    Raises
    ------
    ChronogateError
        When shift or bound is not positive (QKeras asserts that too), or `bits` is one.
    """
    if relu_shift <= 0 or relu_upper_bound <= 0 or bits < 2:
        raise ChronogateError(
            f"quantized_hswish({bits}) with shift {relu_shift} and bound {relu_upper_bound} is not "
            "defined: write positive numbers and at least 2 bits"
        )
    scale = 2.0 ** (bits - 1)

    def formula(x: np.ndarray) -> np.ndarray:
        relu = np.clip(x + relu_shift, 0, relu_upper_bound)
        swish = x * relu / relu_upper_bound
        return np.clip(np.rint(swish * scale / 2.0**integer), symmetric - scale, scale - 1)

    valley = min(-relu_shift / 2, float(relu_upper_bound - relu_shift))
    return trace_staircase(formula, [-relu_shift, valley], _format(bits, integer + 1, signed=True))


def _format(bits: int, integer: int, signed: bool) -> FixedPoint:
    return FixedPoint(bits, integer, signed, Rounding.RND_CONV, Overflow.SAT)


def _scaled_format(alpha: float, lowest: int) -> FixedPoint:
    if alpha <= 0 or not log2(alpha).is_integer():
        raise ChronogateError(
            f"alpha={alpha} is no power of two, so its outputs have no exact format: write "
            "alpha=1, or another power of two"
        )
    bits = 2 if lowest < 0 else 1
    return FixedPoint(bits, bits + int(log2(alpha)), lowest < 0)


def _exponents(bits: int, max_value: float | None, quadratic: bool) -> tuple[int, int]:
    """Return the least and greatest exponent, as ``_get_min_max_exponents``."""
    effective = bits - (max_value is None or max_value > 1)
    least, most = -(2**effective), 2**effective - 1
    return int(least), int(2 * (most // 2) if quadratic else most)


def _exponent(
    magnitude: np.ndarray,
    least: int,
    most: int,
    max_value: float | None,
    quadratic: bool,
    log2_rounding: str,
) -> np.ndarray:
    """Return the exponents of powers of two beside `magnitude`, as ``_clip_power_of_two``."""
    filtered = np.maximum(magnitude, EPSILON)
    if max_value is not None:
        filtered = np.minimum(filtered, max_value)
    logarithm = np.log(np.sqrt(filtered) if quadratic else filtered) / np.log(2.0)
    rounded = np.floor(logarithm) if log2_rounding == "floor" else np.rint(logarithm)
    clipped = np.clip(rounded, least, most) * (2.0 if quadratic else 1.0)
    return np.where(magnitude < EPSILON, least, clipped)


def _band(epsilon: float) -> list[float]:
    """Return both sides of both ends of the band that gets the least exponent.

    With quadratic approximation it is not the least value, so the formula turns there.
    """
    inside = float(np.nextafter(epsilon, 0.0))
    return [-epsilon, -inside, inside, epsilon]


def _powers(formula: Formula, turns: list[float], what: str) -> Staircase:
    """Trace a formula of powers of two onto the narrowest grid that holds them all."""
    thresholds, values = trace(formula, turns)
    exponents = [round(log2(abs(value))) for value in values]
    fraction = -min(exponents)
    sign = min(values) < 0
    width = max(exponents) + fraction + 1 + sign
    if width > MAX_WIDTH:
        raise ChronogateError(
            f"{what} spans 2**{min(exponents)} to 2**{max(exponents)}, more than {MAX_WIDTH} bits: "
            "write fewer bits, or a max_value"
        )
    codes = tuple(int(value * 2.0**fraction) for value in values)
    return Staircase(thresholds, codes, FixedPoint(width, width - fraction, sign))
