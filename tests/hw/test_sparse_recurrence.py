"""Zeros in recurrent layers and convolutions: exact, as predicted, and really fewer cycles."""

from dataclasses import replace
from math import ceil

import numpy as np
import pytest

from hw import GRU, LSTM, Conv1D, Dense, FixedPoint, Padding, SimpleRNN
from hw.product.folded import ArrayPlan
from hw.product.sparse_array import SparseWords
from hw.product.sparse_columns import COLUMN_GAIN, SparseColumn, sparse_columns, sparse_groups
from tests.hw.drawing import draw_codes, draw_format, draw_recurrent
from tests.hw.recurrent_shapes import recurrent_layer
from tests.hw.streaming import check_block
from tests.hw.test_interleaved import check_series

KINDS = ("simple_rnn", "lstm", "gru_after", "gru_before")
GRID = FixedPoint(6, 2)
SLOW = 30
Recurrent = LSTM | GRU | SimpleRNN


def thinned(rng: np.random.Generator, kernel: np.ndarray) -> np.ndarray:
    """Return the kernel with zeros anywhere, and now and then in whole rows."""
    kept = rng.random(kernel.shape) < rng.choice([0.2, 0.5, 0.9])
    return kernel * kept * (rng.random((len(kernel), 1)) < rng.choice([0.5, 1]))


def draw_sparse(rng: np.random.Generator, kind: str) -> Recurrent:
    drawn = draw_recurrent(rng, draw_format(rng), int(rng.integers(1, 6)), 3, kind)
    spec = replace(
        drawn,
        kernel=thinned(rng, drawn.kernel),
        recurrent_kernel=thinned(rng, drawn.recurrent_kernel),
        steps=2,
        skip_zeros=True,
    )
    # Slow ones take long in simulation and show nothing else.
    return spec if spec.timing.interval_cycles < SLOW else spec.folded_to(SLOW)


def check_products(plan: ArrayPlan) -> None:
    """Every nonzero product once, at a lane of its column, before its output's end."""
    done = [np.zeros_like(program.kernel) for program in plan.programs]
    for cycle, lane, (number, row), weight in SparseWords(plan).products:
        base = sum(program.busy_cycles for program in plan.programs[:number])
        first = 0
        for column in plan.programs[number].columns:
            assert isinstance(column, SparseColumn)
            if first <= lane < first + column.lanes:
                output = next(
                    o for o, end in zip(column.outputs, column.ends, strict=True)
                    if cycle - base < end
                )  # fmt: skip
                assert plan.programs[number].kernel[row, output] == weight != 0
                done[number][row, output] += 1
            first += column.lanes
    for program, count in zip(plan.programs, done, strict=True):
        outputs = [o for column in program.columns for o in column.outputs]
        assert len(outputs) == len(set(outputs))
        assert (count[:, outputs] == (program.kernel[:, outputs] != 0)).all()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", KINDS)
def test_drawn_recurrent_layer(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    spec = draw_sparse(rng, kind)
    dense = replace(spec, skip_zeros=False)
    codes = draw_codes(rng, spec.input, 4, spec.steps, spec.kernel.shape[0])
    assert (spec.reference(codes) == dense.reference(codes)).all()
    for plan in spec.plan.arrays:
        check_products(plan)
    check_block(spec, rng, gaps=seed % 2 == 0)
    if seed < 2:
        check_block(dense, rng, gaps=False)


@pytest.mark.parametrize("kind", KINDS)
def test_interleaved_series(kind: str) -> None:
    rng = np.random.default_rng(3)
    layer = recurrent_layer(kind, 3, 3, steps=2, seed=1, multipliers=6, series=3)
    sparse = replace(
        layer,
        kernel=layer.kernel * (rng.random(layer.kernel.shape) < 0.5),
        recurrent_kernel=layer.recurrent_kernel * (rng.random(layer.recurrent_kernel.shape) < 0.5),
        skip_zeros=True,
    )
    check_series(sparse, rng, gaps=False)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_zeros(kind: str) -> None:
    rng = np.random.default_rng(5)
    drawn = recurrent_layer(kind, 2, 2, steps=2, seed=1, multipliers=4)
    spec = replace(
        drawn,
        kernel=np.zeros_like(drawn.kernel),
        recurrent_kernel=np.zeros_like(drawn.recurrent_kernel),
    )
    for skip in (False, True):
        check_block(replace(spec, skip_zeros=skip), rng, gaps=False)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("density", [0.1, 0.25, 0.5, 0.9])
def test_cycles_follow_the_nonzero_products(kind: str, density: float) -> None:
    rng = np.random.default_rng(8)
    for units, n_in, pool in [(20, 6, 4), (20, 6, 16), (32, 8, 40), (64, 16, 64)]:
        layer = recurrent_layer(kind, n_in, units, seed=1, multipliers=pool)
        layer = replace(
            layer,
            kernel=layer.kernel * (rng.random(layer.kernel.shape) < density),
            recurrent_kernel=layer.recurrent_kernel
            * (rng.random(layer.recurrent_kernel.shape) < density),
        )
        sparse = replace(layer, skip_zeros=True)
        assert sparse.plan.products == layer.input_weights.astype(bool).sum() + np.count_nonzero(
            layer.recurrent_weights
        )
        assert sparse.plan.multipliers <= pool
        # What is lost: the ends of outputs on columns of several lanes, and the tails.
        work = sparse.plan.products / pool
        tails = sum(sparse.plan.tail_cycles)
        assert sparse.timing.interval_cycles <= 1.5 * work + tails + 4
        if density <= 0.5:
            assert sparse.timing.interval_cycles < 0.75 * layer.timing.interval_cycles + tails


@pytest.mark.parametrize("lanes", [1, 2, 3, 7, 12, 40, 400])
def test_columns_keep_to_their_lanes(lanes: int) -> None:
    rng = np.random.default_rng(lanes)
    for _ in range(10):
        units, gates, n_in = (int(n) for n in rng.integers(1, 9, 3))
        kernel = rng.integers(0, 2, (n_in, gates * units)) * 3
        groups = sparse_groups(kernel, gates, units, lanes)
        assert [u for group in groups for u in group.units] == list(range(units))
        assert sum(sum(group.lanes) for group in groups) <= max(lanes, 1)
        parts = [kernel[:, : units + 1], kernel[:, units + 1 :]]
        rows = sparse_columns([part for part in parts if part.shape[1]], lanes)
        assert len({tuple(c.lanes for c in row) for row in rows}) == 1
        assert sum(c.lanes for c in rows[0]) <= lanes
        outputs = [[o for c in row for o in c.outputs] for row in rows]
        assert outputs == [list(range(p.shape[1])) for p in parts if p.shape[1]]
        work = sum(max(np.count_nonzero(column), 1) for column in kernel.T)
        busy = max(column.busy_cycles for column in rows[0])
        assert busy <= work * (1 + 1 / COLUMN_GAIN)


def structured(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Draw a kernel in which rows 1 and 2 and output 0 have no weight."""
    kernel = rng.integers(1, 8, shape)
    kernel[1:3] = 0
    kernel[:, 0] = 0
    return kernel


@pytest.mark.parametrize("reuse", [1, 2, 5, 12, 30])
def test_structured_pruning_shrinks_dense_layers(reuse: int) -> None:
    rng = np.random.default_rng(reuse)
    kernel = structured(rng, 5, 4)
    spec = Dense(kernel, draw_codes(rng, GRID, 4), GRID, GRID, GRID, reuse)
    assert spec.timing.products == 3 * 3
    assert spec.timing.multipliers == ceil(9 / reuse)
    assert spec.timing.interval_cycles == reuse
    assert spec.folded_to(3).timing.multipliers == 3
    check_block(spec, rng, gaps=False)


@pytest.mark.parametrize("kind", KINDS)
def test_structured_pruning_shrinks_recurrent_layers(kind: str) -> None:
    rng = np.random.default_rng(2)
    layer = recurrent_layer(kind, 5, 4, steps=3, seed=1, multipliers=3)
    kernel, recurrent = layer.kernel.copy(), layer.recurrent_kernel.copy()
    kernel[1:3] = 0
    recurrent[0] = 0
    pruned = replace(layer, kernel=kernel, recurrent_kernel=recurrent)
    assert pruned.input_products == 3 * kernel.shape[1]
    assert pruned.recurrent_products == 3 * kernel.shape[1]
    assert pruned.timing.interval_cycles < layer.timing.interval_cycles
    check_block(pruned, rng, gaps=False)


@pytest.mark.parametrize("seed", range(6))
def test_convolution(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kernel = thinned(rng, draw_codes(rng, GRID, 3, 2, 4).reshape(6, 4)).reshape(3, 2, 4)
    spec = Conv1D(
        kernel,
        draw_codes(rng, GRID, 4),
        GRID,
        GRID,
        GRID,
        steps=6,
        reuse=int(rng.integers(1, 9)),
        padding=list(Padding)[seed % 3],
        dilation=1 + seed % 2,
        skip_zeros=True,
    )
    count = int(np.count_nonzero(kernel))
    assert spec.timing.multipliers == ceil(count / spec.reuse)
    check_block(spec, rng, gaps=False)
    folded = spec.folded_to(4)
    assert folded.timing.interval_cycles <= 4
    assert folded.timing.multipliers <= ceil(count / (4 * spec.stride))
