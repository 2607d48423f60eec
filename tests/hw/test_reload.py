"""Weights replaced while windows go through: each window is of one model, and the switch is final."""

import numpy as np
import pytest

from hw import ChronogateError
from hw.control.reload import model_writes, shape_fingerprint
from hw.network.mode import Mode
from tests.hw.drawing import draw_codes, draw_network
from tests.hw.reloading import Reloading, beats_of_windows, made_reloadable, other_model

MODELS = 3


@pytest.mark.parametrize("busy", [True, False])
@pytest.mark.parametrize(
    ("kind", "seed"),
    [("mlp", 1), ("mlp", 2), ("lstm", 1), ("gru_after", 1), ("gru_before", 2), ("simple_rnn", 4)],
)
def test_every_window_is_of_one_model(kind: str, seed: int, busy: bool) -> None:
    network = made_reloadable(draw_network(seed, kind))
    rng = np.random.default_rng([seed, busy])
    models = [other_model(network, rng) for _ in range(MODELS)]
    words = sum(len(model_writes(network, model)) for model in models)
    cycles = 4 * words + 8 * network.timing.window_cycles
    count = -(-cycles // network.timing.interval_cycles) // (1 if busy else 3) + 8
    codes = draw_codes(rng, network.input_format, count, network.look_back, network.features)
    bench = Reloading(network, models, rng, 0.0 if busy else 0.4, 0.0 if busy else 0.4)
    bench.run(beats_of_windows(codes, Mode.WINDOW))
    expected = [model.reference(codes) for model in (network, *models)]
    assert len(bench.codes) == count
    assert bench.commits == MODELS, "the host did not get all models through"
    assert bench.epochs[-1] == MODELS
    assert bench.epochs == bench.begun, "a commit was not for the next window to begin"
    for window, (epoch, found) in enumerate(zip(bench.epochs, bench.codes, strict=True)):
        assert found == expected[epoch][window].tolist(), f"window {window}, model {epoch}"
    differ = (np.array(expected[:-1]) != np.array(expected[1:])).any(axis=-1).mean(axis=1)
    assert (differ > 0.3).all(), "models that hardly differ prove little"
