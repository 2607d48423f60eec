"""Weights replaced while windows go through: each window is of one model, and none goes back."""

from itertools import pairwise

import numpy as np
import pytest

from hw import (
    Network,
    Node,
    Port,
)
from hw.control.reload import model_writes
from hw.network.mode import Mode
from tests.hw.drawing import draw_codes
from tests.hw.recurrent_shapes import recurrent_layer
from tests.hw.reloadable_networks import drawn
from tests.hw.reloading import Reloading, beats_of_windows, other_model


def check_epochs(bench: Reloading, expected: list[np.ndarray]) -> None:
    """Compare forecasts with those ``(forecasts, n_out)`` of each model."""
    assert bench.commits == len(expected) - 1, "the host did not get all models through"
    assert bench.epochs[-1] == len(expected) - 1
    for window, (epoch, found) in enumerate(zip(bench.epochs, bench.codes, strict=True)):
        assert found == expected[epoch][window].tolist(), f"window {window}, model {epoch}"
    differ = [(a != b).any(axis=-1).mean() for a, b in pairwise(expected)]
    assert min(differ) > 0.3, "models that hardly differ prove little"


@pytest.mark.parametrize(
    ("kind", "seed", "busy"),
    [
        ("mlp", 1, True),
        ("mlp", 2, False),
        ("lstm", 3, False),
        ("gru_after", 1, True),
        ("gru_after", 3, False),
        ("gru_before", 0, True),
        ("simple_rnn", 4, False),
        ("simple_rnn_sliding", 4, False),
        ("valid", 1, True),
        ("same", 1, True),
        ("same", 2, False),
        ("depthwise_causal", 1, True),
        ("depthwise_valid", 2, False),
        ("depthwise_valid", 5, True),
        ("depthwise_same", 3, True),
        ("depthwise_same", 4, False),
        *(("shared", seed, seed % 2 == 0) for seed in range(6)),
        ("normalized", 1, True),
        ("normalized", 2, False),
        ("normalized", 4, False),
    ],
)
def test_every_window_is_of_one_model(kind: str, seed: int, busy: bool) -> None:
    network = drawn(kind, seed)
    rng = np.random.default_rng([seed, busy])
    models = other_model(network, rng), other_model(network, rng)
    words = sum(len(model_writes(network, model)) for model in models)
    cycles = 2 * words + 8 * network.timing.window_cycles
    count = -(-cycles // network.timing.interval_cycles) // (1 if busy else 3) + 8
    sliding = network.mode is Mode.SLIDING
    shape = (1, count) if sliding else (count, network.look_back)
    codes = draw_codes(rng, network.input_format, *shape, network.features)
    bench = Reloading(network, models, rng, 0.0 if busy else 0.4, 0.0 if busy else 0.4)
    bench.run(beats_of_windows(codes, network.mode))
    expected = [model.reference(codes) for model in bench.answering]
    check_epochs(bench, [codes[0] if sliding else codes for codes in expected])
    if not sliding:
        assert bench.epochs == bench.begun, "a commit was not for the next window to begin"


def test_interleaved_samples_are_of_one_model_each() -> None:
    """The states go on from one model to the next; each sample of each series has one model."""
    rng = np.random.default_rng(1)
    layer = recurrent_layer(
        "simple_rnn", 2, 3, 1, 3, series=3, multipliers=4, return_sequences=True, reloadable=True
    )
    port = Port("input", 2, layer.input, 1, 3)
    nodes = (Node("layer", layer, ("input",)),)
    network = Network("streams", (port,), nodes, ("layer",), mode=Mode.STREAMING)
    models = other_model(network, rng), other_model(network, rng)
    codes = draw_codes(rng, network.input_format, 3, 40, 2)
    order = rng.permutation(np.repeat(np.arange(3), 40)).tolist()
    place = [order[:k].count(series) for k, series in enumerate(order)]
    beats = [(codes[s, k].tolist(), False, s) for s, k in zip(order, place, strict=True)]
    bench = Reloading(network, models, rng, 0.2, 0.2)
    bench.run(beats)
    assert bench.commits == 3 == bench.epochs[-1]
    # What the layer does with one sample after another, whichever model each has.
    specs = [model.nodes[0].spec for model in bench.answering]
    states = np.zeros((3, 3), dtype=np.int64)
    for beat, (row, _, series) in enumerate(beats):
        spec = specs[bench.epochs[beat]]
        sums = np.array(row) @ spec.kernel + (states[series] @ spec.recurrent_kernel)
        sums = sums + (spec.bias << GRID_FRACTION)
        states[series] = spec.activation.apply(sums, spec.sum)
        assert bench.codes[beat] == states[series].tolist(), f"beat {beat}, series {series}"
        states[series] = spec.state.resize(states[series], spec.hidden)


GRID_FRACTION = 6
"""Fraction bits of everything that `recurrent_layer` gives."""
