"""Cycles of recurrent layers beside the limits that no schedule can beat."""

from dataclasses import dataclass
from math import ceil

from hw.layer.recurrent.step import StepPlan
from tests.hw.recurrent_shapes import GATES, recurrent_layer

LONGEST_TAIL = 12
RECURRENT_PRODUCTS = {"lstm": 1, "gru_after": 1, "gru_before": 2, "simple_rnn": 1}
ONE_POOL_SLACK = 4
SEPARATE_POOLS_SLACK = 2
LEAST_UTILIZATION = 0.98


@dataclass(frozen=True)
class Step:
    """One layer, the cycles of its step and the limit.

    Parameters
    ----------
    kind, units, n_in
        The layer.
    folding
        Multipliers of one pool, or the reuse factors of the two products.
    cycles, limit, slack
        Of a step: as scheduled, at least necessary, and how many more are tolerated.
    """

    kind: str
    units: int
    n_in: int
    folding: tuple[int, ...]
    cycles: int
    limit: int
    slack: int

    @property
    def excess(self) -> int:
        """Cycles beyond the limit."""
        return self.cycles - self.limit

    @property
    def is_kept(self) -> bool:
        """Tell whether the excess is tolerated."""
        return self.excess <= self.slack


def products_of(kind: str, units: int, n_in: int) -> tuple[int, int]:
    """Return the input products and the recurrent products of a step."""
    return GATES[kind] * units * n_in, GATES[kind] * units * units


def one_pool(kind: str, units: int, n_in: int, pool: int) -> Step:
    """Schedule a layer on one pool of multipliers."""
    plan = recurrent_layer(kind, n_in, units, multipliers=pool).plan
    assert plan.multipliers <= pool
    inputs, recurrent = products_of(kind, units, n_in)
    limit = max(ceil((inputs + recurrent) / pool), ceil(recurrent / pool) + _tail(kind, plan))
    return Step(kind, units, n_in, (pool,), plan.interval_cycles, limit, ONE_POOL_SLACK)


def separate_pools(kind: str, units: int, n_in: int, reuse: tuple[int, int]) -> Step:
    """Schedule a layer with reuse factors for its input product and its recurrent product."""
    plan = recurrent_layer(kind, n_in, units, input_reuse=reuse[0], recurrent_reuse=reuse[1]).plan
    for array, products, factor in zip(
        plan.arrays, products_of(kind, units, n_in), reuse, strict=True
    ):
        assert array.multipliers <= ceil(products / factor)
    limit = max(reuse[0], reuse[1] + _tail(kind, plan))
    return Step(kind, units, n_in, reuse, plan.interval_cycles, limit, SEPARATE_POOLS_SLACK)


def utilization(kind: str, units: int, n_in: int, pool: int) -> float:
    """Return the share of the pool's cycles that multiply, with interleaved series in turns."""
    plan = recurrent_layer(kind, n_in, units, multipliers=pool, series=256).in_turns().plan
    assert plan.multipliers <= pool
    assert plan.products == sum(products_of(kind, units, n_in))
    return plan.utilization


def _tail(kind: str, plan: StepPlan) -> int:
    assert len(plan.tail_cycles) == RECURRENT_PRODUCTS[kind]
    assert max(plan.tail_cycles) <= LONGEST_TAIL
    return sum(plan.tail_cycles)
