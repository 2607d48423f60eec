"""Convolutions over time, and a dense layer on every step, as ``chronogate::convolution``."""

from math import ceil

import numpy as np

from accel.conversion.hls_layers.code import Template, Weight, cpp_struct, cpp_type, template_of
from accel.conversion.hls_layers.product import Product
from hw.block import Spec
from hw.layer.convolution.conv1d import Conv1D
from hw.layer.convolution.depthwise_conv1d import DepthwiseConv1D
from hw.layer.convolution.receptive_field import Padding, ReceptiveField
from hw.layer.dense.dense import Dense
from hw.layer.dense.unrolled_dense import UnrolledDense


def conv1d(name: str, spec: Conv1D) -> Template:
    """Return `Conv1D`: hls4ml's dense product over the taps of every output step."""
    return _with_dense(name, spec, spec.dense, spec.field)


def dense_of_every_step(name: str, spec: Dense | UnrolledDense, steps: int) -> Template:
    """Return a dense layer with a time axis: a convolution of one tap."""
    field = ReceptiveField.padded(Padding.VALID, steps, 1, 1, 1, 1, 1)
    return _with_dense(name, spec, spec, field)


def depthwise_conv1d(name: str, spec: DepthwiseConv1D) -> Template:
    """Return `DepthwiseConv1D`."""
    members: dict[str, str | int] = {
        "weight_t": cpp_type(spec.kernel_format.plain()),
        "bias_t": cpp_type(spec.output.plain()),
        "accum_t": cpp_type(spec.output.plain()),
        "n_in": spec.taps * spec.channels,
        "n_out": spec.filters,
        "n_taps": spec.taps,
        "reuse_factor": min(spec.reuse, spec.kernel.size),
        "multiplier_limit": ceil(spec.kernel.size / spec.reuse),
    }
    product = cpp_struct(f"{name}_product", members)
    weights = (
        Weight("w", spec.flat_kernel, spec.kernel_format.plain()),
        Weight("b", spec.aligned_bias, spec.output.plain()),
    )
    kind = f"chronogate::depthwise_product<{name}_product>"
    return _convolution(name, spec, spec.field, product, kind, weights)


def _with_dense(
    name: str, spec: Spec, dense: Dense | UnrolledDense, field: ReceptiveField
) -> Template:
    product = Product(
        dense.kernel,
        dense.kernel_format,
        np.asarray(dense.aligned_bias),
        dense.output,
        dense.output,
        dense.reuse if isinstance(dense, Dense) else 1,
    )
    return _convolution(
        name,
        spec,
        field,
        product.struct(f"{name}_product"),
        f"chronogate::dense_product<{name}_product>",
        product.weights("w", "b"),
    )


def _convolution(
    name: str,
    spec: Spec,
    field: ReceptiveField,
    product: str,
    kind: str,
    weights: tuple[Weight, ...],
) -> Template:
    kernel, bias = weights
    members: dict[str, str | int] = {
        "product": kind,
        "weight_t": cpp_type(kernel.format),
        "bias_t": cpp_type(bias.format),
        "n_taps": field.taps,
        "dilation": field.dilation,
        "stride": field.stride,
        "reach": field.reach,
        "first": field.last[0],
        "n_after": max(field.last[-1] + 1 - field.steps, 0),
    }
    header = "chronogate_convolution.h"
    return template_of(
        spec, header, "chronogate::convolution", name, members, product, weights=weights
    )
