"""Structured pruning shrinks networks and changes no code."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw import (
    GRU,
    LSTM,
    Activation,
    BatchNormalization,
    Concatenate,
    Conv1D,
    Dense,
    DepthwiseConv1D,
    FixedPoint,
    Function,
    Network,
    Node,
    Port,
    Quantizer,
    SimpleRNN,
    UnrolledDense,
)
from hw.network.channels import with_channels
from hw.network.dead_units import Shrunk, without_dead_units
from sim.measure import measure_cycles
from sim.rtl_model import RtlModel
from sim.verification import CycleReport
from tests.hw.chains import crossing, decomposition, recurrent, residual, separable, tcn
from tests.hw.drawing import draw_codes, draw_network
from tests.hw.graphs import draw_graph
from tests.hw.recurrent_shapes import GRID, recurrent_layer

KINDS = ("mlp", "lstm", "gru_after", "gru_before", "simple_rnn")


def prune(network: Network, seed: int) -> Network:
    """Set rows and columns of kernels to zero at random, of recurrent kernels rows."""
    rng = np.random.default_rng(seed)
    formats = {port.name: port.format for port in network.inputs}
    nodes = []
    for node in network.nodes:
        ports = node.spec.inputs
        every = [np.ones(port.channels, dtype=bool) for port in ports]
        given = [formats[name] for name in node.inputs]
        kept = np.ones(node.spec.outputs[0].channels, dtype=bool)
        spec = with_channels(node.spec, given, every, kept)
        if isinstance(spec, GRU | LSTM | SimpleRNN):
            rows = spec.recurrent_kernel * (rng.random((spec.units, 1)) < 0.5)
            kernel = spec.kernel * (rng.random((len(spec.kernel), 1)) < 0.6)
            spec = replace(spec, kernel=kernel, recurrent_kernel=rows)
        elif isinstance(spec, Conv1D | Dense | DepthwiseConv1D | UnrolledDense):
            shape = spec.kernel.shape
            alive = rng.random((*shape[:-2], shape[-2], 1)) < 0.6
            alive = alive[:1] if len(shape) == 3 else alive
            kernel = spec.kernel * alive * (rng.random(shape[-1]) < 0.6)
            spec = replace(spec, kernel=kernel)
        formats[node.name] = spec.outputs[0].format
        nodes.append(replace(node, spec=spec))
    return replace(network, nodes=tuple(nodes))


def assert_same(network: Network, seed: int) -> Shrunk:
    """Compare every channel that is left, of every node."""
    shrunk = without_dead_units(network)
    rng = np.random.default_rng(seed)
    shape = (20, *((network.look_back,) if network.input.steps else ()), network.features)
    codes = draw_codes(rng, network.input_format, *shape)
    before: dict[str, np.ndarray] = {}
    after: dict[str, np.ndarray] = {}
    expected = network.evaluate(codes, before)
    for one, other in zip(expected, shrunk.network.evaluate(codes, after), strict=True):
        assert (one == other).all()
    for node in network.nodes:
        codes = before[node.name]
        kept = shrunk.kept.get(node.name, np.arange(codes.shape[-1]))
        assert (codes[..., kept] == after[node.name]).all(), node.name
    for old, new in zip(network.output_ports, shrunk.network.output_ports, strict=True):
        assert old.channels == new.channels
        assert old.format.fraction == new.format.fraction
    return shrunk


@pytest.mark.parametrize("kind", KINDS)
def test_pruned_networks(kind: str) -> None:
    lost = 0
    for seed in range(25):
        lost += bool(assert_same(prune(draw_network(seed, kind), seed), seed).kept)
    assert lost > 10


def test_pruned_chains() -> None:
    lost = 0
    for chain in (tcn, separable, recurrent, decomposition, residual, crossing):
        for seed in range(6):
            lost += bool(assert_same(prune(chain().network("chain"), seed), seed).kept)
    assert lost > 12


def test_pruned_graphs() -> None:
    lost = [bool(assert_same(prune(draw_graph(seed), seed), seed).kept) for seed in range(40)]
    assert any(lost)


def dense(kernel: np.ndarray, bias: list[int], source: FixedPoint = GRID) -> Dense:
    return Dense(kernel, np.array(bias), source, GRID, GRID, reuse=1)


def narrow(channels: int, source: FixedPoint) -> Activation:
    return Activation(channels, source, Quantizer(Function.LINEAR, GRID))


def test_constants_reach_the_bias() -> None:
    """A unit without weights is a constant of the next layer, through all that lies between."""
    first = dense(np.array([[3, 0, 5], [1, 0, 2]]), [1, -7, 2])
    between = BatchNormalization(
        np.array([5, 3, 0]), np.array([1, 2, 3]), first.outputs[0].format, GRID, GRID
    )
    squeeze = narrow(3, between.outputs[0].format)
    second = dense(np.array([[1, 2], [30, 4], [5, 60]]), [1, 2])
    nodes = (
        Node("first", first, ("input",)),
        Node("between", between, ("first",)),
        Node("squeeze", squeeze, ("between",)),
        Node("second", second, ("squeeze",)),
    )
    network = Network("constants", (Port("input", 2, GRID),), nodes, ("second",))
    shrunk = assert_same(network, 0)
    assert {name: kept.tolist() for name, kept in shrunk.kept.items()} == {
        "first": [0], "between": [0], "squeeze": [0],
    }  # fmt: skip


def test_the_first_unit_may_be_the_one_that_goes() -> None:
    first = dense(np.ones((2, 3), dtype=np.int64), [0, 0, 0])
    squeeze = narrow(3, first.output)
    last = dense(np.array([[0], [1], [1]]), [0], squeeze.outputs[0].format)
    nodes = (
        Node("first", first, ("x",)),
        Node("squeeze", squeeze, ("first",)),
        Node("last", last, ("squeeze",)),
    )
    network = Network("n", (Port("x", 2, GRID),), nodes, ("last",))
    shrunk = assert_same(network, 1)
    assert shrunk.kept["first"].tolist() == [1, 2]
    nothing = replace(last, kernel=np.zeros((3, 1), dtype=np.int64))
    empty = replace(network, nodes=(*nodes[:2], replace(nodes[2], spec=nothing)))
    assert assert_same(empty, 1).kept["first"].tolist() == [0]  # a beat holds one value at least


def test_what_stays() -> None:
    """Reloadable layers, outputs and inputs keep their channels; a beat keeps one at least."""
    zeros = np.zeros((2, 3), dtype=np.int64)
    first = dense(zeros, [1, 2, 3])
    squeeze = narrow(3, first.outputs[0].format)
    second = replace(dense(np.zeros((3, 2), dtype=np.int64), [1, 2]), reloadable=True)
    plain = replace(second, reloadable=False)
    port = Port("input", 2, GRID)

    def network(last: Dense, *outputs: str) -> Network:
        nodes = (
            Node("first", first, ("input",)),
            Node("squeeze", squeeze, ("first",)),
            Node("second", last, ("squeeze",)),
        )
        return Network("stays", (port,), nodes, outputs)

    assert not without_dead_units(network(second, "second")).kept
    assert not assert_same(network(plain, "second", "squeeze"), 0).kept
    assert assert_same(network(plain, "second"), 0).kept["first"].tolist() == [0]


def test_streams_of_several_readers() -> None:
    """What one reader needs stays for all."""
    first = dense(np.array([[1, 2, 3, 4]]), [0, 0, 0, 0])
    squeeze = narrow(4, first.outputs[0].format)
    left = dense(np.array([[1], [0], [0], [0]]), [0])
    right = dense(np.array([[0], [0], [2], [0]]), [0])
    nodes = (
        Node("first", first, ("input",)),
        Node("squeeze", squeeze, ("first",)),
        Node("left", left, ("squeeze",)),
        Node("left_narrow", narrow(1, left.outputs[0].format), ("left",)),
        Node("right", right, ("squeeze",)),
        Node("right_narrow", narrow(1, right.outputs[0].format), ("right",)),
        Node("both", Concatenate((1, 1), GRID), ("left_narrow", "right_narrow")),
    )
    network = Network("readers", (Port("input", 1, GRID),), nodes, ("both",))
    assert assert_same(network, 0).kept["squeeze"].tolist() == [0, 2]


def pruned_recurrence(kind: str, units: int, alive: int) -> Network:
    """Return a recurrent layer of which `alive` units are read by the dense layer behind."""
    layer = recurrent_layer(kind, 4, units, 5, 1, multipliers=8)
    rows = layer.recurrent_kernel.copy()
    rows[alive:] = 0
    layer = replace(layer, recurrent_kernel=rows)
    squeeze = narrow(units, layer.outputs[0].format)
    kernel = np.random.default_rng(3).integers(-127, 128, (units, 2))
    kernel[alive:] = 0
    nodes = (
        Node("layer", layer, ("input",)),
        Node("squeeze", squeeze, ("layer",)),
        Node("out", dense(kernel, [1, 2]), ("squeeze",)),
    )
    return Network("pruned", (Port("input", 4, GRID, 5),), nodes, ("out",))


@pytest.mark.parametrize("kind", ["lstm", "gru_after", "gru_before", "simple_rnn"])
def test_units_disappear_with_their_gates(kind: str) -> None:
    network = pruned_recurrence(kind, 12, 5)
    shrunk = assert_same(network, 1)
    assert shrunk.kept["layer"].tolist() == [0, 1, 2, 3, 4]
    assert shrunk.network.timing.step_cycles < network.timing.step_cycles
    fresh = pruned_recurrence(kind, 5, 5).timing
    assert shrunk.network.timing.step_cycles == fresh.step_cycles


def test_what_is_left_in_verilog(tmp_path: Path) -> None:
    network = pruned_recurrence("lstm", 12, 5)
    left = without_dead_units(network).network
    codes = draw_codes(np.random.default_rng(4), GRID, 200, 5, 4)
    with RtlModel(left, tmp_path, "-O0") as model:
        assert measure_cycles(model) == CycleReport.predicted(left.timing)
        model.reset()
        outputs = model.run(codes, 0.3, 0.3, 5).outputs
    assert (outputs == network.reference(codes)).all()
