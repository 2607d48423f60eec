"""Layers that compute nothing: other shapes, other orders, fewer or repeated steps."""

from itertools import product

import numpy as np

from accel.conversion.draft import LayerDraft
from accel.conversion.layers.context import Context, refuse, steps_of
from accel.conversion.piece import Piece, Wire
from hw.layer.elementwise.select import Select
from hw.layer.shape.crop import Crop
from hw.layer.shape.flatten import Flatten
from hw.layer.shape.unflatten import Unflatten


def flatten(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`Flatten`."""
    return _flat(layer, wires[0], layer.name, context)


def reshape(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`Reshape` to a flat vector or to other time steps."""
    return _reshaped(layer, wires[0], layer.shape, context)


def permute(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`Permute` of time steps and channels."""
    (wire,) = wires
    steps, channels = steps_of(layer, wire), wire.port.channels
    order = np.arange(steps * channels).reshape(steps, channels).T.ravel()
    piece = _flat(layer, wire, f"{layer.name}_flat", context)
    select = Select(steps * channels, tuple(order.tolist()), wire.port.format)
    return _unflat(layer, piece.then(f"{layer.name}_order", select), channels)


def repeat_vector(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`RepeatVector`."""
    (wire,) = wires
    if wire.port.steps is not None or context.streaming:
        raise refuse(layer, "it repeats a flat vector only", "put a Flatten before it")
    count, channels = int(layer.source.n), wire.port.channels
    order = tuple(channel for _, channel in product(range(count), range(channels)))
    piece = Piece.begin(wire).then(
        f"{layer.name}_copies", Select(channels, order, wire.port.format)
    )
    return _unflat(layer, piece, count)


def cropping(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`Cropping1D`."""
    (wire,) = wires
    steps, (first, last) = steps_of(layer, wire), layer.source.cropping
    if context.streaming:
        raise refuse(
            layer, "it cuts a window's ends off, which a stream does not have",
            "use Mode='sliding'",
        )  # fmt: skip
    spec = Crop(steps, wire.port.channels, wire.port.format, int(first), steps - int(last))
    return Piece.begin(wire).then(layer.name, spec)


def _reshaped(layer: LayerDraft, wire: Wire, shape: tuple[int, ...], context: Context) -> Piece:
    if len(shape) == 1:
        return _flat(layer, wire, layer.name, context)
    if len(shape) != 2:
        raise refuse(
            layer, f"a reshape to {shape} is not supported", "use (steps, channels) or (values,)"
        )
    port = wire.port
    if port.steps is not None and (port.beats, port.channels) == shape:
        return Piece.begin(wire)
    piece = Piece.begin(wire)
    if port.steps is not None:
        piece = _flat(layer, wire, f"{layer.name}_flat", context)
    return _unflat(layer, piece, shape[0])


def _flat(layer: LayerDraft, wire: Wire, name: str, context: Context) -> Piece:
    piece, port = Piece.begin(wire), wire.port
    if port.steps is None or context.streaming:
        return piece  # flat already; a stream's windows are single samples
    spec = Flatten(port.steps, port.channels, port.format)
    return piece.then(name, spec, complete=True)


def _unflat(layer: LayerDraft, piece: Piece, steps: int) -> Piece:
    port = piece.wire.port
    return piece.then(layer.name, Unflatten(steps, port.channels // steps, port.format))
