"""What a handler says of a block, and how formats and weights are written in C++."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hw.block import Spec
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
        Template function: takes output, inputs and the weights. ``{}`` stands for its template
        arguments, which are the configuration and the types of the ports.
    config
        C++ definitions, the last one the struct `struct` itself.
    struct
        Name of the configuration struct.
    inputs, output
        The block's ports.
    weights
        In the order of the function's arguments.
    lasting
        Whether what it keeps from step to step lasts from call to call of the top function.
    """

    header: str
    function: str
    config: str
    struct: str
    inputs: tuple[Port, ...]
    output: Port
    weights: tuple[Weight, ...] = ()
    lasting: bool = False


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


def template_of(
    spec: Spec,
    header: str,
    function: str,
    name: str,
    members: Mapping[str, str | int],
    before: str = "",
    inside: str = "",
    weights: tuple[Weight, ...] = (),
) -> Template:
    """Return the call of a template.

    Parameters
    ----------
    spec
        The block, of one output.
    header
        File in ``hls_templates``.
    function
        Name of the template function.
    name
        Name of the configuration struct.
    members
        Its types and constants.
    before
        Definitions in front of it.
    inside
        Its member functions.
    weights
        In the order of the function's arguments.
    """
    struct = cpp_struct(name, members).replace("};\n", f"{inside}}};\n")
    call = function if "{}" in function else f"{function}<{{}}>"
    head = f"{before}\n" if before else ""
    return Template(header, call, head + struct, name, spec.inputs, spec.outputs[0], weights)


def cpp_type(format: FixedPoint) -> str:
    """Return the C++ type of a number format, its modes spelt out."""
    sign = "" if format.signed else "u"
    modes = f"AP_{format.rounding}, AP_{format.overflow}"
    return f"ap_{sign}fixed<{format.width}, {format.integer}, {modes}, 0>"


def cpp_integer(format: FixedPoint) -> str:
    """Return the C++ type of the codes of a number format."""
    return f"ap_{'' if format.signed else 'u'}int<{format.width}>"


def cpp_struct(name: str, members: Mapping[str, str | int]) -> str:
    """Return a struct of types (text values) and of unsigned constants (whole numbers)."""
    lines = [
        f"    static const unsigned {key} = {value};"
        if isinstance(value, int)
        else f"    typedef {value} {key};"
        for key, value in members.items()
    ]
    return "\n".join([f"struct {name} {{", *lines, "};\n"])


def cpp_lookup(name: str, values: tuple[int, ...]) -> str:
    """Return a member function that looks whole numbers up: a ROM in hardware."""
    text = ", ".join(cpp_number(value) for value in values)
    return (
        f"    static long long {name}(unsigned place) {{\n"
        "        #pragma HLS INLINE\n"
        f"        static const long long values[] = {{{text}}};\n"
        "        return values[place];\n"
        "    }\n"
    )


def cpp_number(value: int) -> str:
    """Return a literal; the lowest 64-bit number has none."""
    return f"{value}LL" if value > -(1 << 63) else f"({value + 1}LL - 1)"


def cpp_constant(name: str, value: int) -> str:
    """Return a member function of a whole number of any size; its type is as wide as needed."""
    kind = f"ap_int<{value.bit_length() + 1}>"
    parts = [(abs(value) >> place) & 0xFFFFFFFF for place in range(0, value.bit_length() or 1, 32)]
    terms = [f"({kind}({part}u) << {32 * index})" for index, part in enumerate(parts)]
    text = " + ".join(terms)
    return (
        f"    static {kind} {name}() {{\n"
        "        #pragma HLS INLINE\n"
        f"        return {'-' if value < 0 else ''}({text});\n"
        "    }\n"
    )
