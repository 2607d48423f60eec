"""Cycles of layers: told from the cycles in which beats leave, and by the schedule."""

import numpy as np
import pytest

from hw import ChronogateError
from hw.network.graph import Network
from hw.network.mode import Mode
from sim.layer_cycles import LayerCount, counted_layers, is_counted, predicted_layers
from sim.mutation.catalogue import interleaved, lstm, residual, two_inputs
from tests.hw.chains import decomposition, separable, tcn
from tests.sim.narrowed import narrowed

WINDOWS = 4
MAKES = [
    lstm, residual, lambda: tcn().network("tcn"), lambda: separable().network("separable"),
    lambda: decomposition().network("decomposition"),
]  # fmt: skip


def scheduled(network: Network) -> dict[str, np.ndarray]:
    """Return the cycles in which the schedule lets beats leave, for some windows in a row."""
    assert network.mode is Mode.WINDOW
    interval = network.timing.interval_cycles
    leaves = {name: network.schedule.leaves(name)[0] for name in network.schedule.arrivals}
    return {
        name: np.concatenate([np.array(first) + window * interval for window in range(WINDOWS)])
        for name, first in leaves.items()
    }


@pytest.mark.parametrize("make", MAKES)
def test_what_the_schedule_says_is_counted_as_predicted(make) -> None:
    network = make()
    counted = counted_layers(network, scheduled(network))
    assert [count.name for count in counted] == [node.name for node in network.nodes]
    assert None not in {count.latency_cycles for count in counted}
    assert counted == predicted_layers(network, counted)
    for count, layer in zip(counted, network.timing.layers, strict=True):
        assert count.latency_cycles == layer.latency_cycles
        assert count.distance_cycles is not None
        assert count.distance_cycles >= layer.interval_cycles


def test_a_late_layer_is_named() -> None:
    """The one behind it, which is late with it, is not."""
    network = narrowed(lstm())
    left = scheduled(network)
    late = counted_layers(network, {**left, "lstm": left["lstm"] + 1, "narrow": left["narrow"] + 1})
    wanted = predicted_layers(network, late)
    assert [a.name for a, b in zip(late, wanted, strict=True) if a != b] == ["lstm"]
    left["lstm"][1] += 1
    with pytest.raises(ChronogateError, match="latency of lstm is not the same"):
        counted_layers(network, left)


def test_slow_beats_are_noticed() -> None:
    network = narrowed(lstm())
    left = {name: 2 * cycles for name, cycles in scheduled(network).items()}
    left["lstm"] = left["x"][network.look_back - 1 :: network.look_back] + 20
    left["narrow"] = left["lstm"] + 1
    late = counted_layers(network, left)
    assert late[0].distance_cycles == 2 * (predicted_layers(network, late)[0].distance_cycles or 0)


def test_what_is_not_seen_is_left_out() -> None:
    network = two_inputs()
    left = scheduled(network)
    del left["x"]
    assert counted_layers(network, left)[0] == LayerCount("shifted", None, None)
    assert predicted_layers(network, counted_layers(network, left))[0].latency_cycles is None
    assert not is_counted(interleaved())
