"""Quantizers of values that depend on the input."""

from accel.conversion.imported.constants import brevitas_arguments, qonnx_quantizer
from accel.conversion.imported.layers.activation import pointwise
from accel.conversion.imported.layers.scope import Scope
from accel.conversion.imported.node import ImportedNode
from accel.conversion.imported.quantizers import hgq_elements
from accel.conversion.piece import Piece, Wire


def hgq_quantizer(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """`FixedPointQuantizer` of HGQ2."""
    return hgq_elements(node).apply(node.name, wires[0])


def brevitas_quantizer(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """`BrevitasQuantizer`."""
    quantizer = brevitas_arguments(node)
    if quantizer.is_bipolar:
        return pointwise(node, wires[0], quantizer.bipolar(node))
    return quantizer.elements(node).apply(node.name, wires[0])


def quant(node: ImportedNode, wires: tuple[Wire, ...], scope: Scope) -> Piece:
    """QONNX's ``Quant`` and ``BipolarQuant`` of values that depend on the input."""
    quantizer = qonnx_quantizer(node, scope.constants)
    if quantizer.is_bipolar:
        return pointwise(node, wires[0], quantizer.bipolar(node))
    return quantizer.elements(node).apply(node.name, wires[0])
