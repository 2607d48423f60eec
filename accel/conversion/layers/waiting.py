"""Steps that have to wait for a value that needs the whole window."""

from accel.conversion.piece import Piece, Wire
from hw.function.quantizer import Function, Quantizer
from hw.layer.elementwise.activation import Activation
from hw.layer.elementwise.concatenate import Concatenate
from hw.layer.elementwise.select import Select
from hw.layer.shape.flatten import Flatten
from hw.layer.shape.replay import Replay
from hw.layer.shape.unflatten import Unflatten


def kept_for(piece: Piece, value: Wire, name: str) -> Piece:
    """Return the steps of `piece`, kept until `value`, which comes once a window, is there.

    Parameters
    ----------
    piece
        Steps as they come in.
    value
        What comes later than the first of them.
    name
        What the names of the blocks begin with.
    """
    wire = piece.wire
    if not value.complete or wire.complete or wire.port.steps is None:
        return piece
    port = wire.port
    if not wire.aside:
        return piece.then(name, Replay(port.beats, port.channels, port.format), complete=True)
    # Not the leading input's steps, so their end says nothing of its end. One wide beat can be
    # joined with the value: any channel of it, in the format of the steps.
    flat = piece.then(f"{name}_flat", Flatten(port.beats, port.channels, port.format))
    size = flat.wire.port.channels
    signal = Piece.begin(value)
    signal = signal.then(f"{name}_signal", Select(value.port.channels, (0,), value.port.format))
    narrow = Activation(1, value.port.format, Quantizer(Function.LINEAR, port.format))
    signal = signal.then(f"{name}_narrow", narrow)
    both = Piece.join(f"{name}_both", Concatenate((size, 1), port.format, None, ()), (flat, signal))
    kept = both.then(f"{name}_kept", Select(size + 1, tuple(range(size)), port.format))
    return kept.then(name, Unflatten(port.beats, port.channels, port.format))
