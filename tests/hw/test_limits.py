"""Recurrent layers against the limits of the design: cycles per step, tails, utilization."""

import pytest

from hw import ChronogateError
from tests.hw.limits import LEAST_UTILIZATION, one_pool, products_of, separate_pools, utilization
from tests.hw.recurrent_shapes import GATES, recurrent_layer

SIZES = [(units, n_in) for units in (8, 12, 20, 33, 64, 128) for n_in in (1, 6, 33)]
POOLS = (1, 2, 3, 4, 7, 16, 32, 65, 100, 156, 400, 1000)


@pytest.mark.parametrize("kind", GATES)
def test_one_pool(kind: str) -> None:
    for units, n_in in SIZES:
        products = sum(products_of(kind, units, n_in))
        for pool in (pool for pool in (*POOLS, units, units + 1) if pool <= products):
            step = one_pool(kind, units, n_in, pool)
            assert step.is_kept, step


@pytest.mark.parametrize("kind", GATES)
def test_separate_pools(kind: str) -> None:
    for units, n_in in SIZES:
        for reuse in [(1, 1), (3, 5), (8, 8), (64, 20), (30, 63), (400, 90)]:
            step = separate_pools(kind, units, n_in, reuse)
            assert step.is_kept, step


@pytest.mark.parametrize("kind", ["lstm", "gru_after", "gru_before"])
def test_interleaved_series_fill_the_multipliers(kind: str) -> None:
    shapes = [(32, 8, 8), (32, 16, 16), (64, 32, 32), (128, 64, 64), (20, 6, 4), (32, 1, 32)]
    for units, n_in, pool in [*shapes, (64, 1, 64), (32, 8, 128)]:
        assert utilization(kind, units, n_in, pool) >= LEAST_UTILIZATION, (units, n_in, pool)


@pytest.mark.parametrize(
    ("folding", "problem"),
    [
        ({}, "has no multipliers"),
        ({"input_reuse": 3}, "has no multipliers"),
        ({"input_reuse": 3, "recurrent_reuse": 3, "multipliers": 4}, "leave one out"),
        ({"multipliers": 0}, "use 1 or more"),
        ({"input_reuse": 0, "recurrent_reuse": 3}, "use 1 or more"),
    ],
)
def test_impossible_foldings_are_refused(folding: dict[str, int], problem: str) -> None:
    with pytest.raises(ChronogateError, match=problem):
        recurrent_layer("lstm", 2, 3, **folding)
