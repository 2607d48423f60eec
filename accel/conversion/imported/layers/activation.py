"""Functions of one value."""

import numpy as np

from accel.conversion.grid import grid_codes
from accel.conversion.imported.layers.scope import Scope
from accel.conversion.imported.node import ImportedNode
from accel.conversion.piece import Piece, Wire
from hw.function.leaky_relu import LeakyRelu
from hw.function.pointwise import Pointwise
from hw.function.staircase import Staircase
from hw.layer.elementwise.activation import Activation

RELU = LeakyRelu(slope=0)


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
    return pointwise(node, wires[0], RELU)


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
    return pointwise(node, wires[0], LeakyRelu(code << max(-places, 0), max(places, 0)))


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
    return pointwise(node, wires[0], staircase)


def pointwise(node: ImportedNode, wire: Wire, function: Pointwise) -> Piece:
    """Return a function of every value as a block."""
    spec = Activation(wire.port.channels, wire.port.format, function, wire.port.steps)
    return Piece.begin(wire).then(node.name, spec)
