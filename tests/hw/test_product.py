"""The schedule of folded products: every product once, within the reuse factor."""

from math import ceil

import numpy as np
import pytest

from hw import ChronogateError, FixedPoint
from hw.product.engine import weight_table
from hw.product.folded import FoldedProduct, exact_matmul, tree_stages

GRID = FixedPoint(8, 4)


def product(n_in: int, gates: int, units: int, reuse: int) -> FoldedProduct:
    kernel = np.arange(1, n_in * gates * units + 1).reshape(n_in, gates, units)
    return FoldedProduct(kernel, GRID, FixedPoint(16, 8), reuse)


@pytest.mark.parametrize("n_in", [1, 2, 5, 6])
@pytest.mark.parametrize("units", [1, 3, 4, 7])
def test_every_product_is_scheduled_once(n_in: int, units: int) -> None:
    for reuse in range(1, n_in * units + 4):
        spec = product(n_in, 2, units, reuse)
        assert spec.lanes == ceil(n_in * units / reuse)
        assert sum(column.lanes for column in spec.columns) <= spec.lanes
        assert spec.busy_cycles <= reuse
        assert sorted(u for column in spec.columns for u in column.units) == list(range(units))
        for column in spec.columns:
            table = weight_table(spec, column)
            used = table[table != 0]
            assert sorted(used) == sorted(spec.kernel[:, :, list(column.units)].ravel())
            for cycle in range(column.busy_cycles):
                for lane in range(column.lanes):
                    weight = table[cycle, lane * spec.gates]
                    if weight:
                        row = column.operand(cycle % column.phases, lane)
                        assert weight in spec.kernel[row, 0]


def test_tree_stages() -> None:
    assert [tree_stages(n) for n in (1, 2, 4, 5, 16, 17, 64)] == [0, 1, 1, 2, 2, 3, 3]


def test_reuse_below_one_is_refused() -> None:
    with pytest.raises(ChronogateError, match="use 1 or more"):
        product(2, 1, 2, 0)


def test_wide_sums_do_not_go_through_float64() -> None:
    codes = np.array([[2**40 + 1, 1]])
    kernel = np.array([[2**20 + 1], [1]])
    assert exact_matmul(codes, kernel, FixedPoint(63, 63)).item() == (2**40 + 1) * (2**20 + 1) + 1


def test_sums_beyond_63_bits_are_refused() -> None:
    kernel = np.full((4, 1, 1), 2**38)
    spec = FoldedProduct(kernel, FixedPoint(30, 30), FixedPoint(40, 40), 1)
    with pytest.raises(ChronogateError, match="63"):
        _ = spec.sum_format
