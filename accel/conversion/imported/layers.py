"""Handlers: what each kind of node becomes. Kinds are hls4ml's class names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from accel.conversion.grid import grid_codes
from accel.conversion.imported.constants import brevitas_arguments, qonnx_quantizer
from accel.conversion.imported.node import ImportedNode
from accel.conversion.imported.quantizers import hgq_elements
from accel.conversion.layers import merge, shape
from accel.conversion.layers.context import Context, reuse, steps_of
from accel.conversion.layers.product import product, zeros
from accel.conversion.piece import Piece, Wire
from accel.conversion.settings import Strategy, skips_zeros, strategy
from hw.function.leaky_relu import LeakyRelu
from hw.function.pointwise import Pointwise
from hw.function.staircase import Staircase
from hw.layer.convolution.conv1d import Conv1D
from hw.layer.convolution.pool import Pool
from hw.layer.convolution.pooling import AveragePooling, MaxPooling
from hw.layer.convolution.receptive_field import Padding
from hw.layer.elementwise.activation import Activation
from hw.layer.elementwise.batch_normalization import BatchNormalization
from hw.number.fixed_point import FixedPoint

RELU = LeakyRelu(slope=0)
ONE = FixedPoint(1, 1, signed=False)


@dataclass(frozen=True)
class Scope:
    """What holds for the whole graph.

    Parameters
    ----------
    context
        As handlers of Keras layers want it.
    constants
        Values that do not depend on the input, float64, by name.
    """

    context: Context
    constants: Mapping[str, np.ndarray]


Handler = Callable[[ImportedNode, tuple[Wire, ...], Scope], Piece]


def hgq_quantizer(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """`FixedPointQuantizer` of HGQ2."""
    return hgq_elements(node).apply(node.name, wires[0])


def brevitas_quantizer(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """`BrevitasQuantizer`."""
    quantizer = brevitas_arguments(node)
    if quantizer.is_bipolar:
        return _pointwise(node, wires[0], quantizer.bipolar(node))
    return quantizer.elements(node).apply(node.name, wires[0])


def quant(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """QONNX's ``Quant`` and ``BipolarQuant`` of values that depend on the input."""
    quantizer = qonnx_quantizer(node, scope.constants)
    if quantizer.is_bipolar:
        return _pointwise(node, wires[0], quantizer.bipolar(node))
    return quantizer.elements(node).apply(node.name, wires[0])


def dense(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """`Dense`; on ``(T, C)`` step by step."""
    weights = node.array("weight_data")
    assert weights is not None  # every front end gives it
    if weights.shape != (node.number("n_in"), node.number("n_out")):
        weights = weights.T  # PyTorch's own Linear
    return _product(node, wires[0], weights, node.array("bias_data"), scope)


def matmul(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """`MatMul` of a value and weights; a constant added behind it is its bias."""
    weights = scope.constants.get(node.inputs[1])
    if weights is None or weights.ndim != 2:
        raise node.refuse(
            "it multiplies two values that depend on the input, or weights of other than 2 axes",
            "multiply by constant weights (inputs, outputs) on the right",
        )
    return _product(node, wires[0], weights, node.bias, scope)


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


def batch_normalization(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """`BatchNormalization` that is a scale and an offset already."""
    scale, offset = node.array("scale_data"), node.array("bias_data")
    if scale is None or offset is None:
        parts = [node.array(f"{key}_data") for key in ("gamma", "beta", "mean", "variance")]
        gamma, beta, mean, variance = parts
        if mean is None or variance is None:
            raise node.refuse("its statistics are missing", "train it, or leave it out")
        scale = (1 if gamma is None else gamma) / np.sqrt(variance + _epsilon(node))
        offset = (0 if beta is None else beta) - mean * scale
    return _affine(node, wires[0], scale, offset, scope)


def onnx_batch_normalization(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """ONNX's ``BatchNormalization``: its parameters are inputs."""
    gamma, beta, mean, variance = (scope.constants[name] for name in node.inputs[1:5])
    scale = gamma / np.sqrt(variance + _epsilon(node))
    return _affine(node, wires[0], scale, beta - mean * scale, scope)


def activation(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """`Activation`, `ReLU`: relu and the identity; float functions have no exact hardware."""
    function = str(node.get("activation", node.kind)).lower()
    if function == "linear":
        return Piece.begin(wires[0])
    if function != "relu":
        raise node.refuse(
            f"the float function {function} has no exact hardware",
            "quantize it as a table (HGQ2: QUnaryFunctionLUT), or use relu",
        )
    return _pointwise(node, wires[0], RELU)


def leaky_relu(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """`LeakyReLU` with a slope of few bits."""
    slope = float(np.asarray(node.get("activ_param", 0.3)).reshape(-1)[0])
    found = grid_codes(np.array([slope]))
    if found is None or slope < 0:
        raise node.refuse(
            f"its slope {slope:.6g} has no exact binary value of few bits",
            "use a power of two, such as 0.125",
        )
    code, places = int(found[0][0]), found[1].fraction
    return _pointwise(node, wires[0], LeakyRelu(code << max(-places, 0), max(places, 0)))


def lookup(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """`UnaryLUT` of HGQ2: a table of every input code, positive ones first."""
    values, port = node.array("table_data"), wires[0].port
    assert values is not None  # the front end gives it
    if len(values) != 1 << port.format.width:
        raise node.refuse(
            f"its table has {len(values)} entries, and its input {port.format.width} bits",
            "enable its input quantizer",
        )
    half = len(values) // 2 if port.format.signed else 0
    codes, format = node.codes("its table", np.roll(values, half))
    changes = np.flatnonzero(np.diff(codes)) + 1
    thresholds = (changes + port.format.plain().minimum) * port.format.step
    kept = codes[np.concatenate([[0], changes])]
    staircase = Staircase(tuple(thresholds.tolist()), tuple(kept.tolist()), format)
    return _pointwise(node, wires[0], staircase)


def merged(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """`Merge`: of two values, or of one and a constant."""
    operation = str(node.get("op"))
    constant = next((scope.constants[n] for n in node.inputs if n in scope.constants), None)
    if constant is not None:
        return _with_constant(node, wires[0], operation, constant, scope)
    handlers = {
        "add": merge.add, "subtract": merge.subtract, "multiply": merge.multiply,
        "average": merge.average,
    }  # fmt: skip
    if operation not in handlers:
        raise node.refuse(
            f"{operation} of two values has no block", f"use one of {', '.join(handlers)}"
        )
    return handlers[operation](node.draft, wires, scope.context)


def concatenate(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """`Concatenate` of channels."""
    axis = node.number("axis", -1)
    if axis not in (-1, len(node.shape)):
        raise node.refuse(
            f"axis={axis} joins time steps, which has no block", "join channels, axis=-1"
        )
    return merge.concatenated(node.draft, [Piece.begin(wire) for wire in wires])


def reshape(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """`Reshape`: to a flat vector, or to other time steps."""
    return shape.reshape(node.draft, wires[:1], scope.context)


def transpose(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """`Transpose` of time steps and channels."""
    order = [int(axis) for axis in np.asarray(node.get("perm")).reshape(-1)]
    if order == list(range(len(order))):
        return Piece.begin(wires[0])
    if order != [1, 0]:
        raise node.refuse(f"it exchanges axes {order}", "use windows of (steps, channels)")
    return shape.permute(node.draft, wires[:1], scope.context)


def pooling(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """`MaxPooling1D`, `AveragePooling1D` and their global forms."""
    (wire,) = wires
    steps, whole = steps_of(node.draft, wire), node.kind.startswith("Global")
    if node.number("pad_left") or node.number("pad_right"):
        raise node.refuse("it pools over a window's ends", "pool without padding")
    pool = Pool(steps)
    if not whole:
        pool = Pool(steps, node.number("pool_width"), node.number("stride_width", 1))
    averages = "Average" in node.kind or str(node.get("pool_op", "")).lower() == "average"
    if averages and pool.span & (pool.span - 1):
        raise node.refuse(
            f"the average of {pool.span} steps has no exact binary value",
            "average a power of two of them",
        )
    port = wire.port
    spec = (
        AveragePooling(port.channels, port.format, pool, None)
        if averages
        else MaxPooling(port.channels, port.format, pool)
    )
    return Piece.begin(wire).then(node.name, spec, True if whole else None)


def _epsilon(node: ImportedNode) -> float:
    return float(np.asarray(node.get("epsilon", 0.0)).reshape(-1)[0])


def _pointwise(node: ImportedNode, wire: Wire, function: Pointwise) -> Piece:
    spec = Activation(wire.port.channels, wire.port.format, function, wire.port.steps)
    return Piece.begin(wire).then(node.name, spec)


def _product(
    node: ImportedNode, wire: Wire, weights: np.ndarray, biases: np.ndarray | None, scope: Scope
) -> Piece:
    kernel = node.codes("its weights", weights)
    bias = _biases(node, biases, weights.shape[-1], kernel[1])
    spec = product(node.draft, kernel, bias, wire, scope.context)
    return Piece.begin(wire).then(node.name, spec)


def _biases(
    node: ImportedNode, biases: np.ndarray | None, count: int, format: FixedPoint
) -> tuple[np.ndarray, FixedPoint]:
    if biases is None:
        return zeros(count), format
    return node.codes("its bias", np.broadcast_to(biases.reshape(-1), (count,)))


def _convolution(
    node: ImportedNode, wire: Wire, weights: np.ndarray, biases: np.ndarray | None, scope: Scope
) -> Piece:
    kernel, kernel_format = node.codes("its weights", weights)
    taps, n_in, filters = kernel.shape
    bias, bias_format = _biases(node, biases, filters, kernel_format)
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


def _affine(
    node: ImportedNode, wire: Wire, scale: np.ndarray, offset: np.ndarray, scope: Scope
) -> Piece:
    port = wire.port
    full = (port.channels,)
    factors = node.codes("its scale", np.broadcast_to(np.asarray(scale).reshape(-1), full))
    offsets = node.codes("its offset", np.broadcast_to(np.asarray(offset).reshape(-1), full))
    spec = BatchNormalization(
        factors[0], offsets[0], port.format, factors[1], offsets[1],
        reuse(node.draft, scope.context, port.channels), port.steps,
    )  # fmt: skip
    return Piece.begin(wire).then(node.name, spec)


def _with_constant(
    node: ImportedNode, wire: Wire, operation: str, constant: np.ndarray, scope: Scope
) -> Piece:
    if constant.size not in (1, wire.port.channels):
        raise node.refuse(
            f"it brings together {wire.port.channels} channels and {constant.size} constants",
            "use one constant, or one for each channel",
        )
    first = node.inputs[0] in scope.constants
    match operation:
        case "multiply":
            return _affine(node, wire, constant, np.zeros(1), scope)
        case "divide" if not first:
            return _affine(node, wire, 1 / constant, np.zeros(1), scope)
        case "add":
            return _affine(node, wire, np.ones(1), constant, scope)
        case "subtract":
            sign = -1.0 if first else 1.0
            return _affine(node, wire, np.full(1, sign), -sign * constant, scope)
    raise node.refuse(
        f"{operation} with a constant has no block", "add, subtract, multiply, or divide by it"
    )


HANDLERS: dict[str, Handler] = {
    "FixedPointQuantizer": hgq_quantizer,
    "BrevitasQuantizer": brevitas_quantizer,
    "Quant": quant,
    "BipolarQuant": quant,
    "Dense": dense,
    "MatMul": matmul,
    "Conv1D": conv1d,
    "Conv": onnx_conv,
    "BatchNormalization": batch_normalization,
    "BatchNormOnnx": onnx_batch_normalization,
    "Activation": activation,
    "ReLU": activation,
    "LeakyReLU": leaky_relu,
    "UnaryLUT": lookup,
    "Merge": merged,
    "Concatenate": concatenate,
    "Reshape": reshape,
    "Transpose": transpose,
    "MaxPooling1D": pooling,
    "AveragePooling1D": pooling,
    "GlobalMaxPooling1D": pooling,
    "GlobalAveragePooling1D": pooling,
    "Pooling1D": pooling,
    "GlobalPooling1D": pooling,
}
"""By hls4ml's class name."""
