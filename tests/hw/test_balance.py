"""The balancer: fewest multipliers for an interval, shortest interval for some multipliers."""

import numpy as np
import pytest

from hw import ChronogateError, Dense
from hw.network.balance import balance_to_clock, balance_to_interval, balance_to_multipliers
from tests.hw.drawing import draw_network

SEEDS = range(6)


def products(network) -> list[int]:
    return [n.spec.products for n in network.nodes if isinstance(n.spec, Dense)]


@pytest.mark.parametrize("seed", SEEDS)
def test_an_interval_is_met_with_the_fewest_multipliers(seed: int) -> None:
    network = draw_network(seed, "mlp")
    for interval in (network.look_back, 7, 16, 40, 200):
        if interval < network.look_back:
            continue
        balanced = balance_to_interval(network, interval)
        assert balanced.network.timing.interval_cycles == balanced.interval_cycles <= interval
        # No folding of one dense layer does n products in fewer than n / interval multipliers.
        limit = sum(-(-size // interval) for size in products(network))
        assert balanced.multipliers == limit
        codes = np.zeros((1, network.look_back, network.features), dtype=np.int64)
        assert (balanced.network.reference(codes) == network.reference(codes)).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_multipliers_give_the_shortest_interval(seed: int) -> None:
    network = draw_network(seed, "mlp")
    layers = len(products(network))
    for multipliers in (layers, layers + 1, 9, 30):
        balanced = balance_to_multipliers(network, multipliers)
        assert balanced.multipliers <= multipliers
        shorter = balanced.interval_cycles - 1
        if shorter >= network.look_back:
            assert balance_to_interval(network, shorter).multipliers > multipliers


def test_a_clock_and_a_rate_give_the_interval() -> None:
    network = draw_network(1, "mlp")
    assert balance_to_clock(network, 50, 1e6).interval_cycles <= 50


def test_what_cannot_be_met_is_refused() -> None:
    network = draw_network(1, "mlp")
    with pytest.raises(ChronogateError, match="ask for at least"):
        balance_to_interval(network, network.look_back - 1)
    with pytest.raises(ChronogateError, match="smaller model"):
        balance_to_multipliers(network, 1)


@pytest.mark.parametrize("kind", ["lstm", "gru_before", "gru_after"])
def test_recurrent_layers_get_the_smallest_pool(kind: str) -> None:
    network = draw_network(3, kind)
    needed = network.look_back * 60
    balanced = balance_to_interval(network, needed)
    assert balanced.interval_cycles <= needed
    recurrent = next(n.spec for n in balanced.network.nodes if n.name == kind)
    assert recurrent.multipliers is not None
    if recurrent.multipliers > 1:
        slower = recurrent.pooled(recurrent.multipliers - 1)
        assert slower.timing.interval_cycles > 60
    with pytest.raises(ChronogateError, match="longer interval"):
        balance_to_interval(network, network.look_back * 3)
