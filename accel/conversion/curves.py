"""QKeras quantizers that are staircases or bent lines, as functions of `hw`."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from accel.conversion.place import Place, check_bits, check_common, check_integer, scale_of
from accel.qkeras_compat import qkeras
from hw.errors import ChronogateError
from hw.function import qkeras as staircases
from hw.function.leaky_relu import LeakyRelu, quantized_leaky_relu
from hw.function.pointwise import Pointwise
from hw.function.staircase import Staircase
from hw.function.tracing import trace_staircase
from hw.number.fixed_point import FixedPoint

Function = TypeVar("Function", Staircase, LeakyRelu)

MOST_BITS = 12  # of a staircase, see `hw.function.staircase.MOST_VALUES`


def leaky_relu(quantizer: qkeras.quantized_relu, place: Place) -> LeakyRelu:
    """`quantized_relu` with ``negative_slope`` or ``relu_upper_bound``."""
    bound = None if quantizer.is_quantized_clip else quantizer.relu_upper_bound
    slope = float(quantizer.negative_slope)
    return _named(place, lambda: quantized_leaky_relu(
        int(quantizer.bits), int(quantizer.integer), slope, bound or None
    ))  # fmt: skip


def real_tanh(quantizer: qkeras.quantized_tanh, place: Place) -> Staircase:
    """`quantized_tanh` with ``use_real_tanh=True``."""
    bits = _few_bits(int(quantizer.bits), 2, place)
    return staircases.real_tanh(bits, bool(quantizer.symmetric))


def real_sigmoid(quantizer: qkeras.quantized_sigmoid, place: Place) -> Staircase:
    """`quantized_sigmoid` with ``use_real_sigmoid=True``."""
    bits = _few_bits(int(quantizer.bits), 1, place)
    return staircases.real_sigmoid(bits, bool(quantizer.symmetric))


def symmetric_sigmoid(quantizer: qkeras.quantized_sigmoid, place: Place) -> Staircase:
    """`quantized_sigmoid` with ``symmetric=True``: never zero, so no plain format."""
    bits = _few_bits(int(quantizer.bits), 1, place)
    scale = 2.0**bits

    def formula(x: np.ndarray) -> np.ndarray:
        return np.clip(np.rint(np.clip(x / 2 + 0.5, 0, 1) * scale), 1.0, scale - 1)

    return trace_staircase(formula, [], FixedPoint(bits, 0, signed=False))


def scaled_bits(quantizer: qkeras.quantized_bits, place: Place) -> Staircase:
    """`quantized_bits` with ``alpha`` another power of two, or with one bit."""
    scale = scale_of(quantizer.alpha, place)
    check_integer(int(quantizer.integer), place)
    signed = bool(quantizer.keep_negative)
    bits = _few_bits(int(quantizer.bits), 1, place)
    if bits == signed:
        return staircases.binary(False, scale)
    magnitude, integer = bits - signed, int(quantizer.integer)
    low = float(signed * (bool(quantizer.symmetric) - 2**magnitude))

    def formula(x: np.ndarray) -> np.ndarray:
        return np.clip(np.rint(x * 2.0 ** (magnitude - integer)), low, 2.0**magnitude - 1)

    shift = int(np.log2(scale))
    return trace_staircase(formula, [], FixedPoint(bits, integer + signed + shift, signed))


def binary(quantizer: qkeras.binary, place: Place) -> Staircase:
    """`binary` and `stochastic_binary`, which is not stochastic in inference."""
    check_common(quantizer, place)
    return staircases.binary(bool(quantizer.use_01), scale_of(quantizer.alpha, place))


def ternary(quantizer: qkeras.ternary, place: Place) -> Staircase:
    """`ternary` and `stochastic_ternary`, which is not stochastic in inference."""
    check_common(quantizer, place)
    scale = scale_of(quantizer.alpha, place)
    threshold = quantizer.threshold
    threshold = float(quantizer.default_threshold if threshold is None else threshold)
    return _named(place, lambda: staircases.ternary(threshold, scale))


def power_of_two(quantizer: qkeras.quantized_po2, place: Place) -> Staircase:
    """`quantized_po2`."""
    check_common(quantizer, place)
    return _named(place, lambda: staircases.power_of_two(
        int(quantizer.bits), quantizer.max_value, bool(quantizer.quadratic_approximation),
        quantizer.log2_rounding,
    ))  # fmt: skip


def relu_power_of_two(quantizer: qkeras.quantized_relu_po2, place: Place) -> Staircase:
    """`quantized_relu_po2`."""
    check_common(quantizer, place)
    return _named(place, lambda: staircases.relu_power_of_two(
        int(quantizer.bits), quantizer.max_value, float(quantizer.negative_slope),
        bool(quantizer.quadratic_approximation), quantizer.log2_rounding,
    ))  # fmt: skip


def hard_swish(quantizer: qkeras.quantized_hswish, place: Place) -> Staircase:
    """`quantized_hswish`."""
    check_common(quantizer, place)
    if scale_of(quantizer.alpha, place) != 1 or not quantizer.keep_negative:
        raise place.refuse(
            "is quantized_hswish with a scale or without a sign", "write alpha=1, keep_negative=1"
        )
    bits = _few_bits(int(quantizer.bits), 2, place)
    check_integer(int(quantizer.integer), place)
    return _named(place, lambda: staircases.hard_swish(
        bits, int(quantizer.integer), bool(quantizer.symmetric),
        quantizer.relu_shift, quantizer.relu_upper_bound,
    ))  # fmt: skip


def bernoulli(quantizer: qkeras.bernoulli, place: Place) -> Pointwise:
    """Refuse `bernoulli`, which draws at random in inference too."""
    raise place.refuse(
        "is bernoulli, which draws at random in inference too",
        "use stochastic_binary, or binary(use_01=True, alpha=1)",
    )


def _few_bits(bits: int, fewest: int, place: Place) -> int:
    check_bits(bits, fewest, place)
    if bits > MOST_BITS:
        raise place.refuse(
            f"has {bits} bits, a staircase too large for every channel", f"use {MOST_BITS} or fewer"
        )
    return bits


def _named(place: Place, make: Callable[[], Function]) -> Function:
    """Add the place to what `hw` refuses."""
    try:
        return make()
    except ChronogateError as error:
        raise ChronogateError(f"layer {place.layer!r}: {place.argument}: {error}") from None
