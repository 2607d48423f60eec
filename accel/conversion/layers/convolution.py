"""Convolutions over time: full, depthwise, separable."""

import numpy as np

from accel.conversion.draft import LayerDraft
from accel.conversion.layers.common import (
    Context,
    Weights,
    bias,
    refuse,
    reuse,
    steps_of,
    weight,
)
from accel.conversion.layers.product import product, zeros
from accel.conversion.piece import Piece, Wire
from accel.conversion.settings import Strategy, skips_zeros, strategy
from accel.conversion.weights import weight_codes
from hw.layer.convolution.conv1d import Conv1D
from hw.layer.convolution.depthwise_conv1d import DepthwiseConv1D
from hw.layer.convolution.receptive_field import Padding


def conv1d(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`QConv1D`, or `Conv1D` whose weights are quantized."""
    (wire,) = wires
    _check(layer)
    if layer.source.groups != 1:
        raise refuse(
            layer, f"groups={layer.source.groups} is not supported",
            "use groups=1, or DepthwiseConv1D",
        )  # fmt: skip
    kernel, kernel_format = weight(layer, "kernel", "kernel_quantizer")
    biases, bias_format = bias(layer, (kernel.shape[2],), kernel_format)
    taps, n_in, _ = kernel.shape
    stride, dilation = int(layer.source.strides[0]), int(layer.source.dilation_rate[0])
    steps = steps_of(layer, wire)
    if taps == 1 and stride == 1 and _unrolls(layer, context):
        pointwise = product(layer, (kernel[0], kernel_format), (biases, bias_format), wire, context)
        return Piece.begin(wire).then(layer.name, pointwise)
    spec = Conv1D(
        kernel, biases, wire.port.format, kernel_format, bias_format, steps,
        reuse(layer, context, 1 if _unrolls(layer, context) else taps * n_in),
        _padding(layer, context), stride, dilation,
        skip_zeros=_skips_zeros(layer, context, kernel),
    )  # fmt: skip
    return Piece.begin(wire).then(layer.name, spec)


def depthwise_conv1d(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`DepthwiseConv1D` whose weights are quantized, since QKeras has none of its own.

    A quantizer given as Keras's ``depthwise_constraint`` leaves them so after every step of the
    training.
    """
    (wire,) = wires
    _check(layer)
    source = layer.source
    values = np.asarray(source.depthwise_kernel, dtype=np.float64)
    kernel, kernel_format = weight_codes(
        layer.name, "depthwise_kernel", values, None, "depthwise_constraint"
    )
    biases, bias_format = bias(layer, (kernel.shape[1] * kernel.shape[2],), kernel_format)
    return Piece.begin(wire).then(
        layer.name,
        _depthwise(layer, wire, context, (kernel, kernel_format), (biases, bias_format)),
    )


def separable_conv1d(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`QSeparableConv1D`: the depthwise part, every bit of it, then one tap over all channels."""
    (wire,) = wires
    _check(layer)
    kernel, kernel_format = weight(layer, "depthwise_kernel", "depthwise_quantizer")
    points, points_format = weight(layer, "pointwise_kernel", "pointwise_quantizer")
    biases, bias_format = bias(layer, (points.shape[2],), points_format)
    none = zeros(kernel.shape[1] * kernel.shape[2])
    spec = _depthwise(layer, wire, context, (kernel, kernel_format), (none, kernel_format))
    piece = Piece.begin(wire).then(f"{layer.name}_depthwise", spec)
    dense = product(layer, (points[0], points_format), (biases, bias_format), piece.wire, context)
    return piece.then(layer.name, dense)


def _depthwise(
    layer: LayerDraft, wire: Wire, context: Context, kernel: Weights, biases: Weights
) -> DepthwiseConv1D:
    source = layer.source
    return DepthwiseConv1D(
        kernel[0], biases[0], wire.port.format, kernel[1], biases[1], steps_of(layer, wire),
        reuse(layer, context, 1 if _unrolls(layer, context) else kernel[0].shape[0]),
        _padding(layer, context), int(source.strides[0]), int(source.dilation_rate[0]),
        skip_zeros=_skips_zeros(layer, context, kernel[0]),
    )  # fmt: skip


def _unrolls(layer: LayerDraft, context: Context) -> bool:
    return strategy(context.config, layer.name, layer.types) is Strategy.LATENCY


def _skips_zeros(layer: LayerDraft, context: Context, kernel: np.ndarray) -> bool:
    return skips_zeros(context.config, layer.name, layer.types) and bool(kernel.any())


def _padding(layer: LayerDraft, context: Context) -> Padding:
    padding = layer.padding or Padding(layer.source.padding)
    if context.streaming and padding is not Padding.CAUSAL and layer.source.kernel_size[0] > 1:
        raise refuse(
            layer,
            f"padding={str(padding)!r} needs a window's ends, which a stream does not have",
            "use padding='causal', or Mode='sliding'",
        )
    return padding


def _check(layer: LayerDraft) -> None:
    if layer.source.data_format != "channels_last":
        raise refuse(
            layer, f"data_format={layer.source.data_format!r} puts the channels first",
            "use 'channels_last'",
        )  # fmt: skip
