"""Convolutions over time."""

import numpy as np

from accel.conversion.imported.layers.product import biases_of
from accel.conversion.imported.layers.scope import Scope
from accel.conversion.imported.node import ImportedNode
from accel.conversion.layers.context import reuse, steps_of
from accel.conversion.piece import Piece, Wire
from accel.conversion.settings import Strategy, skips_zeros, strategy
from hw.layer.convolution.conv1d import Conv1D
from hw.layer.convolution.receptive_field import Padding


def conv1d(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """`Conv1D`, weights ``(taps, n_in, filters)``."""
    weights = node.array("weight_data")
    assert weights is not None  # every front end gives it
    return _convolution(node, wires[0], weights, node.array("bias_data"), scope)


def onnx_conv(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """ONNX's ``Conv``, weights ``(filters, n_in, taps)``."""
    weights = scope.constants.get(node.inputs[1])
    biases = scope.constants.get(node.inputs[2]) if len(node.inputs) > 2 else None
    if node.number("n_dim") != 1 or node.number("group", 1) != 1 or weights is None:
        raise node.refuse(
            "only convolutions over time of constant weights and one group have a block",
            "use Conv1d with groups=1",
        )
    # QONNX's channels-last form keeps the weights' taps before their channels.
    channels = wires[0].port.channels
    order = (1, 2, 0) if weights.shape[2] == channels else (2, 1, 0)
    return _convolution(node, wires[0], weights.transpose(order), biases, scope)


def _convolution(
    node: ImportedNode, wire: Wire, weights: np.ndarray, biases: np.ndarray | None, scope: Scope
) -> Piece:
    kernel, kernel_format = node.codes("its weights", weights)
    taps, n_in, filters = kernel.shape
    bias, bias_format = biases_of(node, biases, filters, kernel_format)
    steps, stride = steps_of(node.draft, wire), node.number("stride_width", 1)
    dilation = node.number("dilation_width", node.number("dilation", 1))
    config, types = scope.context.config, (node.kind,)
    unrolled = strategy(config, node.name, types) is Strategy.LATENCY
    spec = Conv1D(
        kernel, bias, wire.port.format, kernel_format, bias_format, steps,
        reuse(node.draft, scope.context, 1 if unrolled else taps * n_in),
        _padding(node, steps, taps, stride, dilation), stride, dilation,
        skip_zeros=skips_zeros(config, node.name, types) and bool(kernel.any()),
    )  # fmt: skip
    return Piece.begin(wire).then(node.name, spec)


def _padding(node: ImportedNode, steps: int, taps: int, stride: int, dilation: int) -> Padding:
    """Return Keras's name for the zeros before and after a window."""
    given = node.number("pad_left"), node.number("pad_right")
    reach = (taps - 1) * dilation
    same = max((-(-steps // stride) - 1) * stride + reach + 1 - steps, 0)
    if given == (0, 0):
        return Padding.VALID
    if given == (reach, 0):
        return Padding.CAUSAL
    if given == (same // 2, same - same // 2):
        return Padding.SAME
    raise node.refuse(
        f"it pads a window with {given[0]} and {given[1]} steps of zeros, which has no block",
        "use padding 'valid', 'same' or 'causal' as Keras means them",
    )
