"""Saturation counters of quantizers inside of layers, in the whole top, with a stalling output."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hw import (
    Activation,
    AveragePooling,
    FixedPoint,
    Function,
    MovingAverage,
    Network,
    Node,
    Overflow,
    Pool,
    Port,
    Quantizer,
    Rounding,
)
from hw.block import Spec
from hw.control.map import saturation_names
from hw.control.saturation import saturation_watches
from hw.function.quotient import Quotient
from hw.layer.delta.gru import DeltaGRU
from hw.layer.delta.lstm import DeltaLSTM
from hw.layer.dense.shared_dense import SharedDense
from hw.layer.dense.shared_layer import SharedLayer
from hw.layer.elementwise.element_quantizer import ElementQuantizer
from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.unrolled_lstm import UnrolledLSTM
from hw.layer.shared_lstm.shared_lstm import SharedLSTM
from hw.network.mode import Mode
from hw.top.axi import accelerator_verilog
from tests.hw.control.top import Top
from tests.hw.recurrent_shapes import GRID, recurrent_layer

STEPS, WINDOWS = 3, 12
CLEAR, LATCH = 4, 2
STATE = FixedPoint(7, 0, True, Rounding.RND_CONV, Overflow.SAT)
"""A state that h and c leave now and then."""


def recurrence(kind: str, **folding: object) -> Spec:
    layer = replace(recurrent_layer(kind, 2, 4, STEPS, 3, **folding), state=STATE)
    if not kind.startswith("gru"):
        return layer
    # Large weights would let every step of a GRU saturate.
    return replace(layer, kernel=layer.kernel // 8, bias=layer.bias // 2)


def engine(multipliers: int) -> Spec:
    """Return three layers on one engine; the first and the last saturate."""
    rng = np.random.default_rng(5)
    narrow = Quantizer(Function.LINEAR, FixedPoint(8, 2, True, Rounding.RND, Overflow.SAT))
    tanh = Quantizer(Function.HARD_TANH, GRID)
    layers = tuple(
        SharedLayer(rng.integers(-90, 90, shape), rng.integers(-90, 90, shape[1]), GRID, GRID, f)
        for shape, f in (((2, 5), narrow), ((5, 3), tanh), ((3, 4), narrow))
    )
    return SharedDense(layers, GRID, multipliers, STEPS)


NARROW = Quantizer(Function.LINEAR, FixedPoint(7, 1, True, Rounding.RND_CONV, Overflow.SAT))
RELU = {
    kind: Quantizer(Function.LINEAR, FixedPoint(6, integer, False, Rounding.RND, Overflow.SAT))
    for kind, integer in (("lstm", 1), ("gru_after", 0), ("gru_before", 0))
}


def quantizing(kind: str, **folding: object) -> Spec:
    """Return a layer whose activations are quantizers, which saturate in some steps."""
    layer = replace(recurrent_layer(kind, 2, 4, STEPS, 3, **folding), state=FixedPoint(6, 0))
    gates = {} if kind == "simple_rnn" else {"recurrent_activation": RELU[kind]}
    scale = 2 if kind == "lstm" else 3
    small = {"kernel": layer.kernel // scale, "bias": layer.bias // scale}
    if isinstance(layer, GRU):
        small["recurrent_bias"] = layer.recurrent_bias // 8
    return replace(layer, activation=NARROW, **gates, **small)


def lstm(layer: Spec) -> LSTM:
    assert isinstance(layer, LSTM)
    return layer


def unrolled() -> Spec:
    return UnrolledLSTM.of(lstm(recurrence("lstm", multipliers=8)), 2)


def delta(kind: str, multipliers: int) -> Spec:
    layer = quantizing(kind, multipliers=multipliers)
    make = DeltaLSTM if kind == "lstm" else DeltaGRU
    return make(layer, 20, 3)


def elements(steps: int) -> Spec:
    """Return a quantizer that gives values other formats, in each step or in all alike."""
    formats = tuple(
        FixedPoint(width, integer, width != 5, Rounding.RND, Overflow.SAT)
        for width, integer in ((5, 1), (12, 6), (7, -1))
    )
    choice = ((1, 2), (2, -1), (0, 1))[:steps]
    return ElementQuantizer(GRID, formats, choice, STEPS)


AVERAGE = FixedPoint(6, 0, True, Rounding.RND_CONV, Overflow.SAT)
RELU_AVERAGE = FixedPoint(6, 0, False, Rounding.TRN, Overflow.WRAP)

ALL = {"h", "c", "gates", "candidate", "squashed"}
QUANTIZING: dict[str, tuple[Callable[[], Spec], set[str]]] = {
    "lstm": (lambda: quantizing("lstm", input_reuse=2, recurrent_reuse=3), ALL),
    "lstm in parallel": (lambda: quantizing("lstm", multipliers=90), ALL),
    "gru after": (lambda: quantizing("gru_after", multipliers=5), {"h", "gates", "candidate"}),
    "gru after in parallel": (
        lambda: quantizing("gru_after", multipliers=90),
        {"h", "gates", "candidate"},
    ),
    "gru before": (lambda: quantizing("gru_before", multipliers=11), {"h", "gates", "candidate"}),
    "rnn": (lambda: quantizing("simple_rnn", multipliers=6), {"sum"}),
    "unrolled lstm": (lambda: UnrolledLSTM.of(lstm(quantizing("lstm", multipliers=8)), 2), ALL),
    "shared lstm": (lambda: SharedLSTM.of(lstm(quantizing("lstm", multipliers=8)), 4), ALL),
    "delta lstm": (lambda: delta("lstm", 9), ALL),
    "small delta lstm": (lambda: delta("lstm", 3), ALL),
    "delta gru": (lambda: delta("gru_after", 9), {"h", "gates", "candidate"}),
    "average": (lambda: AveragePooling(2, GRID, Pool(STEPS, 3, 1), AVERAGE), {"sum"}),
    "positive average": (lambda: AveragePooling(2, GRID, Pool(STEPS), RELU_AVERAGE), {"sum"}),
    "moving average": (lambda: MovingAverage(2, GRID, STEPS, 5, AVERAGE), {"sum"}),
    "elements": (lambda: elements(1), {"values"}),
    "elements by step": (lambda: elements(3), {"values"}),
}


@pytest.mark.parametrize("kind", QUANTIZING)
def test_all_that_quantizes_is_counted(kind: str) -> None:
    make, places = QUANTIZING[kind]
    spec = make()
    port = Port("input", 2, GRID, STEPS)
    network = Network("inner", (port,), (Node("layer", spec, ("input",)),), ("layer",))
    assert {watch.place for watch in saturation_watches(network)} >= places
    check(network, {f"layer.{place}" for place in places})


@pytest.mark.parametrize("period", [None, 13])
def test_interleaved_series_whose_activations_quantize(period: int | None) -> None:
    """Sums of one step follow right behind those of the one before."""
    spec = quantizing("lstm" if period is None else "gru_before", multipliers=7)
    spec = replace(spec, series=2, steps=1, return_sequences=True, period=period)
    nodes = (Node("layer", spec, ("input",)),)
    network = Network(
        "inner", (Port("input", 2, GRID, 1, 2),), nodes, ("layer",), mode=Mode.STREAMING
    )
    check(network, {"layer.gates", "layer.candidate"})


def test_a_mean_is_counted_where_it_is_rounded() -> None:
    mean = Quotient(3, replace(AVERAGE, integer=-1))
    spec = Activation(2, GRID, mean, STEPS)
    port = Port("input", 2, GRID, STEPS)
    network = Network("mean", (port,), (Node("layer", spec, ("input",)),), ("layer",))
    (watch,) = saturation_watches(network)
    codes = np.arange(GRID.minimum, GRID.maximum + 1)
    wide = replace(mean, output=replace(mean.output, width=20, integer=13)).apply(codes, GRID)
    beyond = (wide < mean.output.minimum) | (wide > mean.output.maximum)
    assert beyond.tolist() == ((codes < watch.low) | (codes > watch.high)).tolist()
    check(network, {"layer"})


BLOCKS = {
    "lstm": lambda: recurrence("lstm", multipliers=7),
    "lstm of two pools": lambda: recurrence("lstm", input_reuse=2, recurrent_reuse=3),
    "lstm in parallel": lambda: recurrence("lstm", multipliers=90),
    "gru after": lambda: recurrence("gru_after", multipliers=5),
    "gru before": lambda: recurrence("gru_before", multipliers=11),
    "rnn": lambda: recurrence("simple_rnn", multipliers=6),
    "unrolled lstm": unrolled,
    "engine": lambda: engine(3),
    "wide engine": lambda: engine(40),
}


@pytest.mark.parametrize("kind", BLOCKS)
def test_counters_equal_the_reference(kind: str) -> None:
    spec = BLOCKS[kind]()
    port = Port("input", 2, GRID, STEPS)
    network = Network("inner", (port,), (Node("layer", spec, ("input",)),), ("layer",))
    check(network, {"layer.sum0", "layer.sum2"} if "engine" in kind else {"layer.h"})


def test_interleaved_series() -> None:
    spec = replace(recurrence("lstm", multipliers=7), series=2, steps=1, return_sequences=True)
    port = Port("input", 2, GRID, 1, 2)
    nodes = (Node("layer", spec, ("input",)),)
    network = Network("inner", (port,), nodes, ("layer",), mode=Mode.STREAMING)
    check(network, {"layer.h"})


def check(network: Network, partly: set[str]) -> None:
    """Compare all counters; those of `partly` must count some beats, but not all."""
    rng = np.random.default_rng(7)
    series = network.input.series
    steps = STEPS * WINDOWS if series > 1 else STEPS
    shape = (series if series > 1 else WINDOWS, steps, 2)
    codes = rng.integers(GRID.minimum, GRID.maximum + 1, shape)
    codes[::2] //= 8
    trace: dict[str, np.ndarray] = {"input": codes}
    results = network.reference(codes, trace)
    watches = saturation_watches(network)
    expected = [watch.reference(trace[watch.source]) for watch in watches]
    every = {w.node: trace[w.source][..., 0].size for w in watches}
    counted = dict(zip(every, expected, strict=True))
    assert all(0 < counted[node] < every[node] for node in partly), counted
    if series > 1:
        beats = [(codes[s, t].tolist(), False, s) for t in range(steps) for s in range(series)]
    else:
        beats = [(r.tolist(), t == steps - 1, 0) for window in codes for t, r in enumerate(window)]
    top = Top(network, rng, ready=0.5, beats=beats)

    async def bench(ctx) -> None:
        await top.write(ctx, "control", CLEAR)
        while len(top.taken) < results.size // results.shape[-1]:
            await ctx.tick()
        await top.write(ctx, "control", LATCH)
        for (name, node), count in zip(saturation_names(network), expected, strict=True):
            assert await top.read(ctx, name) == count, f"{kind_of(network)}, {node}"

    top.run(bench)


def kind_of(network: Network) -> str:
    return type(network.nodes[0].spec).__name__


def test_nothing_is_built_without_registers() -> None:
    spec = recurrence("lstm", multipliers=7)
    squeeze = Activation(4, spec.outputs[0].format, Quantizer(Function.LINEAR, STATE))
    nodes = (Node("layer", spec, ("input",)), Node("squeeze", squeeze, ("layer",)))
    network = Network("inner", (Port("input", 2, GRID, STEPS),), nodes, ("squeeze",))
    names = [name for name, _ in saturation_names(network)]
    assert names == ["saturated_layer_h", "saturated_layer_c", "saturated_squeeze"]
    assert "beyond" not in accelerator_verilog(network)
    assert "h_beyond_before" in accelerator_verilog(network, control=True)
