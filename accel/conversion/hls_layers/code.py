"""What a handler says of a block, and how formats and weights are written in C++."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hw.number.fixed_point import FixedPoint
from hw.stream import Port


@dataclass(frozen=True)
class Weight:
    """An array of weights, written into a header of its own.

    Parameters
    ----------
    name
        Prefix of the C++ variable, as in hls4ml: ``w``, ``b``, ``wr``, ...
    codes
        int64 codes, any shape, in C order.
    format
        Their number format.
    """

    name: str
    codes: np.ndarray
    format: FixedPoint


@dataclass(frozen=True)
class Template:
    """A call of one of our own C++ templates.

    Parameters
    ----------
    header
        File in ``hls_templates``.
    function
        Template function: takes inputs, output and the weights.
    config
        C++ definitions, the last one the struct `struct` itself.
    struct
        Name of the configuration struct.
    output
        The block's output port.
    weights
        In the order of the function's arguments.
    """

    header: str
    function: str
    config: str
    struct: str
    output: Port
    weights: tuple[Weight, ...] = ()


@dataclass(frozen=True)
class Stock:
    """A layer of hls4ml's own whose template is exact, given the right formats.

    Parameters
    ----------
    kind
        Its class name.
    attributes
        What hls4ml's parser would give.
    precision
        By hls4ml's name of the variable.
    output
        The block's output port.
    reuse
        Reuse factor, or ``None`` where it has none.
    strategy
        hls4ml's strategy, where there is a reuse factor.
    """

    kind: str
    attributes: Mapping[str, object]
    precision: Mapping[str, FixedPoint]
    output: Port
    reuse: int | None = None
    strategy: str = "Latency"


def cpp_type(format: FixedPoint) -> str:
    """Return the C++ type of a number format, its modes spelt out."""
    sign = "" if format.signed else "u"
    modes = f"AP_{format.rounding}, AP_{format.overflow}"
    return f"ap_{sign}fixed<{format.width}, {format.integer}, {modes}, 0>"


def cpp_integer(format: FixedPoint) -> str:
    """Return the C++ type of the codes of a number format."""
    return f"ap_{'' if format.signed else 'u'}int<{format.width}>"


def cpp_struct(name: str, members: Mapping[str, str | int], base: str = "") -> str:
    """Return a struct of types (text values) and of unsigned constants (whole numbers)."""
    lines = [
        f"    static const unsigned {key} = {value};"
        if isinstance(value, int)
        else f"    typedef {value} {key};"
        for key, value in members.items()
    ]
    head = f"struct {name}{f' : {base}' if base else ''} {{"
    return "\n".join([head, *lines, "};\n"])


def cpp_lookup(name: str, values: tuple[int, ...]) -> str:
    """Return a member function that looks whole numbers up: a ROM in hardware."""
    text = ", ".join(f"{value}LL" for value in values)
    return (
        f"    static long long {name}(unsigned place) {{\n"
        "        #pragma HLS INLINE\n"
        f"        static const long long values[] = {{{text}}};\n"
        "        return values[place];\n"
        "    }\n"
    )
