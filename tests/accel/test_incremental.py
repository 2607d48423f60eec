"""A last layer that learns on: least squares, rounded, loaded into the RTL, better on a drift."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from accel.incremental.choosing import choose
from accel.incremental.last_layer import LastLayer, last_layer
from accel.incremental.least_squares import LeastSquares
from accel.incremental.prequential import Schedule, Stream, adapt, as_codes
from hw import Activation, Add, Dense, FixedPoint, Flatten, Network, Node, Overflow, Port, Rounding
from hw.control.reload import check_same_shape
from hw.errors import ChronogateError
from hw.function.quantizer import Function, Quantizer
from hw.top.verilog import accelerator_verilog
from sim.reloading import Host
from sim.rtl_model import RtlModel

STEPS, OUTPUTS, DELAY = 4, 2, 2
INPUT = FixedPoint(8, 3)
WEIGHT = FixedPoint(8, 2)
OUTPUT = FixedPoint(10, 4, True, Rounding.RND_CONV, Overflow.SAT)
SCHEDULE = Schedule(every=40, forgetting=0.97, delay=DELAY, anchor=0.01)


def forecaster(level: bool = False) -> Network:
    """Return a linear forecaster of a series' last steps that repeats its last value."""
    kernel = np.zeros((STEPS, OUTPUTS), dtype=np.int64)
    kernel[-1] = 1 << WEIGHT.fraction
    dense = Dense(kernel, np.zeros(OUTPUTS, dtype=np.int64), INPUT, WEIGHT, WEIGHT, reuse=4)
    nodes = [
        Node("flatten", Flatten(STEPS, 1, INPUT), ("window",)),
        Node("forecast", dense, ("flatten",)),
    ]
    if level:
        other = replace(dense, kernel=np.zeros_like(kernel), bias=np.array([32, -32]))
        nodes.append(Node("other", other, ("flatten",)))
        nodes[1:] = nodes[:0:-1]  # the one that learns comes last
        terms = (dense.outputs[0].format, other.outputs[0].format)
        nodes.append(Node("sum", Add(OUTPUTS, terms, (1, 1)), ("forecast", "other")))
    last = nodes[-1]
    quantizer = Activation(OUTPUTS, last.spec.outputs[0].format, Quantizer(Function.LINEAR, OUTPUT))
    nodes.append(Node("quantizer", quantizer, (last.name,)))
    return Network("drifter", (Port("window", 1, INPUT, STEPS),), tuple(nodes), ("quantizer",))


def drifting(count: int, seed: int) -> Stream:
    """Return windows of a series whose rhythm changes halfway."""
    rng = np.random.default_rng(seed)
    rows = count + STEPS + OUTPUTS
    period = np.where(np.arange(rows) < rows // 2, 6.0, 9.0)
    series = np.sin(2 * np.pi * np.cumsum(1 / period)) + rng.normal(0, 0.05, rows)
    places = np.arange(count)[:, None]
    codes = INPUT.quantize(series[places + np.arange(STEPS)])[..., None]
    targets = series[places + STEPS + np.arange(OUTPUTS)]
    return Stream(codes, targets, np.ones(targets.shape, dtype=bool))


def test_least_squares_find_the_weights_and_follow_them() -> None:
    rng = np.random.default_rng(2)
    inputs = rng.normal(0, 1, (600, 3))
    first, second = rng.normal(0, 1, (2, 3, 2))
    learner = LeastSquares.of(np.zeros((3, 2)), inputs, 0.95, 1e-6)
    for row, values in enumerate(inputs):
        learner.learn(values, values @ (first if row < 300 else second), np.array([True, row < 9]))
        if row == 299:
            assert np.abs(learner.weights[:, 0] - first[:, 0]).max() < 1e-4
    assert np.abs(learner.weights[:, 0] - second[:, 0]).max() < 1e-4
    assert np.abs(learner.weights[:, 1]).max() < 0.01  # hardly observed: as it was deployed
    held = LeastSquares.of(first, inputs, 0.95, 1.0)
    for values in inputs:
        held.learn(values, values @ second, np.array([True, True]))
    assert np.abs(held.weights - (first + second) / 2).max() < 0.5  # halfway
    assert np.array_equal(held.hessian, held.hessian.T)


@pytest.mark.parametrize("level", [False, True])
def test_a_layer_that_learns_follows_a_drift(level: bool) -> None:
    network = forecaster(level)
    layer, stream = last_layer(network), drifting(600, 1)
    assert np.array_equal(layer.network.reference(stream.codes), network.reference(stream.codes))
    inputs, others = layer.watched(stream.codes)
    assert np.rint(others * 64).tolist() == [[32 * level, -32 * level]] * 600
    assert np.array_equal(
        OUTPUT.quantize(inputs @ layer.weights + others), network.reference(stream.codes)
    )
    found = adapt(layer, stream, stream.codes[:50], SCHEDULE)
    figures = found.figures
    assert figures.adapted < 0.2 * figures.frozen
    assert 0 < figures.low < figures.gain < figures.high < 1
    assert (figures.windows, figures.loads, len(figures.parts)) == (600, 14, 10)
    check_same_shape(layer.network, found.model)
    # Nothing is known of the first windows, and no target before its time.
    assert np.array_equal(found.codes[:40], network.reference(stream.codes[:40]))
    blind = replace(stream, targets=stream.targets.copy())
    blind.targets[40 * 7 - DELAY + 1 :] += 9.0
    again = adapt(layer, blind, stream.codes[:50], SCHEDULE)
    assert np.array_equal(again.codes[: 40 * 8], found.codes[: 40 * 8])
    assert not np.array_equal(again.codes, found.codes)


def test_forgetting_and_anchor_are_chosen_where_nothing_is_scored() -> None:
    layer, stream = last_layer(forecaster(level=True)), drifting(450, 4)
    found = choose(layer, stream, SCHEDULE, (0.9, 0.99), (0.01, 100.0))
    rest = Stream(stream.codes[150:], stream.targets[150:], stream.mask[150:])
    figures = {
        (forgetting, anchor): adapt(
            layer, rest, stream.codes[:150], replace(SCHEDULE, forgetting=forgetting, anchor=anchor)
        ).figures
        for forgetting in (0.9, 0.99)
        for anchor in (0.01, 100.0)
    }
    best = min(figures, key=lambda pair: figures[pair].adapted)
    assert (found.forgetting, found.anchor) == best
    assert found.gain == figures[best].gain > 0.5
    alone = choose(layer, stream, SCHEDULE, (0.9,), (100.0,))
    assert alone.gain == figures[0.9, 100.0].gain < found.gain


def test_what_is_loaded_is_as_good_as_what_was_learned() -> None:
    layer, stream = last_layer(forecaster()), drifting(300, 3)
    narrow = replace(layer.spec, kernel_format=FixedPoint(6, 3), kernel=layer.spec.kernel >> 3)
    nodes = tuple(
        replace(n, spec=narrow) if n.name == layer.name else n for n in forecaster().nodes
    )
    nodes = (
        *nodes[:-1],
        replace(nodes[-1], spec=replace(nodes[-1].spec, input=narrow.outputs[0].format)),
    )
    coarse = LastLayer(replace(layer.network, nodes=nodes), layer.name)
    inputs, _ = layer.watched(stream.codes)
    learner = LeastSquares.of(layer.weights, inputs, 1.0, 1e-3)
    for row in range(300):
        learner.learn(inputs[row], stream.targets[row], stream.mask[row])
    kernel, bias = as_codes(learner, coarse)
    nearest = np.rint(np.ldexp(learner.weights[:-1], 3)) / 8

    def error(weights: np.ndarray, offset: np.ndarray) -> float:
        return float(np.mean((inputs[:, :-1] @ weights + offset - stream.targets) ** 2))

    assert error(kernel / 8, bias / 64) < 1.001 * error(nearest, learner.weights[-1])
    # The bias takes what rounding leaves on average.
    left = inputs[:, :-1] @ (kernel / 8) + bias / 64 - inputs @ learner.weights
    assert np.abs(left.mean(axis=0)).max() < 1 / 64


def test_new_models_are_loaded_into_the_rtl(tmp_path: Path) -> None:
    layer, stream = last_layer(forecaster()), drifting(200, 1)
    network, expected = layer.network, adapt(layer, stream, stream.codes[:50], SCHEDULE)
    loaded: list[Network] = []
    verilog = accelerator_verilog(network, control=True)
    with RtlModel(network, tmp_path, "-O0", verilog=verilog) as rtl:
        host = Host(rtl, network)

        def forecast(model: Network, codes: np.ndarray) -> np.ndarray:
            if model is not network:
                host.load(model)
                loaded.append(model)
            return rtl.run(codes).outputs

        found = adapt(layer, stream, stream.codes[:50], SCHEDULE, forecast)
        with pytest.raises(ChronogateError, match="is not of the shape"):
            host.load(last_layer(forecaster(level=True)).network)
    assert found.codes.tolist() == expected.codes.tolist()
    assert not np.array_equal(found.codes, network.reference(stream.codes))
    assert len(loaded) == found.figures.loads == 4


def test_a_network_without_a_last_layer_is_refused() -> None:
    network = forecaster()
    turned = Quantizer(Function.HARD_TANH, FixedPoint(8, 1, True, Rounding.RND_CONV, Overflow.SAT))
    dense = network.nodes[1].spec
    flat = Node("only", Activation(STEPS, INPUT, turned), ("flatten",))
    assert isinstance(dense, Dense)
    with pytest.raises(ChronogateError, match="does not end in a folded dense layer"):
        last_layer(replace(network, nodes=(network.nodes[0], flat), outputs=("only",)))
