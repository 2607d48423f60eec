"""Which blocks have exact HLS, and why others have not."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from accel.conversion.hls_layers.activation import activation
from accel.conversion.hls_layers.code import Stock, Template
from accel.conversion.hls_layers.dense import dense
from accel.conversion.hls_layers.flatten import flatten
from accel.conversion.hls_layers.function import FUNCTIONS
from accel.conversion.hls_layers.gru import gru
from accel.conversion.hls_layers.lstm import lstm
from accel.conversion.hls_layers.replay import replay
from accel.conversion.hls_layers.simple_rnn import simple_rnn
from hw.layer.activation import Activation
from hw.layer.dense import Dense
from hw.layer.flatten import Flatten
from hw.layer.gru import GRU
from hw.layer.lstm import LSTM
from hw.layer.replay import Replay
from hw.layer.simple_rnn import SimpleRNN
from hw.layer.unrolled_dense import UnrolledDense
from hw.network.graph import Network, Node
from hw.network.mode import Mode

Handler = Callable[[str, Any], Stock | Template]

HANDLERS: dict[type, Handler] = {
    Activation: activation,
    Dense: dense,
    Flatten: flatten,
    GRU: gru,
    LSTM: lstm,
    Replay: replay,
    SimpleRNN: simple_rnn,
    UnrolledDense: dense,
}
"""By block; each takes a C++ identifier of the block's own and its spec."""

FIELDS = (
    "activation", "backwards", "bias", "bias_format", "channels", "extra_depth", "few_operands",
    "format", "function", "input", "input_reuse", "kernel", "kernel_format", "multipliers", "pace",
    "recurrent_activation", "recurrent_bias", "recurrent_format", "recurrent_kernel",
    "recurrent_reuse", "registered_output", "registers", "reloadable", "reset_after",
    "return_sequences", "reuse", "series", "skip_zeros", "state", "state_access", "steps",
    "storage",
)  # fmt: skip
"""Parameters of the blocks above that the handlers obey, or that change no value."""

DOUBLE_BITS = 53  # what a number of the C interface, a double, holds


def inexact_reason(network: Network) -> str:
    """Return why there is no exact HLS of `network`, or an empty string."""
    if network.mode is not Mode.WINDOW:
        return (
            f"the mode {network.mode} keeps samples or states between windows, which the HLS "
            "templates do not, so no HLS project is written"
        )
    if len(network.inputs) != 1 or len(network.outputs) != 1:
        return "the network has several inputs or outputs, so no HLS project is written"
    for node in network.nodes:
        reason = _reason(node)
        if reason:
            return f"{reason}, so no HLS project is written"
    if network.output_format.width > DOUBLE_BITS or network.input_format.width > DOUBLE_BITS:
        return (
            f"the network's values have more than {DOUBLE_BITS} bits, which the HLS project's "
            "interface of doubles cannot hold, so no HLS project is written"
        )
    return ""


def stock_reason(network: Network) -> str:
    """Return why hls4ml's own templates are not enough for `network`, or an empty string."""
    reason = inexact_reason(network)
    for node in () if reason else network.nodes:
        if isinstance(HANDLERS[type(node.spec)]("block", node.spec), Template):
            kind = type(node.spec).__name__
            return f"because it has no exact template for {kind} (layer {node.name!r})"
    return reason and f"because {reason.removesuffix(', so no HLS project is written')}"


def _reason(node: Node) -> str:
    spec: Any = node.spec  # a dataclass, as all blocks are
    kind = type(spec).__name__
    # Exactly these classes: one derived from them computes something else.
    if type(spec) not in HANDLERS:
        return f"there is no exact HLS template for {kind} (layer {node.name!r})"
    if len(spec.inputs) != 1 or len(spec.outputs) != 1:
        return f"the HLS template for {kind} (layer {node.name!r}) has one input and one output"
    if spec.inputs[0].series != 1:
        return f"layer {node.name!r} interleaves {spec.inputs[0].series} series"
    for field in fields(spec):
        if field.name not in FIELDS and getattr(spec, field.name) != field.default:
            return f"the HLS template for {kind} knows no {field.name} (layer {node.name!r})"
    for key in ("activation", "recurrent_activation", "function"):
        function = getattr(spec, key, None)
        if function is not None and type(function) not in FUNCTIONS:
            return f"there is no HLS template for {type(function).__name__} (layer {node.name!r})"
    return ""
