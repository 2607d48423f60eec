"""Recurrent layers against the limits of the design: cycles per step, tails, utilization."""

from math import ceil

import pytest

from hw import ChronogateError
from tests.hw.recurrent_shapes import GATES, recurrent_layer

SIZES = [(units, n_in) for units in (8, 12, 20, 33, 64, 128) for n_in in (1, 6, 33)]
POOLS = (1, 2, 3, 4, 7, 16, 32, 65, 100, 156, 400, 1000)
LONGEST_TAIL = 12
RECURRENT_PRODUCTS = {"lstm": 1, "gru_after": 1, "gru_before": 2, "simple_rnn": 1}


def tails_of(kind: str, tails: tuple[int, ...]) -> int:
    assert len(tails) == RECURRENT_PRODUCTS[kind]
    assert max(tails) <= LONGEST_TAIL
    return sum(tails)


@pytest.mark.parametrize("kind", GATES)
def test_one_pool(kind: str) -> None:
    for units, n_in in SIZES:
        products, recurrent = GATES[kind] * units * (n_in + units), GATES[kind] * units * units
        for pool in (pool for pool in (*POOLS, units, units + 1) if pool <= products):
            plan = recurrent_layer(kind, n_in, units, multipliers=pool).plan
            tail = tails_of(kind, plan.tail_cycles)
            limit = max(ceil(products / pool), ceil(recurrent / pool) + tail)
            assert plan.multipliers <= pool
            # A wide input of few units leaves gaps between the four programs of reset-before.
            slack = 6 if kind == "gru_before" and n_in > units else 4
            assert plan.interval_cycles <= limit + slack, (units, n_in, pool)


@pytest.mark.parametrize("kind", GATES)
def test_separate_pools(kind: str) -> None:
    for units, n_in in SIZES:
        inputs, recurrent = GATES[kind] * units * n_in, GATES[kind] * units * units
        for input_reuse, recurrent_reuse in [(1, 1), (3, 5), (8, 8), (64, 20), (30, 63), (400, 90)]:
            plan = recurrent_layer(
                kind, n_in, units, input_reuse=input_reuse, recurrent_reuse=recurrent_reuse
            ).plan
            assert plan.arrays[0].multipliers <= ceil(inputs / input_reuse)
            assert plan.arrays[1].multipliers <= ceil(recurrent / recurrent_reuse)
            tail = tails_of(kind, plan.tail_cycles)
            limit = max(input_reuse, recurrent_reuse + tail)
            assert plan.interval_cycles <= limit + 2, (units, n_in, input_reuse, recurrent_reuse)


@pytest.mark.parametrize("kind", ["lstm", "gru_after", "gru_before"])
def test_interleaved_series_fill_the_multipliers(kind: str) -> None:
    for units, n_in, pool in [(32, 8, 8), (32, 16, 16), (64, 32, 32), (128, 64, 64), (20, 6, 4)]:
        spec = recurrent_layer(kind, n_in, units, multipliers=pool, series=256)
        assert spec.plan.multipliers <= pool
        assert spec.plan.products == GATES[kind] * units * (n_in + units)
        assert spec.plan.utilization >= 0.98, (units, n_in, pool)


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
    spec = recurrent_layer("lstm", 2, 3, **folding)
    with pytest.raises(ChronogateError, match=problem):
        _ = spec.timing
