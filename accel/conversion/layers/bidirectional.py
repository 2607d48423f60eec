"""Bidirectional: two recurrent layers, one on a copy of the window that runs backwards."""

from accel.conversion.draft import LayerDraft
from accel.conversion.layers.common import Context, refuse
from accel.conversion.layers.merge import averaged, concatenated, multiplied, summed
from accel.conversion.layers.recurrent import Direction, lower_direction
from accel.conversion.piece import Piece, Wire
from hw.layer.shape.replay import Replay

MERGES = {"concat": concatenated, "sum": summed, "mul": multiplied, "ave": averaged}


def bidirectional(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`Bidirectional`, `QBidirectional`; sequences of the backward layer run forwards again."""
    source = layer.source
    if source.merge_mode not in MERGES:
        raise refuse(
            layer,
            f"merge_mode={source.merge_mode!r} gives two results",
            f"use one of {', '.join(MERGES)}",
        )
    pieces: list[Piece] = []
    for side, inner in (("forward", source.forward_layer), ("backward", source.backward_layer)):
        direction = Direction(layer, inner, bool(inner.go_backwards))
        pieces.append(lower_direction(direction, wires[0], context, f"{layer.name}_{side}"))
    forward, backward = pieces
    port = backward.wire.port
    if port.steps is not None:
        again = Replay(port.steps, port.channels, port.format, backwards=True)
        backward = backward.then(f"{layer.name}_backward_again", again, complete=True)
    return MERGES[source.merge_mode](layer, (forward, backward))
