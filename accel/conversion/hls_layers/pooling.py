"""Pooling over time as ``chronogate::pooling``, and `MovingAverage`."""

from accel.conversion.hls_layers.code import Template, cpp_type, template_of
from accel.conversion.hls_layers.function import function_struct
from hw.function.quantizer import Function, Quantizer
from hw.function.quotient import Quotient
from hw.layer.convolution.moving_average import MovingAverage
from hw.layer.convolution.pool import Pool
from hw.layer.convolution.pooling import AveragePooling, MaxPooling
from hw.layer.convolution.window_sum import WindowSum
from hw.number.fixed_point import FixedPoint

HEADER = "chronogate_pooling.h"
KEPT = Quantizer(Function.LINEAR, None)

Pooling = MaxPooling | AveragePooling | WindowSum


def max_pooling(name: str, spec: MaxPooling) -> Template:
    """Return `MaxPooling`."""
    kept = function_struct(f"{name}_finish", KEPT, spec.input)
    return _pooling(name, spec, spec.pool, spec.input, "larger", kept)


def average_pooling(name: str, spec: AveragePooling) -> Template:
    """Return `AveragePooling`; a pool of a power of two only moves the binary point."""
    if spec.output is None:
        types = f"{cpp_type(spec.sum)}, {cpp_type(spec.result)}"
        finish = f"struct {name}_finish : chronogate::regrid<{types}> {{}};\n"
    else:
        quotient = Quotient(spec.pool.span, spec.output)
        finish = function_struct(f"{name}_finish", quotient, spec.sum)
    return _pooling(name, spec, spec.pool, spec.sum, "sum", finish)


def window_sum(name: str, spec: WindowSum) -> Template:
    """Return `WindowSum`: one pool of the whole window."""
    kept = function_struct(f"{name}_finish", KEPT, spec.output)
    return _pooling(name, spec, Pool(spec.steps), spec.output, "sum", kept)


def moving_average(name: str, spec: MovingAverage) -> Template:
    """Return `MovingAverage`."""
    members: dict[str, str | int] = {
        "kept_t": cpp_type(spec.sum),
        "finish": f"{name}_finish",
        "half": spec.half,
    }
    finish = function_struct(f"{name}_finish", spec.quotient, spec.sum)
    return template_of(spec, HEADER, "chronogate::moving_average", name, members, finish)


def _pooling(
    name: str, spec: Pooling, pool: Pool, kept: FixedPoint, combine: str, finish: str
) -> Template:
    # Where there are as many accumulators as pools, none has a second turn.
    again = pool.outputs > pool.open_pools
    members: dict[str, str | int] = {
        "kept_t": cpp_type(kept.plain()),
        "combine": f"chronogate::{combine}",
        "finish": f"{name}_finish",
        "span": pool.span,
        "period": pool.period,
        "n_open": pool.open_pools,
        "turn": pool.open_pools * pool.period if again else pool.steps + 1,
    }
    return template_of(spec, HEADER, "chronogate::pooling", name, members, finish)
