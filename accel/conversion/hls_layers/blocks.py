"""Which blocks have exact HLS, and why others have not."""

from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from accel.conversion.hls_layers.activation import activation
from accel.conversion.hls_layers.batch_normalization import batch_normalization
from accel.conversion.hls_layers.code import Stock, Template
from accel.conversion.hls_layers.convolution import conv1d, depthwise_conv1d
from accel.conversion.hls_layers.delta import delta_gru, delta_lstm
from accel.conversion.hls_layers.dense import dense
from accel.conversion.hls_layers.function import FUNCTIONS
from accel.conversion.hls_layers.gru import gru
from accel.conversion.hls_layers.join import add, concatenate, multiply
from accel.conversion.hls_layers.lstm import lstm, refolded_lstm
from accel.conversion.hls_layers.order import crop, replay, reshape, select
from accel.conversion.hls_layers.pooling import (
    average_pooling,
    max_pooling,
    moving_average,
    window_sum,
)
from accel.conversion.hls_layers.simple_rnn import simple_rnn
from accel.conversion.hls_layers.unfold import unfolded
from hw.layer.convolution.conv1d import Conv1D
from hw.layer.convolution.depthwise_conv1d import DepthwiseConv1D
from hw.layer.convolution.moving_average import MovingAverage
from hw.layer.convolution.pooling import AveragePooling, MaxPooling
from hw.layer.convolution.window_sum import WindowSum
from hw.layer.delta.gru import DeltaGRU
from hw.layer.delta.lstm import DeltaLSTM
from hw.layer.dense.dense import Dense
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
from hw.network.design import Design
from hw.network.graph import Network
from hw.network.mode import Mode

Handler = Callable[[str, Any], Stock | Template]

HANDLERS: dict[type, Handler] = {
    Activation: activation,
    Add: add,
    AveragePooling: average_pooling,
    BatchNormalization: batch_normalization,
    Concatenate: concatenate,
    Conv1D: conv1d,
    Crop: crop,
    Dense: dense,
    DeltaGRU: delta_gru,
    DeltaLSTM: delta_lstm,
    DepthwiseConv1D: depthwise_conv1d,
    Flatten: reshape,
    GRU: gru,
    LSTM: lstm,
    MaxPooling: max_pooling,
    MovingAverage: moving_average,
    Multiply: multiply,
    Replay: replay,
    Select: select,
    SimpleRNN: simple_rnn,
    Unflatten: reshape,
    UnrolledDense: dense,
    UnrolledLSTM: refolded_lstm,
    SharedLSTM: refolded_lstm,
    WindowSum: window_sum,
}
"""By block; each takes a C++ identifier of the block's own and its spec."""

STREAMING = (
    Activation, Add, BatchNormalization, Concatenate, Conv1D, DeltaGRU, DeltaLSTM, Dense,
    DepthwiseConv1D, GRU, LSTM, Multiply, Select, SimpleRNN, UnrolledDense, UnrolledLSTM,
)  # fmt: skip
"""Blocks that have no memory, or whose templates can keep it from call to call."""

FIELDS = (
    "activation", "backwards", "begin", "bias", "bias_format", "channels", "dilation", "end",
    "extra_depth", "factors", "few_operands", "format", "function", "gate_reuse", "initial_state",
    "input", "input_reuse", "input_threshold", "kernel", "kernel_format", "layer", "multipliers",
    "offset", "offset_format", "order", "output", "pace", "padding", "pool",
    "recurrent_activation", "recurrent_bias", "recurrent_format", "recurrent_kernel",
    "recurrent_reuse", "registered_output", "registers", "reloadable", "reset_after",
    "return_sequences", "return_state", "reuse", "scale", "scale_format", "series", "size",
    "skip_zeros", "state", "state_access", "state_threshold", "static", "steps", "storage",
    "stride", "terms", "widths",
)  # fmt: skip
"""Parameters of the blocks above that the handlers obey, or that change no value."""

RESERVED = "input"
"""What hls4ml lets no layer be called."""
CLONES = 7
"""How often hls4ml clones a stream."""

DOUBLE_BITS = 53  # what a number of the C interface, a double, holds


def inexact_reason(network: Design) -> str:
    """Return why there is no exact HLS of `network`, or an empty string."""
    if not isinstance(network, Network):
        return (
            "a gate lets two networks answer in turn, which hls4ml's one top function does not, so "
            "no HLS project is written"
        )
    if set(network.outputs) & {port.name for port in network.inputs}:
        return "an input that is an output as well has no layer, so no HLS project is written"
    if RESERVED in {
        *(port.name for port in network.inputs),
        *(node.name for node in network.nodes),
    }:
        return f"hls4ml keeps the name {RESERVED!r} to itself, so no HLS project is written"
    readers = Counter(source for node in network.nodes for source in node.inputs)
    readers.update(network.outputs)
    name, count = readers.most_common(1)[0]
    if count > CLONES:
        return (
            f"{name!r} has {count} readers, of which hls4ml serves {CLONES}, so no HLS project is "
            "written"
        )
    for node in unfolded(network).nodes:
        reason = _reason(node.name, node.spec)
        if not reason and network.mode is Mode.STREAMING:
            reason = _stream_reason(node.name, node.spec)
        if reason:
            return f"{reason}, so no HLS project is written"
    ports = (*network.inputs, *network.output_ports)
    if max(port.format.width for port in ports) > DOUBLE_BITS:
        return (
            f"the network's values have more than {DOUBLE_BITS} bits, which the HLS project's "
            "interface of doubles cannot hold, so no HLS project is written"
        )
    return ""


def stock_reason(network: Network) -> str:
    """Return why hls4ml's own templates are not enough for `network`, or an empty string."""
    reason = inexact_reason(network)
    for node in () if reason else unfolded(network).nodes:
        if isinstance(HANDLERS[type(node.spec)]("block", node.spec), Template):
            kind = type(node.spec).__name__
            return f"because it has no exact template for {kind} (layer {node.name!r})"
    return reason and f"because {reason.removesuffix(', so no HLS project is written')}"


def _reason(name: str, spec: Any) -> str:
    kind = type(spec).__name__
    # Exactly these classes: one derived from them computes something else.
    if type(spec) not in HANDLERS:
        return f"there is no exact HLS template for {kind} (layer {name!r})"
    if spec.inputs[0].series != 1:
        return f"layer {name!r} interleaves {spec.inputs[0].series} series"
    for field in fields(spec):
        if field.name not in FIELDS and getattr(spec, field.name) != field.default:
            return f"the HLS template for {kind} knows no {field.name} (layer {name!r})"
    for key in ("activation", "recurrent_activation", "function"):
        function = getattr(spec, key, None)
        if function is not None and type(function) not in FUNCTIONS:
            return f"there is no HLS template for {type(function).__name__} (layer {name!r})"
    return _reason(name, spec.layer) if isinstance(spec, DeltaLSTM | DeltaGRU) else ""


def _stream_reason(name: str, spec: Any) -> str:
    if not isinstance(spec, STREAMING) or getattr(spec, "stride", 1) > 1:
        stride = " with a stride" * (getattr(spec, "stride", 1) > 1)
        kind = type(spec).__name__ + stride
        return f"there is no exact HLS template for {kind} of a stream (layer {name!r})"
    return ""
