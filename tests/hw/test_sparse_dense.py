"""Dense layers that skip zeros: as few multipliers as nonzero weights need, and exact."""

from dataclasses import replace
from math import ceil

import numpy as np
import pytest

from hw import ChronogateError, Dense, FixedPoint
from hw.product.sparse import SparsePlan
from hw.product.sparse_array import SparseWords
from tests.hw.drawing import draw_codes, draw_format
from tests.hw.harness import run_block


def draw_kernel(rng: np.random.Generator, format: FixedPoint, n_in: int, n_out: int) -> np.ndarray:
    """Draw a kernel of any density, now and then with inputs or outputs that have no weight."""
    kernel = draw_codes(rng, format, n_in, n_out) * (rng.random((n_in, n_out)) < rng.random())
    kernel *= rng.random(n_out) < rng.choice([0.6, 1])
    return kernel * (rng.random((n_in, 1)) < rng.choice([0.6, 1]))


def draw_sparse(rng: np.random.Generator, reuse: int | None = None) -> Dense:
    n_in, n_out = (int(n) for n in rng.integers(1, 10, 2))
    source, kernel, bias = draw_format(rng, bool(rng.random() < 0.7)), *draw_formats(rng)
    codes = draw_kernel(rng, kernel, n_in, n_out)
    most = max(np.count_nonzero(codes), 1) + 2
    return Dense(
        codes,
        draw_codes(rng, bias, n_out),
        source,
        kernel,
        bias,
        reuse=reuse or int(rng.integers(1, rng.integers(1, most + 1) + 1)),
        skip_zeros=True,
    )


def draw_formats(rng: np.random.Generator) -> tuple[FixedPoint, FixedPoint]:
    return draw_format(rng, signed=bool(rng.random() < 0.8)), draw_format(rng)


def in_columns(spec: Dense, rng: np.random.Generator) -> None:
    """Compare the same product on columns of lanes; it needs a lane more now and then."""
    columns = replace(spec, few_operands=True)
    assert columns.timing.products == spec.timing.products
    assert columns.timing.multipliers >= spec.timing.multipliers
    if columns.in_columns:
        assert columns.program.busy_cycles <= spec.reuse
    check(columns, rng, gaps=False)


def check(spec: Dense, rng: np.random.Generator, gaps: bool) -> None:
    codes = draw_codes(rng, spec.input, 5, spec.kernel.shape[0])
    assert (
        spec.reference(codes).tolist() == replace(spec, skip_zeros=False).reference(codes).tolist()
    )
    spacing = np.full(len(codes), spec.timing.interval_cycles)
    fed = np.cumsum(spacing + (rng.integers(0, 4, len(codes)) if gaps else 0))
    trace = run_block(spec, codes, fed)
    assert trace.codes.tolist() == spec.reference(codes).tolist()
    assert (trace.cycles - fed).tolist() == [spec.timing.latency_cycles] * len(codes)


@pytest.mark.parametrize("seed", range(48))
def test_drawn_kernel(seed: int) -> None:
    rng = np.random.default_rng(seed)
    spec = draw_sparse(rng)
    check(spec, rng, gaps=seed % 2 == 0)
    in_columns(spec, rng)


@pytest.mark.parametrize("reuse", [1, 2, 3, 5, 7, 20, 31, 200])
def test_every_reuse_factor(reuse: int) -> None:
    rng = np.random.default_rng(reuse)
    spec = draw_sparse(rng, reuse)
    check(spec, rng, gaps=False)
    # Deep enough for a block RAM.
    kernel = draw_kernel(rng, spec.kernel_format, 9, 12)
    bias = draw_codes(rng, spec.bias_format, 12)
    spec = replace(spec, kernel=kernel, bias=bias)
    check(spec, rng, gaps=False)
    in_columns(spec, rng)


def test_block_ram_and_outputs_in_pieces() -> None:
    rng = np.random.default_rng(3)
    grid = FixedPoint(8, 2)
    kernel = draw_codes(rng, grid, 40, 3) * (rng.random((40, 3)) < 0.8)
    spec = Dense(kernel, draw_codes(rng, grid, 3), grid, grid, grid, 18, skip_zeros=True)
    # Beats as close as can be: the vector changes right behind its last use.
    spec = replace(spec, reuse=spec.sparse.busy_cycles)
    assert spec.sparse.in_block_ram
    assert spec.sparse.most_pieces > 2
    check(spec, rng, gaps=False)


@pytest.mark.parametrize("shape", [(1, 1), (4, 3)])
def test_nothing_but_zeros(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    grid = FixedPoint(6, 2)
    kernel, bias = np.zeros(shape, np.int64), draw_codes(rng, grid, shape[1])
    spec = Dense(kernel, bias, grid, grid, grid, 3, skip_zeros=True)
    assert spec.timing.multipliers == spec.timing.products == 0
    assert spec.timing.interval_cycles == 3
    check(spec, rng, gaps=False)


def test_every_nonzero_product_once() -> None:
    rng = np.random.default_rng(2)
    for _ in range(200):
        spec = draw_sparse(rng)
        plan, timing = spec.sparse, spec.timing
        count = np.count_nonzero(spec.kernel)
        assert timing.products == plan.products == count
        assert timing.multipliers == len(plan.lanes) == ceil(count / spec.reuse)
        assert timing.interval_cycles == spec.reuse >= plan.busy_cycles
        done = np.zeros_like(spec.kernel)
        heads = [0] * spec.kernel.shape[1]
        for lane in plan.lanes:
            ends = [piece.last for piece in lane.pieces]
            assert ends == sorted(set(ends))
            assert ends[-1] < plan.busy_cycles
            assert len(lane.operands) <= min(spec.kernel.shape[0], plan.busy_cycles)
            for piece in lane.pieces:
                heads[piece.output] += piece.is_head
                for row in piece.rows:
                    done[row, piece.output] += 1
        assert (done == (spec.kernel != 0)).all()
        assert heads == (spec.kernel != 0).any(axis=0).tolist()


def test_fewest_multipliers_for_an_interval() -> None:
    rng = np.random.default_rng(4)
    spec = draw_sparse(rng)
    for cycles in (1, 2, 5, 100):
        folded = spec.folded_to(cycles)
        assert folded.timing.interval_cycles <= cycles
        assert folded.timing.multipliers == ceil(folded.products / cycles)
        columns = replace(spec, few_operands=True).folded_to(cycles)
        assert columns.timing.interval_cycles <= cycles


def test_columns_need_few_operands() -> None:
    rng = np.random.default_rng(1)
    grid = FixedPoint(8, 2)
    kernel = rng.integers(-127, 128, (64, 32)) * (rng.random((64, 32)) < 0.5)
    spec = Dense(kernel, np.zeros(32, np.int64), grid, grid, grid, 16, skip_zeros=True)
    columns = replace(spec, few_operands=True)
    assert columns.timing.multipliers < 1.15 * spec.timing.multipliers
    needed = sum(len(lane.operands) for lane in spec.sparse.lanes)
    assert sum(len(lane) for lane in SparseWords(columns.plan).operands) < 0.5 * needed


def test_reuse_below_one_is_refused() -> None:
    with pytest.raises(ChronogateError, match="use 1 or more"):
        _ = SparsePlan(np.ones((2, 2), np.int64), FixedPoint(4, 4), 0).multipliers
