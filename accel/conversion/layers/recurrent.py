"""Recurrent layers of QKeras, forwards and backwards; gate orders are Keras's and `hw`'s alike."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypedDict

import numpy as np

from accel.conversion.draft import LayerDraft
from accel.conversion.formats import activation_of, format_of
from accel.conversion.layers.common import Context, bias, cell_of, refuse, steps_of, weight
from accel.conversion.layers.realization import Plain, realized, wish_of
from accel.conversion.layers.waiting import kept_for
from accel.conversion.piece import Piece, Wire
from accel.conversion.place import Place
from accel.conversion.settings import (
    Strategy,
    gate_reuse_factors,
    reuse_factor,
    skips_zeros,
    strategy,
)
from accel.qkeras_compat import keras
from hw.function.pointwise import Pointwise
from hw.function.quantizer import Function, Quantizer
from hw.layer.elementwise.activation import Activation
from hw.layer.elementwise.select import Select
from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.simple_rnn import SimpleRNN
from hw.layer.shape.replay import Replay
from hw.number.fixed_point import FixedPoint
from hw.stream import Port


@dataclass(frozen=True)
class Direction:
    """One recurrent layer to lower: of its own, or one side of a `Bidirectional`.

    Parameters
    ----------
    layer
        The node it stands for.
    source
        The Keras recurrent layer.
    backwards
        Whether it reads the window from its end.
    """

    layer: LayerDraft
    source: keras.layers.RNN
    backwards: bool

    @property
    def cell(self) -> keras.layers.Layer:
        return cell_of(self.source)

    def place(self, argument: str) -> Place:
        return Place(self.layer.name, argument)

    @property
    def state(self) -> FixedPoint:
        return format_of(self.cell.state_quantizer_internal, self.place("state_quantizer"))

    def activation(self, argument: str) -> Pointwise:
        return activation_of(getattr(self.cell, argument), self.place(argument))


def recurrent(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`QSimpleRNN`, `QLSTM` or `QGRU`; ``go_backwards`` reads a copy of the window."""
    direction = Direction(layer, layer.source, bool(layer.source.go_backwards))
    return lower_direction(direction, wires[0], context, layer.name, wires[1:])


def lower_direction(
    direction: Direction,
    wire: Wire,
    context: Context,
    name: str,
    states: tuple[Wire, ...] = (),
) -> Piece:
    """Return the blocks of one direction; the last is called `name`.

    Parameters
    ----------
    states
        What it begins with (``initial_state``); zeros where there is nothing.
    """
    layer, source = direction.layer, direction.source
    steps = steps_of(layer, wire)
    if context.streaming and direction.backwards:
        raise refuse(
            layer, "it reads a window from its end, which a stream does not have",
            "use Mode='window' or Mode='sliding'",
        )  # fmt: skip
    piece = Piece.begin(wire)
    for number, state in enumerate(states):
        piece = kept_for(piece, state, f"{name}_kept{number}")
    if direction.backwards:
        port = wire.port
        replay = Replay(steps, port.channels, port.format, backwards=True)
        piece = piece.then(f"{name}_window", replay, complete=True)
    keeps = bool(source.return_sequences) or context.streaming
    plain = _BLOCKS[type(source).__name__](direction, piece.wire, context, keeps)
    if states:
        plain = replace(plain, initial_state=True)
    if name in context.with_cell:
        plain = replace(plain, return_state=True)  # only a QLSTM has a cell state
    spec = realized(layer, plain, wish_of(layer, context), wire.port.series)
    begins = [_initial(direction, f"{name}_initial{n}", each) for n, each in enumerate(states)]
    result = Piece.join(name, spec, (piece, *begins), None if keeps else True)
    return _hidden(result, spec) if isinstance(spec, LSTM) and spec.return_state else result


def _hidden(both: Piece, spec: LSTM) -> Piece:
    """Return the hidden state of an LSTM that gives its cell state beside it."""
    name, port = both.wire.name, both.wire.port
    piece = both.then(f"{name}_hidden", _half(port, 0))
    if not port.format.same_grid(spec.hidden):
        narrow = Activation(
            spec.units, port.format, Quantizer(Function.LINEAR, spec.hidden), port.steps
        )
        piece = piece.then(f"{name}_narrow", narrow)
    return Piece(piece.nodes, replace(piece.wire, states=both.wire))


def cell_state(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`accel.conversion.canonical.CellState`: what an LSTM gives behind its hidden state."""
    states = wires[0].states
    assert states is not None  # the LSTM saw that it is wanted
    return Piece.begin(states).then(layer.name, _half(states.port, 1))


def _half(port: Port, which: int) -> Select:
    count = port.channels // 2
    order = tuple(range(which * count, (which + 1) * count))
    return Select(port.channels, order, port.format, port.steps)


def _initial(direction: Direction, name: str, wire: Wire) -> Piece:
    """Return a state to begin with in the layer's own format, into which QKeras brings it, too."""
    port, state = wire.port, direction.state
    if port.steps is not None:
        raise refuse(
            direction.layer, "its initial_state has time steps", "give it one value for each unit"
        )
    piece = Piece.begin(wire)
    if port.format.same_grid(state) and state.minimum == state.plain().minimum:
        return piece
    quantizer = Quantizer(Function.LINEAR, state)
    return piece.then(name, Activation(port.channels, port.format, quantizer))


def _simple_rnn(direction: Direction, wire: Wire, context: Context, keeps: bool) -> Plain:
    if _gate_reuse(direction, context):
        raise refuse(
            direction.layer, "GateReuseFactors is for layers with gates, which it has not",
            "use ReuseFactor",
        )  # fmt: skip
    kernel, recurrent_kernel = _kernels(direction)
    biases = bias(direction.layer, (kernel[0].shape[1],), kernel[1], direction.source)
    products = kernel[0].size + recurrent_kernel[0].size
    return SimpleRNN(
        kernel[0], recurrent_kernel[0], biases[0], wire.port.format, kernel[1],
        recurrent_kernel[1], biases[1], direction.state, direction.activation("activation"),
        steps_of(direction.layer, wire), **_folding(direction, context, products),
        return_sequences=keeps, skip_zeros=_skips(direction, context),
    )  # fmt: skip


def _lstm(direction: Direction, wire: Wire, context: Context, keeps: bool) -> Plain:
    kernel, recurrent_kernel = _kernels(direction)
    biases = bias(direction.layer, (kernel[0].shape[1],), kernel[1], direction.source)
    products = kernel[0].size + recurrent_kernel[0].size
    return LSTM(
        kernel[0], recurrent_kernel[0], biases[0], wire.port.format, kernel[1],
        recurrent_kernel[1], biases[1], direction.state, direction.activation("activation"),
        direction.activation("recurrent_activation"), steps_of(direction.layer, wire),
        **_folding(direction, context, products), return_sequences=keeps,
        skip_zeros=_skips(direction, context), gate_reuse=_gate_reuse(direction, context),
    )  # fmt: skip


def _gru(direction: Direction, wire: Wire, context: Context, keeps: bool) -> Plain:
    kernel, recurrent_kernel = _kernels(direction)
    reset_after = bool(direction.cell.reset_after)
    rows = 1 + reset_after
    biases, bias_format = bias(
        direction.layer, (rows, kernel[0].shape[1]), kernel[1], direction.source
    )
    biases = biases.reshape(rows, -1)
    products = kernel[0].size + recurrent_kernel[0].size
    return GRU(
        kernel[0], recurrent_kernel[0], biases[0],
        biases[1] if reset_after else np.zeros_like(biases[0]), wire.port.format, kernel[1],
        recurrent_kernel[1], bias_format, direction.state, direction.activation("activation"),
        direction.activation("recurrent_activation"), reset_after,
        steps_of(direction.layer, wire), **_folding(direction, context, products),
        return_sequences=keeps, skip_zeros=_skips(direction, context),
        gate_reuse=_gate_reuse(direction, context),
    )  # fmt: skip


_BLOCKS: dict[str, Callable[[Direction, Wire, Context, bool], Plain]] = {
    "QSimpleRNN": _simple_rnn,
    "QLSTM": _lstm,
    "QGRU": _gru,
}


def _kernels(
    direction: Direction,
) -> tuple[tuple[np.ndarray, FixedPoint], tuple[np.ndarray, FixedPoint]]:
    layer, source = direction.layer, direction.source
    return (
        weight(layer, "kernel", "kernel_quantizer", source),
        weight(layer, "recurrent_kernel", "recurrent_quantizer", source),
    )


def _skips(direction: Direction, context: Context) -> bool:
    layer = direction.layer
    return skips_zeros(context.config, layer.name, layer.types)


def _gate_reuse(direction: Direction, context: Context) -> tuple[int, ...]:
    layer = direction.layer
    return gate_reuse_factors(context.config, layer.name, layer.types)


class _Folding(TypedDict, total=False):
    input_reuse: int
    recurrent_reuse: int
    multipliers: int


def _folding(direction: Direction, context: Context, products: int) -> _Folding:
    """Return two reuse factors, or the size of the one pool of ``Strategy='Shared'``.

    Parameters
    ----------
    products
        Of one step, both kinds.
    """
    layer, config = direction.layer, context.config
    chosen = strategy(config, layer.name, layer.types)
    product = reuse_factor(config, layer.name, layer.types, "ReuseFactor")
    recurrent = reuse_factor(config, layer.name, layer.types, "RecurrentReuseFactor")
    default = 1 if chosen is Strategy.LATENCY else int(direction.cell.units)
    if _gate_reuse(direction, context):
        return {"recurrent_reuse": recurrent or product or default}
    if chosen is Strategy.SHARED:
        return {"multipliers": -(-products // (product or default))}
    return {
        "input_reuse": product or recurrent or default,
        "recurrent_reuse": recurrent or product or default,
    }
