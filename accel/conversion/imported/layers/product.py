"""Products of values and constant weights."""

import numpy as np

from accel.conversion.imported.layers.scope import Scope
from accel.conversion.imported.node import ImportedNode
from accel.conversion.layers.context import Weights
from accel.conversion.layers.product import product, zeros
from accel.conversion.piece import Piece, Wire
from hw.number.fixed_point import FixedPoint


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


def _product(
    node: ImportedNode, wire: Wire, weights: np.ndarray, biases: np.ndarray | None, scope: Scope
) -> Piece:
    kernel = node.codes("its weights", weights)
    bias = biases_of(node, biases, weights.shape[-1], kernel[1])
    spec = product(node.draft, kernel, bias, wire, scope.context)
    return Piece.begin(wire).then(node.name, spec)


def biases_of(
    node: ImportedNode, biases: np.ndarray | None, count: int, format: FixedPoint
) -> Weights:
    """Return the codes of a bias of `count` values; zeros in `format` where there is none."""
    if biases is None:
        return zeros(count), format
    return node.codes("its bias", np.broadcast_to(biases.reshape(-1), (count,)))
