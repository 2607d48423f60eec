"""Layers with several inputs; a value per window meets every step of the others."""

from collections.abc import Callable, Sequence

from accel.conversion.draft import LayerDraft
from accel.conversion.layers.context import Context, refuse
from accel.conversion.layers.waiting import kept_for
from accel.conversion.piece import Piece, Wire
from hw.function.quantizer import Function, Quantizer
from hw.function.quotient import Quotient
from hw.layer.elementwise.activation import Activation
from hw.layer.elementwise.add import Add
from hw.layer.elementwise.concatenate import Concatenate
from hw.layer.elementwise.multiply import Multiply
from hw.number.fixed_point import FixedPoint

Merge = Callable[[LayerDraft, Sequence[Piece]], Piece]


def add(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`Add`."""
    return summed(layer, _begin(layer, wires))


def subtract(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`Subtract`."""
    return summed(layer, _begin(layer, wires), (1, -1))


def multiply(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`Multiply`."""
    return multiplied(layer, _begin(layer, wires))


def average(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`Average`: exact for a power of two of inputs, else rounded once by what is behind."""
    return averaged(layer, _begin(layer, wires))


def concatenate(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`Concatenate` of channels."""
    rank = len(layer.shape) + 1
    if layer.source.axis not in (-1, rank - 1):
        raise refuse(
            layer,
            f"axis={layer.source.axis} joins time steps, which has no block",
            "join channels, axis=-1",
        )
    return concatenated(layer, _begin(layer, wires))


def summed(
    layer: LayerDraft, pieces: Sequence[Piece], factors: tuple[int, ...] | None = None
) -> Piece:
    """Return the sum of pieces, every bit kept."""
    return _sum(layer, layer.name, pieces, factors)


def multiplied(layer: LayerDraft, pieces: Sequence[Piece]) -> Piece:
    """Return the product of pieces, every bit kept."""
    ports = [piece.wire.port for piece in pieces]
    spec = Multiply(_channels(layer, pieces), tuple(port.format for port in ports), *_rates(pieces))
    return Piece.join(layer.name, spec, pieces)


def averaged(layer: LayerDraft, pieces: Sequence[Piece]) -> Piece:
    """Return the mean of pieces."""
    count = len(pieces)
    total = _sum(layer, f"{layer.name}_sum", pieces, None)
    port = total.wire.port
    output = None
    if layer.quantizer is not None:
        from accel.conversion.layers.common import rounding_of  # needs TensorFlow

        output = rounding_of(layer)
    if output is None and count & (count - 1):
        raise refuse(
            layer,
            f"the average of {count} inputs has no exact binary value",
            "put a QActivation with quantized_bits behind it, or average 2 or 4 inputs",
        )
    if output is None:
        output = FixedPoint(
            port.format.width, port.format.integer - count.bit_length() + 1, port.format.signed
        )
    spec = Activation(port.channels, port.format, Quotient(count, output), port.steps)
    return total.then(layer.name, spec)


def concatenated(layer: LayerDraft, pieces: Sequence[Piece]) -> Piece:
    """Return pieces side by side, in the narrowest format that holds them all."""
    formats = [piece.wire.port.format for piece in pieces]
    common = _common(formats)
    aligned: list[Piece] = []
    for number, piece in enumerate(pieces):
        port = piece.wire.port
        if not port.format.same_grid(common):
            widen = Quantizer(Function.LINEAR, common)
            spec = Activation(port.channels, port.format, widen, port.steps)
            aligned.append(piece.then(f"{layer.name}_wide{number}", spec))
        else:
            aligned.append(piece)
    widths = tuple(piece.wire.port.channels for piece in aligned)
    return Piece.join(layer.name, Concatenate(widths, common, *_rates(aligned)), aligned)


def _common(formats: Sequence[FixedPoint]) -> FixedPoint:
    if all(format.same_grid(formats[0]) for format in formats):
        return formats[0].plain()
    fraction = max(format.fraction for format in formats)
    signed = any(format.signed for format in formats)
    integer = max(format.integer + (signed and not format.signed) for format in formats)
    return FixedPoint(integer + fraction, integer, signed)


def _sum(
    layer: LayerDraft, name: str, pieces: Sequence[Piece], factors: tuple[int, ...] | None
) -> Piece:
    formats = tuple(piece.wire.port.format for piece in pieces)
    spec = Add(_channels(layer, pieces), formats, factors or (1,) * len(pieces), *_rates(pieces))
    return Piece.join(name, spec, pieces)


def _channels(layer: LayerDraft, pieces: Sequence[Piece]) -> int:
    counts = {piece.wire.port.channels for piece in pieces}
    if len(counts) > 1:
        raise refuse(
            layer,
            f"its inputs have {', '.join(map(str, sorted(counts)))} channels",
            "give it inputs of the same number of channels",
        )
    return counts.pop()


def _rates(pieces: Sequence[Piece]) -> tuple[int | None, tuple[int, ...]]:
    """Return the steps, and which inputs come once a window and meet each of them."""
    steps = max((piece.wire.port.steps or 0 for piece in pieces), default=0) or None
    static = tuple(k for k, p in enumerate(pieces) if p.wire.port.steps is None and steps)
    return steps, static


def _begin(layer: LayerDraft, wires: Sequence[Wire]) -> list[Piece]:
    """Return the inputs; steps that have to wait for a value of the whole window are kept."""
    steps = {wire.port.steps for wire in wires} - {None}
    if len(steps) > 1:
        raise refuse(
            layer,
            f"its inputs have {' and '.join(str(s) for s in sorted(steps, key=str))} time steps",
            "give it inputs of the same length",
        )
    pieces = [Piece.begin(wire) for wire in wires]
    for number in range(len(wires)):
        for value in wires if steps else ():
            if value.port.steps is None:
                name = f"{layer.name}_window{number}"
                pieces[number] = kept_for(pieces[number], value, name)
    return pieces
