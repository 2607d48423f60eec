"""Where a quantizer sits, and the checks that every quantizer goes through."""

from dataclasses import dataclass

import numpy as np

from accel.qkeras_compat import qkeras
from hw.errors import ChronogateError

MAX_BITS = 30  # QKeras computes 2**bits in int32


@dataclass(frozen=True)
class Place:
    """Where a quantizer sits, for messages: a layer's name and the argument."""

    layer: str
    argument: str

    def refuse(self, problem: str, remedy: str) -> ChronogateError:
        """Return the error that names this place."""
        return ChronogateError(f"layer {self.layer!r}: {self.argument} {problem}: {remedy}")


def check_common(quantizer: object, place: Place) -> None:
    """Refuse what makes any quantizer draw at random or quantize in part."""
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


def check_hard(place: Place) -> None:
    """Refuse hard functions that QKeras was told to compute otherwise."""
    if qkeras.quantizers._sigmoid is not qkeras.hard_sigmoid:
        raise place.refuse(
            "follows qkeras.set_internal_sigmoid, which is not 'hard'",
            "call set_internal_sigmoid('hard')",
        )


def check_bits(bits: int, fewest: int, place: Place) -> None:
    """Refuse a number of bits that no format or QKeras's own arithmetic holds."""
    if not fewest <= bits <= MAX_BITS:
        raise place.refuse(f"has {bits} bits", f"use {fewest} to {MAX_BITS}")


def check_integer(integer: int, place: Place) -> None:
    """Refuse integer bits that QKeras cannot compute."""
    if not 0 <= integer <= MAX_BITS:
        raise place.refuse(
            f"has integer={integer}, which QKeras cannot compute", f"use 0 to {MAX_BITS}"
        )


def scale_of(alpha: object, place: Place) -> float:
    """Return the fixed scale of an activation's quantizer.

    Raises
    ------
    ChronogateError
        When it follows the data, or is no power of two.
    """
    if isinstance(alpha, str):
        # QKeras turns a kernel's alpha=None into auto_po2 when the layer is made.
        raise place.refuse(
            f"has alpha={alpha!r}, a scale that changes with the data",
            "write alpha=1, or another power of two",
        )
    if alpha is None:
        return 1.0
    if not isinstance(alpha, (int, float, np.number)):
        raise place.refuse("has an array as alpha", "write alpha=1, or another power of two")
    scale = float(alpha)
    if not scale > 0 or not np.log2(scale).is_integer():
        raise place.refuse(
            f"has alpha={alpha}, which is no power of two", "write alpha=1, or another power of two"
        )
    return scale
