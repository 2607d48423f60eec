"""Two values become one."""

from accel.conversion.imported.layers.affine import with_constant
from accel.conversion.imported.layers.scope import Scope
from accel.conversion.imported.node import ImportedNode
from accel.conversion.layers import merge
from accel.conversion.piece import Piece, Wire


def merged(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """`Merge`: of two values, or of one and a constant."""
    operation = str(node.get("op"))
    constant = next((scope.constants[n] for n in node.inputs if n in scope.constants), None)
    if constant is not None:
        return with_constant(node, wires[0], operation, constant, scope)
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
