"""Recurrent layers in HLS: drawn networks, every code of the C simulation against the golden model.

Each network has two recurrent layers, the first of which gives its whole sequence away; some have
initial states as inputs, some delta updates; two smaller ones have an LSTM whose hardware is
another. Functions and formats go beyond what QKeras can say:
every rounding and overflow mode, staircases, hls4ml's tables, leaky relus.
"""

from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from hw import (
    GRU,
    LSTM,
    Activation,
    FixedPoint,
    Function,
    Network,
    Node,
    Overflow,
    Port,
    Quantizer,
    Rounding,
    SimpleRNN,
)
from hw.block import Spec
from hw.errors import ChronogateError
from hw.function.leaky_relu import LeakyRelu
from hw.function.pointwise import Pointwise
from hw.function.qkeras import power_of_two, real_sigmoid, real_tanh, ternary
from hw.function.table import Curve, make_table
from hw.layer.delta.delta import delta
from hw.layer.recurrent.unrolled_lstm import UnrolledLSTM
from hw.layer.shape.replay import Replay
from hw.layer.shared_lstm.shared_lstm import LEAST_MULTIPLIERS, SharedLSTM
from tests.accel.conversion.compare import compare_codes, draw_inputs
from tests.accel.conversion.hls_library import build_library
from tests.hw.drawing import draw_dense, draw_quantizer, draw_recurrent
from tests.hw.drawing import draw_network as draw_small_network

KINDS = ("simple_rnn", "lstm", "gru_after", "gru_before")
DRAWS = 2
WINDOWS = 60


def draw_any_format(rng: np.random.Generator, signed: bool = True) -> FixedPoint:
    """Draw a format with any of the modes."""
    rounding = list(Rounding)[int(rng.integers(len(Rounding)))]
    overflow = list(Overflow)[int(rng.integers(len(Overflow)))]
    width = int(rng.integers(4, 9))
    return FixedPoint(width, int(rng.integers(0, 4)), signed, rounding, overflow)


def draw_function(rng: np.random.Generator, gate: bool) -> Pointwise:
    """Draw any function that has a template."""
    functions = [
        lambda: draw_quantizer(rng, [Function.HARD_SIGMOID if gate else Function.HARD_TANH]),
        lambda: Quantizer(Function.LINEAR, draw_any_format(rng, signed=bool(rng.random() < 0.7))),
        lambda: Quantizer(Function.HARD_SIGMOID, draw_any_format(rng)),
        lambda: real_sigmoid(int(rng.integers(1, 7))) if gate else real_tanh(5, symmetric=True),
        lambda: make_table(Curve.SIGMOID if gate else Curve.TANH, draw_any_format(rng), 256),
        lambda: LeakyRelu(1, int(rng.integers(1, 4)), None, 6.0, draw_any_format(rng)),
        lambda: LeakyRelu(int(rng.integers(0, 4)), 1, -1.25, 3.5),
        lambda: ternary(0.6) if gate else power_of_two(3, 2.0),
    ]
    return functions[int(rng.integers(len(functions)))]()


def draw_layer(rng: np.random.Generator, source: Port, kind: str, sequences: bool) -> Spec:
    """Draw a recurrent layer behind `source`, some with initial states or delta updates."""
    assert source.steps is not None
    drawn = draw_recurrent(rng, source.format, source.channels, source.steps, kind)
    changes = {
        "activation": draw_function(rng, gate=False),
        "state": draw_any_format(rng),
        "return_sequences": sequences,
    }
    if not isinstance(drawn, SimpleRNN):
        changes["recurrent_activation"] = draw_function(rng, gate=True)
    layer = replace(drawn, **changes)
    if isinstance(layer, LSTM | GRU) and kind != "gru_before" and rng.random() < 0.4:
        return delta(layer, int(rng.integers(0, 4)), int(rng.integers(0, 4)))
    return replace(layer, initial_state=bool(rng.random() < 0.4))


def draw_network(rng: np.random.Generator, kind: str) -> Network:
    """Draw two recurrent layers, the first of `kind`, with functions and dense layers between."""
    inputs = [Port("x", int(rng.integers(1, 5)), draw_any_format(rng), int(rng.integers(2, 6)))]
    source = inputs[0]
    nodes: list[Node] = []
    port = source

    def add(spec: Spec) -> None:
        nonlocal port
        before = nodes[-1].name if nodes else source.name
        name = f"{type(spec).__name__.lower()}_{len(nodes)}"
        given = [replace(p, name=f"{name}_{p.name}") for p in spec.inputs[1:]]
        inputs.extend(given)
        nodes.append(Node(name, spec, (before, *(p.name for p in given))))
        port = spec.outputs[0]

    def quantize() -> None:
        function = Quantizer(Function.LINEAR, draw_any_format(rng))
        add(Activation(port.channels, port.format, function, port.steps))

    if rng.random() < 0.3:
        add(Replay(source.steps or 1, source.channels, source.format, backwards=True))
    add(draw_layer(rng, port, kind, sequences=True))
    quantize()
    if rng.random() < 0.5:
        kernel = draw_dense(rng, port.format, port.channels)
        add(replace(kernel, steps=port.steps, skip_zeros=False))
        quantize()
    add(draw_layer(rng, port, KINDS[int(rng.integers(len(KINDS)))], sequences=False))
    quantize()
    add(Activation(port.channels, port.format, draw_function(rng, gate=True), None))
    if rng.random() < 0.5:
        add(draw_dense(rng, port.format, port.channels))
    return Network("drawn", tuple(inputs), tuple(nodes), (nodes[-1].name,))


def draw_telling_network(seed: int, kind: str) -> Network:
    """Draw until the forecast is no constant and every number fits."""
    for attempt in count():
        rng = np.random.default_rng([seed, attempt])
        try:
            network = draw_network(rng, kind)
            outputs = network.reference(draw_inputs(network, WINDOWS, seed))
        except ChronogateError:
            continue  # more than 63 bits
        if network.output_format.width <= 53 and len(np.unique(outputs, axis=0)) > 12:
            return network
    raise AssertionError("unreachable")


def engines(seed: int) -> list[Network]:
    """Return a small LSTM in adders, and one on a shared engine."""
    drawn = draw_small_network(seed, "lstm")
    squeeze, lstm, *rest = drawn.nodes
    assert isinstance(lstm.spec, LSTM)
    kinds = UnrolledLSTM.of(lstm.spec, 1), SharedLSTM.of(lstm.spec, LEAST_MULTIPLIERS)
    source = replace(drawn.input, name="x")  # hls4ml keeps the name input to itself
    begin = replace(squeeze, inputs=(source.name,))
    return [
        replace(drawn, inputs=(source,), nodes=(begin, replace(lstm, spec=spec), *rest))
        for spec in kinds
    ]


@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
def test_drawn_recurrent_networks(io_type: str, tmp_path: Path) -> None:
    first = 100 * (io_type == "io_stream")
    networks = [draw_telling_network(first + draw, kind) for kind in KINDS for draw in range(DRAWS)]
    networks += engines(first)
    for network, run in zip(networks, build_library(networks, io_type, tmp_path), strict=True):
        codes = draw_inputs(network, WINDOWS, 1)
        layers = ", ".join(node.name for node in network.nodes)
        compare_codes(f"{layers} in C", network.reference(codes), *run(codes))
