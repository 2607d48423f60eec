"""A network as real arithmetic: what each block computes, in the words of `Operations`.

Every value is its code times its format's step, so that exact arithmetic on reals gives the golden
model's codes. How many bits that takes is `exact_bits`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from accel.export.functions import apply, widest
from accel.export.operations import Operations
from accel.export.recurrence import gru, lstm, refolded_lstm, simple_rnn
from hw.block import Spec
from hw.errors import ChronogateError
from hw.function.pointwise import Pointwise
from hw.function.quotient import Quotient
from hw.layer.convolution.conv1d import Conv1D
from hw.layer.convolution.depthwise_conv1d import DepthwiseConv1D
from hw.layer.convolution.pooling import AveragePooling, MaxPooling
from hw.layer.convolution.window_sum import WindowSum
from hw.layer.dense.dense import Dense
from hw.layer.dense.shared_dense import SharedDense
from hw.layer.dense.unrolled_dense import UnrolledDense
from hw.layer.elementwise.activation import Activation
from hw.layer.elementwise.add import Add
from hw.layer.elementwise.batch_normalization import BatchNormalization
from hw.layer.elementwise.concatenate import Concatenate
from hw.layer.elementwise.multiply import Multiply
from hw.layer.elementwise.select import Select
from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.simple_rnn import SimpleRNN
from hw.layer.recurrent.unrolled_lstm import UnrolledLSTM
from hw.layer.shape.crop import Crop
from hw.layer.shape.flatten import Flatten
from hw.layer.shape.replay import Replay
from hw.layer.shape.unflatten import Unflatten
from hw.layer.shared_lstm.shared_lstm import SharedLSTM
from hw.network.graph import Network, Node
from hw.network.mode import Mode
from hw.number.fixed_point import FixedPoint

Lowering = Callable[..., Any]
"""Takes the operations, the block, the tensors it reads, and the node's name; returns a tensor."""


def lower(network: Network, ops: Operations[Any], inputs: Sequence[Any]) -> list[Any]:
    """Build the graph of `network`; return a tensor for each output.

    Raises
    ------
    ChronogateError
        When a block, or the network's mode, has no counterpart.
    """
    check_exportable(network)
    found = dict(zip((port.name for port in network.inputs), inputs, strict=True))
    for node in network.nodes:
        sources = [found[source] for source in node.inputs]
        found[node.name] = _LOWERINGS[type(node.spec)](ops, node.spec, sources, node.name)
    return [found[output] for output in network.outputs]


def check_exportable(network: Network) -> None:
    """Refuse what has no counterpart, by name."""
    if network.mode is Mode.STREAMING:
        raise ChronogateError(
            f"{network.name} keeps its state from sample to sample, which a file of one inference "
            "cannot: convert the model with Mode='window' to export it"
        )
    for node in network.nodes:
        if type(node.spec) not in _LOWERINGS or getattr(node.spec, "initial_state", False):
            what = "an initial state" if type(node.spec) in _LOWERINGS else type(node.spec).__name__
            raise ChronogateError(
                f"layer {node.name!r}: {what} cannot be exported: use the simulated RTL or the HLS "
                "project, or leave the layer out"
            )


def exact_bits(network: Network) -> int:
    """Return the bits that the widest number on the way has."""
    return max(_width(node) for node in network.nodes)


def divides(network: Network) -> bool:
    """Tell whether a quotient is rounded, which takes more bits than its format has."""
    return any(
        isinstance(getattr(node.spec, "function", None), Quotient)
        or (isinstance(node.spec, AveragePooling) and node.spec.output is not None)
        for node in network.nodes
    )


_INNER = ("sum", "total", "carry", "hidden", "candidate_sum", "reset_sum", "biased", "gate_sum")


def _width(node: Node) -> int:
    found = [port.format for port in (*node.spec.inputs, *node.spec.outputs)]
    spec = node.spec.layer if isinstance(node.spec, SharedLSTM | UnrolledLSTM) else node.spec
    found += [getattr(spec, name, None) for name in _INNER]
    widths = [format.width for format in found if isinstance(format, FixedPoint)]
    if isinstance(node.spec, SharedDense):
        widths += [total.width for total in node.spec.totals]
    widths += [widest(function, source).width for function, source in _applied(spec)]
    # A result may be widened by a bit before it is rounded or clipped.
    return max(widths) + 1


def _applied(spec: Spec) -> Iterator[tuple[Pointwise, FixedPoint]]:
    """Yield the functions inside of a block, each with the format of what it is applied to."""
    match spec:
        case Activation():
            yield spec.function, spec.input
        case SimpleRNN():
            yield spec.activation, spec.sum
        case LSTM():
            yield spec.recurrent_activation, spec.sum
            yield spec.activation, spec.sum
            yield spec.activation, spec.carry
        case GRU():
            yield spec.recurrent_activation, spec.sum
            yield spec.activation, spec.candidate_sum
        case SharedDense():
            for layer, total in zip(spec.layers, spec.totals, strict=True):
                if layer.function is not None:
                    yield layer.function, total


def _dense(ops: Operations[Any], spec: Dense, sources: list[Any], name: str) -> Any:
    kernel = ops.weights(spec.kernel, spec.kernel_format)
    total = ops.matmul(sources[0], kernel)
    return ops.add(total, ops.weights(spec.bias, spec.bias_format)) if spec.bias.any() else total


def _shared_dense(ops: Operations[Any], spec: SharedDense, sources: list[Any], name: str) -> Any:
    value = sources[0]
    for layer, total in zip(spec.layers, spec.totals, strict=True):
        value = ops.matmul(value, ops.weights(layer.kernel, layer.kernel_format))
        value = ops.add(value, ops.weights(layer.bias, layer.bias_format))
        if layer.function is not None:
            value = apply(ops, layer.function, value, total, name)
    return value


def _activation(ops: Operations[Any], spec: Activation, sources: list[Any], name: str) -> Any:
    return apply(ops, spec.function, sources[0], spec.input, name)


def _add(ops: Operations[Any], spec: Add, sources: list[Any], name: str) -> Any:
    terms = [
        value if factor == 1 else ops.multiply(value, ops.constant(np.array(float(factor))))
        for value, factor in zip(_spread(ops, spec, sources), spec.factors, strict=True)
    ]
    total = terms[0]
    for term in terms[1:]:
        total = ops.add(total, term)
    return total


def _multiply(ops: Operations[Any], spec: Multiply, sources: list[Any], name: str) -> Any:
    first, *others = _spread(ops, spec, sources)
    for other in others:
        first = ops.multiply(first, other)
    return first


def _concatenate(ops: Operations[Any], spec: Concatenate, sources: list[Any], name: str) -> Any:
    parts = _spread(ops, spec, sources)
    if spec.static and spec.steps is not None:
        copies = np.zeros(spec.steps, dtype=np.int64)
        parts = [
            ops.take(part, copies, 1) if k in spec.static else part for k, part in enumerate(parts)
        ]
    return ops.concatenate(parts, -1)


def _spread(
    ops: Operations[Any], spec: Add | Multiply | Concatenate, sources: list[Any]
) -> list[Any]:
    """Give static inputs a time axis of one step."""
    ports = spec.inputs
    return [
        ops.reshape(value, (1, port.channels)) if k in spec.static else value
        for k, (value, port) in enumerate(zip(sources, ports, strict=True))
    ]


def _batch_normalization(
    ops: Operations[Any], spec: BatchNormalization, sources: list[Any], name: str
) -> Any:
    scaled = ops.multiply(sources[0], ops.weights(spec.scale, spec.scale_format))
    return ops.add(scaled, ops.weights(spec.offset, spec.offset_format))


def _conv1d(ops: Operations[Any], spec: Conv1D, sources: list[Any], name: str) -> Any:
    taps, n_in, filters = spec.kernel.shape
    gathered = _taps(ops, spec, sources[0])
    flat = ops.reshape(gathered, (spec.field.outputs, taps * n_in))
    kernel = ops.weights(spec.kernel.reshape(taps * n_in, filters), spec.kernel_format)
    return ops.add(ops.matmul(flat, kernel), ops.weights(spec.bias, spec.bias_format))


def _depthwise(ops: Operations[Any], spec: DepthwiseConv1D, sources: list[Any], name: str) -> Any:
    taps, channels, multiplier = spec.kernel.shape
    steps = spec.field.outputs
    gathered = ops.reshape(_taps(ops, spec, sources[0]), (steps, taps, channels, 1))
    products = ops.multiply(gathered, ops.weights(spec.kernel, spec.kernel_format))
    sums = ops.reshape(ops.total(products, 2), (steps, channels * multiplier))
    return ops.add(sums, ops.weights(spec.bias, spec.bias_format))


def _taps(ops: Operations[Any], spec: Conv1D | DepthwiseConv1D, x: Any) -> Any:
    field = spec.field
    padded = ops.pad_steps(x, field.before, field.after)
    starts = np.arange(field.outputs)[:, np.newaxis] * field.stride
    return ops.take(padded, starts + np.arange(field.taps) * field.dilation, 1)


def _pools(ops: Operations[Any], spec: MaxPooling | AveragePooling, x: Any) -> Any:
    pool = spec.pool
    starts = np.arange(pool.outputs)[:, np.newaxis] * pool.period
    return ops.take(x, starts + np.arange(pool.span), 1)


def _max_pooling(ops: Operations[Any], spec: MaxPooling, sources: list[Any], name: str) -> Any:
    return _pooled(ops, spec, ops.largest(_pools(ops, spec, sources[0]), 2))


def _average(ops: Operations[Any], spec: AveragePooling, sources: list[Any], name: str) -> Any:
    sums = _pooled(ops, spec, ops.total(_pools(ops, spec, sources[0]), 2))
    if spec.output is None:
        return ops.multiply(sums, ops.constant(np.array(1.0 / spec.pool.span)))
    return apply(ops, Quotient(spec.pool.span, spec.output), sums, spec.sum, name)


def _pooled(ops: Operations[Any], spec: MaxPooling | AveragePooling, x: Any) -> Any:
    return ops.reshape(x, (spec.channels,)) if spec.pool.size is None else x


def _flatten(ops: Operations[Any], spec: Flatten, sources: list[Any], name: str) -> Any:
    return ops.reshape(sources[0], (spec.steps * spec.channels,))


def _unflatten(ops: Operations[Any], spec: Unflatten, sources: list[Any], name: str) -> Any:
    return ops.reshape(sources[0], (spec.steps, spec.channels))


def _select(ops: Operations[Any], spec: Select, sources: list[Any], name: str) -> Any:
    return ops.take(sources[0], np.array(spec.order), -1)


def _crop(ops: Operations[Any], spec: Crop, sources: list[Any], name: str) -> Any:
    return ops.take(sources[0], np.arange(spec.begin, spec.end), 1)


def _replay(ops: Operations[Any], spec: Replay, sources: list[Any], name: str) -> Any:
    return ops.take(sources[0], np.arange(spec.steps)[::-1], 1) if spec.backwards else sources[0]


def _window_sum(ops: Operations[Any], spec: WindowSum, sources: list[Any], name: str) -> Any:
    return ops.total(sources[0], 1)


_LOWERINGS: dict[type[Spec], Lowering] = {
    Activation: _activation,
    Add: _add,
    AveragePooling: _average,
    BatchNormalization: _batch_normalization,
    Concatenate: _concatenate,
    Conv1D: _conv1d,
    Crop: _crop,
    Dense: _dense,
    DepthwiseConv1D: _depthwise,
    Flatten: _flatten,
    GRU: gru,
    LSTM: lstm,
    MaxPooling: _max_pooling,
    Multiply: _multiply,
    Replay: _replay,
    Select: _select,
    SharedDense: _shared_dense,
    SharedLSTM: refolded_lstm,
    SimpleRNN: simple_rnn,
    Unflatten: _unflatten,
    UnrolledDense: _dense,
    UnrolledLSTM: refolded_lstm,
    WindowSum: _window_sum,
}
