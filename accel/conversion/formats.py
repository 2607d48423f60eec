"""QKeras quantizers as number formats, each as its source computes it (``qkeras/quantizers.py``).

A quantizer either is a plain format (round half to even, saturate), or a hard function followed by
one. Whatever is neither is refused here, by name and with the spelling to use instead.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from accel.qkeras_compat import keras, qkeras
from hw.errors import ChronogateError
from hw.function.quantizer import Function, Quantizer
from hw.number.fixed_point import FixedPoint, Overflow, Rounding

MAX_BITS = 30  # QKeras computes 2**bits in int32


@dataclass(frozen=True)
class Place:
    """Where a quantizer sits, for messages: a layer's name and the argument."""

    layer: str
    argument: str

    def refuse(self, problem: str, remedy: str) -> ChronogateError:
        """Return the error that names this place."""
        return ChronogateError(f"layer {self.layer!r}: {self.argument} {problem}: {remedy}")


def activation_of(quantizer: object, place: Place) -> Quantizer:
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
    if type(quantizer) not in _READERS:
        raise place.refuse(
            f"is {_name(quantizer)}, which has no exact hardware yet",
            "use quantized_bits, quantized_relu, quantized_tanh or quantized_sigmoid",
        )
    return _READERS[type(quantizer)](quantizer, place)


def format_of(quantizer: object, place: Place) -> FixedPoint:
    """Return the format of a quantizer that does nothing but round and saturate.

    Raises
    ------
    ChronogateError
        When it does anything else, or is missing.
    """
    if quantizer is None:
        raise place.refuse("is missing", "give it, for example quantized_bits(8, 0, alpha=1)")
    result = activation_of(quantizer, place)
    # Saturating into one integer bit is hard tanh's own clip: the two are the same map.
    plain = result.function is Function.LINEAR or result.function is Function.HARD_TANH
    if not plain or result.output is None:
        raise place.refuse(
            f"is {_name(quantizer)}, which is no plain number format",
            "use quantized_bits(bits, integer, alpha=1)",
        )
    return result.output


def weight_format_of(quantizer: object, place: Place) -> FixedPoint:
    """Return the format of a weight quantizer; only `quantized_bits` quantizes weights here."""
    if quantizer is not None and type(quantizer) is not qkeras.quantized_bits:
        raise place.refuse(
            f"is {_name(quantizer)}, which is not supported for weights yet",
            "use quantized_bits(bits, integer, alpha=1)",
        )
    return format_of(quantizer, place)


def _quantized_bits(quantizer: qkeras.quantized_bits, place: Place) -> Quantizer:
    # xq = 2^i * clip(round(x * 2^(u-i)), keep * (-2^u + symmetric), 2^u - 1) / 2^u, u = bits - keep
    _check_alpha(quantizer.alpha, place)
    _check_common(quantizer, place)
    signed = bool(quantizer.keep_negative)
    bits, integer = int(quantizer.bits), int(quantizer.integer)
    _check_bits(bits, 1 + signed, place)
    _check_integer(integer, place)
    overflow = Overflow.SAT_SYM if signed and quantizer.symmetric else Overflow.SAT
    return Quantizer(
        Function.LINEAR, FixedPoint(bits, integer + signed, signed, Rounding.RND_CONV, overflow)
    )


def _quantized_relu(quantizer: qkeras.quantized_relu, place: Place) -> Quantizer:
    # xq = 2^i * clip(round(x * 2^(bits-i)) / 2^bits, 0, 1 - 2^-bits)
    _check_common(quantizer, place)
    for option in ("use_sigmoid", "negative_slope", "relu_upper_bound"):
        if getattr(quantizer, option):
            raise place.refuse(
                f"is quantized_relu with {option}={getattr(quantizer, option)}",
                f"leave {option} out",
            )
    bits, integer = int(quantizer.bits), int(quantizer.integer)
    _check_bits(bits, 1, place)
    _check_integer(integer, place)
    return Quantizer(
        Function.LINEAR, FixedPoint(bits, integer, False, Rounding.RND_CONV, Overflow.SAT)
    )


def _quantized_tanh(quantizer: qkeras.quantized_tanh, place: Place) -> Quantizer:
    # clip(round(hard_tanh(x) * 2^u) / 2^u, -1 + symmetric * 2^-u, 1 - 2^-u), u = bits - 1
    _check_common(quantizer, place)
    _check_hard("use_real_tanh", quantizer.use_real_tanh, place)
    bits = int(quantizer.bits)
    _check_bits(bits, 2, place)
    overflow = Overflow.SAT_SYM if quantizer.symmetric else Overflow.SAT
    return Quantizer(Function.HARD_TANH, FixedPoint(bits, 1, True, Rounding.RND_CONV, overflow))


def _quantized_sigmoid(quantizer: qkeras.quantized_sigmoid, place: Place) -> Quantizer:
    # clip(round(hard_sigmoid(x) * 2^bits) / 2^bits, symmetric * 2^-bits, 1 - 2^-bits)
    _check_common(quantizer, place)
    _check_hard("use_real_sigmoid", quantizer.use_real_sigmoid, place)
    if quantizer.symmetric:
        raise place.refuse(
            "is quantized_sigmoid with symmetric=True, which no format holds",
            "write symmetric=False",
        )
    bits = int(quantizer.bits)
    _check_bits(bits, 1, place)
    return Quantizer(
        Function.HARD_SIGMOID, FixedPoint(bits, 0, False, Rounding.RND_CONV, Overflow.SAT)
    )


_READERS: dict[type, Callable[..., Quantizer]] = {
    qkeras.quantized_bits: _quantized_bits,
    qkeras.quantized_relu: _quantized_relu,
    qkeras.quantized_tanh: _quantized_tanh,
    qkeras.quantized_sigmoid: _quantized_sigmoid,
}


def _check_alpha(alpha: object, place: Place) -> None:
    if isinstance(alpha, str):
        # QKeras turns a kernel's alpha=None into auto_po2 when the layer is made.
        raise place.refuse(
            f"has alpha={alpha!r} (which alpha=None on a kernel becomes): the scale would change "
            "with the weights",
            "write alpha=1",
        )
    if alpha is not None and not (isinstance(alpha, (int, float, np.number)) and alpha == 1):
        raise place.refuse(f"has alpha={alpha}, a scale that is not folded yet", "write alpha=1")


def _check_common(quantizer: object, place: Place) -> None:
    if getattr(quantizer, "use_stochastic_rounding", False):
        raise place.refuse(
            "rounds at random (use_stochastic_rounding)", "write use_stochastic_rounding=False"
        )
    share = float(getattr(quantizer, "qnoise_factor", 1.0))
    if share != 1.0:
        raise place.refuse(
            f"has qnoise_factor={share}, so it quantizes only in part",
            "set qnoise_factor to 1 before converting",
        )


def _check_hard(option: str, real: bool, place: Place) -> None:
    if real:
        raise place.refuse(
            f"has {option}=True, whose curve needs a table", f"write the hard form, {option}=False"
        )
    if qkeras.quantizers._sigmoid is not qkeras.hard_sigmoid:
        raise place.refuse(
            "follows qkeras.set_internal_sigmoid, which is not 'hard'",
            "call set_internal_sigmoid('hard')",
        )


def _check_bits(bits: int, fewest: int, place: Place) -> None:
    if not fewest <= bits <= MAX_BITS:
        raise place.refuse(f"has {bits} bits", f"use {fewest} to {MAX_BITS}")


def _check_integer(integer: int, place: Place) -> None:
    if not 0 <= integer <= MAX_BITS:
        raise place.refuse(
            f"has integer={integer}, which QKeras cannot compute", f"use 0 to {MAX_BITS}"
        )


def _name(quantizer: object) -> str:
    return getattr(quantizer, "__name__", type(quantizer).__name__)
