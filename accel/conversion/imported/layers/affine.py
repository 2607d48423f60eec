"""A constant scale and a constant offset for each channel."""

import numpy as np

from accel.conversion.imported.layers.scope import Scope
from accel.conversion.imported.node import ImportedNode
from accel.conversion.layers.context import reuse
from accel.conversion.piece import Piece, Wire
from hw.layer.elementwise.batch_normalization import BatchNormalization


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


def with_constant(
    node: ImportedNode, wire: Wire, operation: str, constant: np.ndarray, scope: Scope
) -> Piece:
    """Return a value and a constant, added, subtracted, multiplied or divided."""
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


def _epsilon(node: ImportedNode) -> float:
    return float(np.asarray(node.get("epsilon", 0.0)).reshape(-1)[0])
