"""Saturation counters of quantizers inside of layers, in the whole top, with a stalling output."""

from dataclasses import replace

import numpy as np
import pytest

from hw import Activation, FixedPoint, Function, Network, Node, Overflow, Port, Quantizer, Rounding
from hw.block import Spec
from hw.control.map import saturation_names
from hw.control.saturation import saturation_watches
from hw.layer.dense.shared_dense import SharedDense
from hw.layer.dense.shared_layer import SharedLayer
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.unrolled_lstm import UnrolledLSTM
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


def unrolled() -> Spec:
    layer = recurrence("lstm", multipliers=8)
    assert isinstance(layer, LSTM)
    return UnrolledLSTM.of(layer, 2)


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
