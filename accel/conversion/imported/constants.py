"""What is known before any input: constants, and what nodes make of them."""

from collections.abc import Mapping, Sequence

import numpy as np

from accel.conversion.imported.node import ImportedNode
from accel.conversion.imported.quantizers import QonnxQuantizer

Constants = Mapping[str, np.ndarray]


def fold_constants(nodes: Sequence[ImportedNode]) -> dict[str, np.ndarray]:
    """Return the value of every node that depends on no input, by the name of its output."""
    known: dict[str, np.ndarray] = {}
    for node in nodes:
        if node.kind == "Constant":
            known[node.output] = np.asarray(node.get("value"), dtype=np.float64)
        elif node.inputs and all(name in known for name in node.inputs):
            known[node.output] = _value(node, known)
    return known


def qonnx_quantizer(node: ImportedNode, constants: Constants) -> QonnxQuantizer:
    """Return the arguments of a ``Quant`` or ``BipolarQuant`` node.

    Raises
    ------
    ChronogateError
        When one of them depends on the input.
    """
    parts = [constants.get(name) for name in node.inputs[1:]]
    present = [part for part in parts if part is not None]
    if len(present) != len(parts):
        raise node.refuse(
            "its scale, zero point or bit width depends on the input", "make them constants"
        )
    if node.kind == "BipolarQuant":
        return QonnxQuantizer(present[0], np.zeros(1), np.ones(1), True, False, "ROUND")
    scale, zero_point, bits = present
    return QonnxQuantizer(
        scale, zero_point, bits, bool(node.get("signed")), bool(node.get("narrow", False)),
        str(node.get("rounding_mode", "ROUND")),
    )  # fmt: skip


def brevitas_arguments(node: ImportedNode) -> QonnxQuantizer:
    """Return the arguments of a `BrevitasQuantizer` node."""
    quantizer = node.get("quantizer")
    assert isinstance(quantizer, QonnxQuantizer)
    return quantizer


def _value(node: ImportedNode, known: Constants) -> np.ndarray:
    first = known[node.inputs[0]]
    match node.kind:
        case "Quant" | "BipolarQuant":
            return qonnx_quantizer(node, known).of_constants(first)
        case "Transpose":
            perm = node.get("perm")
            axes = [0, *(int(axis) + 1 for axis in np.asarray(perm).reshape(-1))]
            return first.transpose(axes if len(axes) == first.ndim else axes[1:])
        case "Merge" if node.get("op") in _OPERATIONS:
            return _OPERATIONS[str(node.get("op"))](first, known[node.inputs[1]])
        case "Reshape" if len(node.inputs) > 1:
            return first.reshape([int(size) for size in known[node.inputs[1]]])
    raise node.refuse(
        f"{node.kind} of constants is not computed here", "fold the constants before exporting"
    )


_OPERATIONS = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
}
