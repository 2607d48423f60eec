"""Adder graphs: the same integers as a matrix product, for any kernel, with exact ranges."""

from itertools import product

import numpy as np
import pytest

from hw import ChronogateError
from hw.product.adder_graph import AdderGraph, Range, Sum, Term, chain_bits, used_only, width_of
from hw.product.solver import solve

RANGES: list[Range] = [(-128, 127), (0, 255), (0, 1), (-1, 0), (-7, 7), (-(2**30), 2**30 - 1)]
KINDS = ["dense", "sparse", "powers", "ternary", "empty columns", "negative"]


def draw_kernel(rng: np.random.Generator, kind: str, n_in: int, n_out: int) -> np.ndarray:
    kernel = rng.integers(-64, 64, (n_in, n_out))
    match kind:
        case "sparse":
            return kernel * (rng.random(kernel.shape) < 0.3)
        case "powers":
            return rng.choice([-1, 1], kernel.shape) << rng.integers(0, 9, kernel.shape)
        case "ternary":
            return rng.integers(-1, 2, kernel.shape)
        case "empty columns":
            return kernel * (rng.random(n_out) < 0.5)
        case "negative":
            return -np.abs(kernel)
    return kernel


def draw_bias(rng: np.random.Generator, n_out: int) -> np.ndarray:
    return rng.integers(-3000, 3000, n_out) * (rng.random(n_out) < 0.6)


@pytest.mark.parametrize("extra_depth", [None, 0, 1])
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", KINDS)
def test_drawn_kernel(kind: str, seed: int, extra_depth: int | None) -> None:
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    n_in, n_out = (int(n) for n in rng.integers(1, 12, 2))
    kernel, bias = draw_kernel(rng, kind, n_in, n_out), draw_bias(rng, n_out)
    low, high = ends = RANGES[int(rng.integers(len(RANGES)))]
    graph = solve(kernel, bias, ends, extra_depth)
    codes = np.concatenate(
        [
            rng.integers(low, high + 1, (20, n_in)),
            rng.choice([low, high], (20, n_in)),
            [[low] * n_in, [high] * n_in],
        ]
    )
    assert graph.evaluate(codes).tolist() == (codes @ kernel + bias).tolist()
    check_parts(graph)
    bare = solve(kernel, np.zeros(n_out, np.int64), ends, extra_depth)
    assert graph.adders <= bare.adders + np.count_nonzero(bias)


def check_parts(graph: AdderGraph) -> None:
    """Every sum is one carry chain at most, of earlier values."""
    assert not any(term.negative or term.shift < 0 for term in graph.outputs)
    for index, node in enumerate(graph.sums, len(graph.inputs)):
        assert all(term.source < index and term.shift >= 0 for term in node.terms)
        assert len(node.terms) + (node.constant != 0) <= 2
        assert len(node.terms) < 2 or not all(term.negative for term in node.terms)


@pytest.mark.parametrize("ends", RANGES[:5])
def test_ranges_are_reached_and_never_left(ends: Range) -> None:
    """Over all inputs: bits enough for the extremes, and no bit too many."""
    rng = np.random.default_rng(3)
    kernel, bias = rng.integers(-9, 10, (2, 3)), rng.integers(-50, 50, 3)
    graph = solve(kernel, bias, ends)
    every = np.array(list(product(range(ends[0], ends[1] + 1), repeat=2)))
    forms = graph.coefficients[:, :2].astype(np.int64).T
    values = every @ forms + graph.coefficients[:, 2].astype(np.int64)
    assert list(zip(values.min(axis=0), values.max(axis=0), strict=True)) == list(graph.ranges)
    for low, high in graph.ranges:
        width, signed = width_of((low, high)), low < 0
        least, most = (-(1 << (width - 1)) if signed else 0), (1 << (width - signed)) - 1
        assert least <= low
        assert high <= most
        assert width == 1 or 2 * low < least or 2 * high + 1 >= most


def test_zeros_and_powers_of_two_cost_no_adder() -> None:
    kernel = np.array([[4, 0, 0], [0, 1024, 0], [0, 0, 1], [0, 0, 0]])
    graph = solve(kernel, np.zeros(3, np.int64), (-128, 127))
    assert (graph.adders, graph.depth, graph.sums) == (0, 0, ())
    assert solve(kernel, np.array([0, 5, 0]), (-128, 127)).adders == 1
    assert solve(-kernel[:, :1], np.array([9]), (0, 255)).adders == 1
    constant = solve(kernel[:, :2] * 0, np.array([7, -7]), (-128, 127))
    assert constant.adders == 0
    assert constant.evaluate(np.ones((1, 4), np.int64)).tolist() == [[7, -7]]


def test_sharing_needs_fewer_adders_than_one_sum_for_each_weight() -> None:
    rng = np.random.default_rng(0)
    kernel = rng.integers(-32, 32, (16, 16))
    bare = solve(kernel, np.zeros(16, np.int64), (-128, 127))
    assert bare.adders < 310
    biased = solve(kernel, rng.integers(1, 500, 16), (-128, 127))
    assert biased.adders == bare.adders + 16
    assert biased.depth == bare.depth
    assert solve(kernel, np.zeros(16, np.int64), (-128, 127), 0).depth < bare.depth


def test_a_negative_output_is_a_difference_taken_the_other_way_round() -> None:
    graph = solve(np.array([[-3], [5]]), np.zeros(1, np.int64), (-8, 7))
    assert graph.adders == solve(np.array([[3], [-5]]), np.zeros(1, np.int64), (-8, 7)).adders


def test_bits_side_by_side_are_no_adder() -> None:
    graph = solve(np.array([[1], [16]]), np.zeros(1, np.int64), (0, 15))
    assert (graph.adders, graph.depth) == (0, 0)
    assert solve(np.array([[1], [8]]), np.zeros(1, np.int64), (0, 15)).adders == 1
    assert solve(np.array([[1], [16]]), np.zeros(1, np.int64), (-8, 7)).adders == 1


def test_carry_chains_spare_the_low_bits() -> None:
    low, high = Term(0), Term(1, 3)
    assert chain_bits((low, high), 0, (0, 255)) == 5
    assert chain_bits((Term(0, 0, True), high), 0, (-128, 127)) == 8
    assert chain_bits((low,), 96, (0, 255)) == 3
    assert chain_bits((Term(0, 2),), 1, (0, 255)) == 6


def test_unused_and_equal_sums_are_left_out() -> None:
    both = Sum((Term(0), Term(1, 1)))
    last = Sum((Term(2), Term(3, 4)))
    graph = AdderGraph(((0, 3), (0, 3)), (both, both, last, Sum((Term(0), Term(1)))), (Term(4),))
    small = used_only(graph)
    assert len(small.sums) == 2
    codes = np.array([[3, 2], [1, 0]])
    assert small.evaluate(codes).tolist() == graph.evaluate(codes).tolist()


def test_what_cannot_be_exact_is_refused() -> None:
    none = np.zeros(1, np.int64)
    with pytest.raises(ChronogateError, match="24 bits"):
        solve(np.array([[1 << 24]]), none, (-8, 7))
    with pytest.raises(ChronogateError, match="63 bits"):
        solve(np.array([[1 << 20, 3]]).T, none, (-(1 << 45), (1 << 45) - 1))
