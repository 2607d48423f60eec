"""Unrolled dense layers: hardware = reference in every cycle, any number of registers."""

from itertools import pairwise

import numpy as np
import pytest

from hw import (
    Activation,
    ChronogateError,
    FixedPoint,
    Flatten,
    Function,
    Network,
    Node,
    Port,
    Quantizer,
    UnrolledDense,
)
from hw.network.serialization import load_network, save_network
from hw.product.adder_graph import AdderGraph
from hw.product.register_placement import StagedGraph, registers_for
from hw.product.solver import solve
from tests.hw.drawing import draw_codes, draw_format, draw_unrolled_dense
from tests.hw.harness import run_block

FORMATS = [FixedPoint(1, 1, False), FixedPoint(8, 3, False), FixedPoint(1, 1), FixedPoint(12, -2)]


def check(spec: UnrolledDense, rng: np.random.Generator, gaps: bool) -> None:
    source, n_in = spec.input, spec.kernel.shape[0]
    extremes = rng.choice([source.minimum, source.maximum], (6, n_in))
    codes = np.concatenate([extremes, draw_codes(rng, source, 10, n_in)])
    if spec.steps:
        codes = codes.reshape(-1, spec.steps, n_in)
    fed = np.cumsum(1 + (rng.integers(0, 3, 16) if gaps else np.zeros(16, np.int64)))
    trace = run_block(spec, codes, fed)
    expected = spec.reference(codes).reshape(16, -1)
    assert trace.codes.tolist() == expected.tolist()
    assert (trace.cycles - fed).tolist() == [spec.timing.latency_cycles] * 16


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_drawn_layer(seed: int, gaps: bool) -> None:
    rng = np.random.default_rng([seed, gaps])
    source = FORMATS[seed] if seed < len(FORMATS) else draw_format(rng, bool(rng.random() < 0.6))
    check(draw_unrolled_dense(rng, source, int(rng.integers(1, 7))), rng, gaps)


def test_windows_of_several_steps() -> None:
    rng = np.random.default_rng(0)
    grid, kernel = FixedPoint(6, 3), draw_codes(rng, FixedPoint(5, 1), 3, 4)
    check(UnrolledDense(kernel, np.arange(4), grid, grid, grid, 2, steps=4), rng, gaps=True)


@pytest.mark.parametrize("registered_output", [True, False])
def test_levels_are_kept(registered_output: bool) -> None:
    rng = np.random.default_rng(1)
    grid = FixedPoint(6, 3)
    kernel, bias = draw_codes(rng, grid, 10, 6), draw_codes(rng, grid, 6)
    for levels in range(1, 9):
        spec = UnrolledDense.with_levels(kernel, bias, grid, grid, grid, levels, registered_output)
        staged = spec.staged
        assert spec.timing.latency_cycles == registers_for(
            staged.graph.depth, levels, registered_output
        )
        assert deepest_stage(staged) <= staged.levels <= levels


def deepest_stage(staged: StagedGraph) -> int:
    """Count the adders on the longest path without a register, and what follows a bare output."""
    graph, depth = staged.graph, [0] * len(staged.stages)
    for index in range(len(graph.inputs), len(depth)):
        assert all(staged.stages[t.source] <= staged.stages[index] for t in graph.terms_of(index))
        below = [
            depth[term.source]
            for term in graph.terms_of(index)
            if staged.stages[term.source] == staged.stages[index]
        ]
        depth[index] = max(below, default=0) + graph.is_adder(index)
    bare = [
        depth[t.source] + 1 for t in graph.outputs if staged.stages[t.source] == staged.registers
    ]
    return max([*depth, *bare])


def naive_bits(graph: AdderGraph, registers: int) -> int:
    """Count the register bits when every sum is computed as early as it may be."""
    staged = StagedGraph(graph, registers)
    earliest = tuple(max(level - 1, 0) // staged.levels for level in graph.levels)
    staged.__dict__["stages"] = earliest
    return staged.register_bits


def test_registers_are_fewer_than_as_early_as_possible() -> None:
    rng = np.random.default_rng(2)
    graph = solve(rng.integers(-32, 32, (16, 16)), np.zeros(16, np.int64), (-128, 127))
    bits = [StagedGraph(graph, registers).register_bits for registers in range(1, graph.depth + 1)]
    naive = [naive_bits(graph, registers) for registers in range(1, graph.depth + 1)]
    assert all(ours <= early for ours, early in zip(bits, naive, strict=True))
    assert sum(bits) < 0.95 * sum(naive)
    assert all(few < many for few, many in pairwise(bits))


def test_network_in_a_file(tmp_path) -> None:
    rng = np.random.default_rng(4)
    grid = FixedPoint(6, 3)
    dense = UnrolledDense(draw_codes(rng, grid, 3, 2), np.arange(2), grid, grid, grid, 0, False, 1)
    narrow = Activation(2, dense.output, Quantizer(Function.LINEAR, grid))
    nodes = (
        Node("flatten", Flatten(1, 3, grid), ("input",)),
        Node("dense", dense, ("flatten",)),
        Node("narrow", narrow, ("dense",)),
    )
    network = Network("unrolled", (Port("input", 3, grid, 1),), nodes, ("narrow",))
    save_network(network, tmp_path)
    loaded = load_network(tmp_path)
    codes = draw_codes(rng, grid, 20, 1, 3)
    assert loaded.reference(codes).tolist() == network.reference(codes).tolist()
    assert loaded.timing == network.timing


def test_refusals() -> None:
    grid, kernel, bias = FixedPoint(6, 3), np.eye(2, dtype=np.int64), np.zeros(2, np.int64)
    with pytest.raises(ChronogateError, match="at least one"):
        UnrolledDense(kernel, bias, grid, grid, grid, 0)
    with pytest.raises(ChronogateError, match="at least one"):
        StagedGraph(solve(kernel, bias, (0, 1)), -1, registered_output=False)
    with pytest.raises(ChronogateError, match="1 or more"):
        UnrolledDense.with_levels(kernel, bias, grid, grid, grid, 0)
