"""Functions of one value (`hw.function`) as structs of ``chronogate_function.h``."""

from fractions import Fraction

from accel.conversion.hls_layers.code import cpp_constant, cpp_integer, cpp_lookup, cpp_type
from hw.function.leaky_relu import LeakyRelu
from hw.function.pointwise import Pointwise
from hw.function.quantizer import Function, Quantizer
from hw.function.quotient import Quotient
from hw.function.staircase import Staircase
from hw.function.table import Table
from hw.number.arithmetic import common_format, product_format
from hw.number.division import Division
from hw.number.fixed_point import FixedPoint

FUNCTIONS = (Quantizer, Quotient, LeakyRelu, Staircase, Table)
"""Those that have a template."""


def function_struct(name: str, function: Pointwise, source: FixedPoint) -> str:
    """Return C++ that defines the struct `name` for `function` of numbers of format `source`.

    Parameters
    ----------
    name
        A C++ identifier.
    function
        One of `FUNCTIONS`.
    source
        Format of the argument.
    """
    result = function.result_format(source)
    types = f"{cpp_type(source.plain())}, {{}}{cpp_type(result)}"
    match function:
        case Quantizer(Function.LINEAR):
            base, members = f"linear<{types.format('')}>", ""
        case Quantizer():
            exact = f"{cpp_type(_before_the_clip(source))}, "
            base, members = f"{function.function}<{types.format(exact)}>", ""
        case LeakyRelu():
            base, members = _leaky_relu(name, function, source, types)
        case Staircase():
            base, members = f"staircase<{types.format('')}, {name}_steps>", _steps(function, source)
            members = f"struct {name}_steps {{\n{members}}};\n"
        case Table():
            base, members = f"table<{types.format('')}, {name}_table>", _table(function, source)
            members = f"struct {name}_table {{\n{members}}};\n"
        case Quotient():
            base = f"quotient<{types.format('')}, {name}_division>"
            members = _division(function, source)
            members = f"struct {name}_division {{\n{members}}};\n"
        case _:
            raise TypeError(f"no template for {type(function).__name__}")
    return f"{members}struct {name} : chronogate::{base} {{}};\n"


def _before_the_clip(source: FixedPoint) -> FixedPoint:
    """Return a format for x, x / 2 + 1 / 2, and the clip's ends."""
    fraction = max(source.fraction + 1, 1)
    integer = max(source.integer + (not source.signed), 2) + 1
    return FixedPoint(integer + fraction, integer)


def _leaky_relu(name: str, function: LeakyRelu, source: FixedPoint, types: str) -> tuple[str, str]:
    width = max(function.slope.bit_length(), 1)
    slope = FixedPoint(width, width - function.slope_fraction, signed=False)
    # Only a negative number is multiplied, and only its bounds matter where there are none.
    exact = common_format(source, product_format(source, slope))
    low, high = exact.step * exact.minimum, exact.step * exact.maximum
    for bound in (function.lowest, function.highest):
        if bound is not None:
            exact = common_format(exact, _format_of(bound))
    low = low if function.lowest is None else function.lowest
    high = high if function.highest is None else function.highest
    base = f"leaky_relu<{types.format(cpp_type(exact) + ', ')}, {name}_line>"
    factor = function.slope * 2.0**-function.slope_fraction
    return base, (
        f"struct {name}_line {{\n"
        f"    typedef {cpp_type(slope)} slope_t;\n"
        f"    static double slope() {{ return {factor!r}; }}\n"
        f"    static double low() {{ return {low!r}; }}\n"
        f"    static double high() {{ return {high!r}; }}\n"
        "};\n"
    )


def _format_of(value: float) -> FixedPoint:
    fraction = Fraction(value)
    places = fraction.denominator.bit_length() - 1
    return FixedPoint.covering(fraction.numerator, fraction.numerator, places)


def _steps(function: Staircase, source: FixedPoint) -> str:
    thresholds, codes = function.steps(source)
    return (
        f"    typedef {cpp_integer(source)} code_t;\n"
        f"    static const unsigned n_thresholds = {len(thresholds)};\n"
        f"    static const unsigned depth = {len(thresholds).bit_length()};\n"
        + cpp_lookup("threshold", thresholds or (0,))
        + cpp_lookup("value", codes)
    )


def _table(function: Table, source: FixedPoint) -> str:
    places = function.places(source)
    wide = max(source.width + max(-places, 0), function.size.bit_length()) + 2
    return (
        f"    typedef {cpp_integer(source)} code_t;\n"
        f"    typedef ap_int<{wide}> wide_t;\n"
        f"    static const int places = {places};\n"
        f"    static const int shift = {abs(places)};\n"
        f"    static const unsigned size = {function.size};\n"
        + cpp_lookup("value", tuple(function.results.tolist()))
    )


def _division(function: Quotient, source: FixedPoint) -> str:
    division = Division(source, function.divisor, function.output.fraction)
    offset, reciprocal, places = division.constants
    shift, divisor = division.scale
    numerator = offset * divisor
    largest = (source.plain().maximum << shift) + numerator
    wide = max(numerator, largest, 2 * offset).bit_length() + 3
    return (
        f"    typedef {cpp_integer(source)} code_t;\n"
        f"    typedef ap_int<{wide}> wide_t;\n"
        f"    typedef ap_int<{wide + reciprocal.bit_length()}> product_t;\n"
        f"    typedef {cpp_type(division.quotient_format)} exact_t;\n"
        f"    static const int shift = {shift};\n"
        f"    static const int places = {places};\n"
        + cpp_constant("numerator_offset", numerator)
        + cpp_constant("quotient_offset", 2 * offset)
        + cpp_constant("reciprocal", reciprocal)
    )
