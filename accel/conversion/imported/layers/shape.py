"""Values in another order or shape."""

import numpy as np

from accel.conversion.imported.layers.scope import Scope
from accel.conversion.imported.node import ImportedNode
from accel.conversion.layers import shape
from accel.conversion.piece import Piece, Wire


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
