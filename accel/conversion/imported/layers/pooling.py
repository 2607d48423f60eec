"""Steps brought together."""

from accel.conversion.imported.layers.scope import Scope
from accel.conversion.imported.node import ImportedNode
from accel.conversion.layers.context import steps_of
from accel.conversion.piece import Piece, Wire
from hw.layer.convolution.pool import Pool
from hw.layer.convolution.pooling import AveragePooling, MaxPooling


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
