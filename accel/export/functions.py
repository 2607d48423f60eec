"""Functions of one value in the words of `Operations`."""

from typing import Any

import numpy as np

from accel.export.operations import Operations
from hw.errors import ChronogateError
from hw.function.leaky_relu import LeakyRelu
from hw.function.pointwise import Pointwise
from hw.function.quantizer import Function, Quantizer
from hw.function.quotient import Quotient
from hw.function.staircase import Staircase
from hw.number.fixed_point import FixedPoint


def apply(ops: Operations[Any], function: Pointwise, x: Any, source: FixedPoint, name: str) -> Any:
    """Return the function of a tensor `x` on the grid `source`; `name` is the layer's.

    Raises
    ------
    ChronogateError
        When it has no counterpart.
    """
    match function:
        case Quantizer(Function.LINEAR, output):
            return x if output is None else ops.quantize(x, source, output, name)
        case Quantizer(kind, output):
            exact = Quantizer(kind, None)
            if kind is Function.HARD_SIGMOID:
                half = ops.constant(np.array(0.5))
                x = ops.add(ops.multiply(x, half), half)
            x = ops.clip(x, 0.0 if kind is Function.HARD_SIGMOID else -1.0, 1.0)
            grid = exact.result_format(source)
            return x if output is None else ops.quantize(x, grid, output, name)
        case LeakyRelu():
            return _leaky_relu(ops, function, x, source, name)
        case Staircase():
            thresholds, codes = function.steps(source)
            values = function.output.to_float(np.array(codes))
            return ops.stairs(x, source.to_float(np.array(thresholds)), values, name)
        case Quotient(divisor, output):
            # A quotient that is no tie is further from one than float64 errs.
            return ops.quantize(ops.divide(x, divisor), source, output, name)
    raise _refused(name, type(function).__name__)


def widest(function: Pointwise, source: FixedPoint) -> FixedPoint:
    """Return the widest format on the way from `source` to the function's result.

    Half of a number has one more bit behind the point, and what is added to it may lie far above.
    """
    match function:
        case Quantizer(kind, _):
            return Quantizer(kind, None).result_format(source)
        case LeakyRelu(slope, fraction):
            return LeakyRelu(slope, fraction).result_format(source)
    return source


def _leaky_relu(
    ops: Operations[Any], function: LeakyRelu, x: Any, source: FixedPoint, name: str
) -> Any:
    result = ops.clip(x, 0.0, None)
    if function.slope and source.signed:
        slope = ops.constant(np.array(function.slope * 2.0**-function.slope_fraction))
        result = ops.add(result, ops.multiply(ops.clip(x, None, 0.0), slope))
    if function.lowest is not None or function.highest is not None:
        result = ops.clip(result, function.lowest, function.highest)
    if function.output is None:
        return result
    exact = LeakyRelu(function.slope, function.slope_fraction, function.lowest, function.highest)
    return ops.quantize(result, exact.result_format(source), function.output, name)


def _refused(name: str, what: str) -> ChronogateError:
    return ChronogateError(
        f"layer {name!r}: {what} cannot be exported: use one of QKeras's quantizers, or the "
        "simulated RTL"
    )
