"""QKeras quantizers as functions of `hw`, each as ``qkeras/quantizers.py`` computes it.

Many are a plain format (round half to even, saturate), or a hard function followed by one; those
that are not (`accel.conversion.curves`) are staircases. Whatever is neither is refused here, by
name and with the spelling to use instead.
"""

from collections.abc import Callable

from accel.conversion import curves
from accel.conversion.place import (
    Place,
    check_bits,
    check_common,
    check_hard,
    check_integer,
)
from accel.conversion.rounded import RoundedCurve
from accel.qkeras_compat import keras, qkeras
from hw.function import qkeras as staircases
from hw.function.leaky_relu import LeakyRelu
from hw.function.pointwise import Pointwise
from hw.function.quantizer import Function, Quantizer
from hw.number.fixed_point import FixedPoint, Overflow, Rounding

__all__ = ["Place", "activation_of", "format_of"]

RELU = LeakyRelu(slope=0)


def activation_of(quantizer: object, place: Place) -> Pointwise:
    """Return the hardware's twin of an activation: a QKeras quantizer or hard function.

    Parameters
    ----------
    quantizer
        The object that the layer calls; ``None`` is the identity.
    place
        Where it was found.

    Raises
    ------
    ChronogateError
        When it has no exact twin.
    """
    if quantizer is None or quantizer is keras.activations.linear:
        return Quantizer(Function.LINEAR, None)
    if quantizer is qkeras.hard_sigmoid:
        return Quantizer(Function.HARD_SIGMOID, None)
    if quantizer is qkeras.hard_tanh:
        return Quantizer(Function.HARD_TANH, None)
    if quantizer is qkeras.binary_tanh:
        return staircases.binary_tanh()
    if quantizer is qkeras.quantizers.binary_sigmoid:
        return staircases.binary_sigmoid()
    if quantizer is keras.activations.relu:
        return RELU
    if isinstance(quantizer, RoundedCurve):
        return _few_values(quantizer, place).staircase()
    if type(quantizer) not in _READERS:
        raise place.refuse(
            f"is {_name(quantizer)}, which has no exact hardware",
            "use one of QKeras's quantizers, for example quantized_bits, quantized_relu, "
            "quantized_tanh or quantized_sigmoid",
        )
    return _READERS[type(quantizer)](quantizer, place)


def _few_values(curve: RoundedCurve, place: Place) -> RoundedCurve:
    if curve.output.width > curves.MOST_BITS:
        raise place.refuse(
            f"is a float function rounded to {curve.output.width} bits, a staircase too large",
            f"round it to {curves.MOST_BITS} bits or fewer",
        )
    return curve


def format_of(quantizer: object, place: Place) -> FixedPoint:
    """Return the format of a quantizer that does nothing but round and saturate.

    Raises
    ------
    ChronogateError
        When it does anything else, or is missing.
    """
    if quantizer is None:
        raise place.refuse("is missing", "give it, for example quantized_bits(8, 0, alpha=1)")
    format = plain_format(activation_of(quantizer, place))
    if format is None:
        raise place.refuse(
            f"is {_name(quantizer)}, which is no plain number format",
            "use quantized_bits(bits, integer, alpha=1)",
        )
    return format


def plain_format(function: Pointwise) -> FixedPoint | None:
    """Return the format of a function that only rounds and saturates, else ``None``."""
    # Saturating into one integer bit is hard tanh's own clip: the two are the same map.
    if not isinstance(function, Quantizer) or function.function is Function.HARD_SIGMOID:
        return None
    return function.output


def _quantized_bits(quantizer: qkeras.quantized_bits, place: Place) -> Pointwise:
    # xq = 2^i * clip(round(x * 2^(u-i)), keep * (-2^u + symmetric), 2^u - 1) / 2^u, u = bits - keep
    check_common(quantizer, place)
    signed = bool(quantizer.keep_negative)
    bits, integer = int(quantizer.bits), int(quantizer.integer)
    alpha = quantizer.alpha
    if isinstance(alpha, str) or (alpha is not None and alpha != 1) or bits == signed:
        return curves.scaled_bits(quantizer, place)
    check_bits(bits, 1 + signed, place)
    check_integer(integer, place)
    overflow = Overflow.SAT_SYM if signed and quantizer.symmetric else Overflow.SAT
    return Quantizer(
        Function.LINEAR, FixedPoint(bits, integer + signed, signed, Rounding.RND_CONV, overflow)
    )


def _quantized_relu(quantizer: qkeras.quantized_relu, place: Place) -> Pointwise:
    # xq = 2^i * clip(round(x * 2^(bits-i)) / 2^bits, 0, 1 - 2^-bits)
    check_common(quantizer, place)
    if quantizer.use_sigmoid:
        raise place.refuse(
            "is quantized_relu with use_sigmoid=1, which rounds twice", "leave use_sigmoid out"
        )
    bits, integer = int(quantizer.bits), int(quantizer.integer)
    check_bits(bits, 1 + (quantizer.negative_slope != 0), place)
    check_integer(integer, place)
    if quantizer.negative_slope or (quantizer.relu_upper_bound and not quantizer.is_quantized_clip):
        return curves.leaky_relu(quantizer, place)
    return Quantizer(
        Function.LINEAR, FixedPoint(bits, integer, False, Rounding.RND_CONV, Overflow.SAT)
    )


def _quantized_tanh(quantizer: qkeras.quantized_tanh, place: Place) -> Pointwise:
    # clip(round(hard_tanh(x) * 2^u) / 2^u, -1 + symmetric * 2^-u, 1 - 2^-u), u = bits - 1
    check_common(quantizer, place)
    if quantizer.use_real_tanh:
        return curves.real_tanh(quantizer, place)
    check_hard(place)
    bits = int(quantizer.bits)
    check_bits(bits, 2, place)
    overflow = Overflow.SAT_SYM if quantizer.symmetric else Overflow.SAT
    return Quantizer(Function.HARD_TANH, FixedPoint(bits, 1, True, Rounding.RND_CONV, overflow))


def _quantized_sigmoid(quantizer: qkeras.quantized_sigmoid, place: Place) -> Pointwise:
    # clip(round(hard_sigmoid(x) * 2^bits) / 2^bits, symmetric * 2^-bits, 1 - 2^-bits)
    check_common(quantizer, place)
    if quantizer.use_real_sigmoid:
        return curves.real_sigmoid(quantizer, place)
    check_hard(place)
    if quantizer.symmetric:
        return curves.symmetric_sigmoid(quantizer, place)
    bits = int(quantizer.bits)
    check_bits(bits, 1, place)
    return Quantizer(
        Function.HARD_SIGMOID, FixedPoint(bits, 0, False, Rounding.RND_CONV, Overflow.SAT)
    )


_READERS: dict[type, Callable[..., Pointwise]] = {
    qkeras.quantized_bits: _quantized_bits,
    qkeras.quantized_relu: _quantized_relu,
    qkeras.quantized_tanh: _quantized_tanh,
    qkeras.quantized_sigmoid: _quantized_sigmoid,
    qkeras.binary: curves.binary,
    qkeras.stochastic_binary: curves.binary,
    qkeras.ternary: curves.ternary,
    qkeras.stochastic_ternary: curves.ternary,
    qkeras.quantized_po2: curves.power_of_two,
    qkeras.quantized_relu_po2: curves.relu_power_of_two,
    qkeras.quantized_hswish: curves.hard_swish,
    qkeras.bernoulli: curves.bernoulli,
}


def _name(quantizer: object) -> str:
    return getattr(quantizer, "__name__", type(quantizer).__name__)
