"""LSTMs with their step unrolled: exact, as fast as their closed form says."""

from dataclasses import replace

import numpy as np
import pytest

from hw import ChronogateError, UnrolledLSTM
from hw.layer.recurrent.lstm import LSTM
from tests.hw.drawing import draw_format, draw_recurrent
from tests.hw.recurrent_shapes import recurrent_layer
from tests.hw.test_blocks import check_block, slowed


def draw_unrolled(rng: np.random.Generator) -> UnrolledLSTM:
    """Draw a layer of all kinds of formats, often sparse, some functions slow."""
    source = draw_format(rng, signed=bool(rng.random() < 0.7))
    layer = draw_recurrent(rng, source, int(rng.integers(1, 6)), int(rng.integers(1, 5)), "lstm")
    assert isinstance(layer, LSTM)
    kept = rng.random(layer.recurrent_kernel.shape) < rng.choice([0.5, 1])
    layer = replace(
        layer,
        recurrent_kernel=layer.recurrent_kernel * kept,
        activation=slowed(layer.activation, int(rng.integers(0, 4))),
        recurrent_activation=slowed(layer.recurrent_activation, int(rng.integers(0, 4))),
        return_sequences=bool(rng.random() < 0.5),
    )
    return UnrolledLSTM.of(layer, int(rng.integers(0, 5)), None if rng.random() < 0.5 else 0)


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("seed", range(16))
def test_drawn_layer(seed: int, gaps: bool) -> None:
    rng = np.random.default_rng([seed, gaps])
    check_block(draw_unrolled(rng), rng, gaps)


def test_cycles_are_the_registers_and_the_cell() -> None:
    layer = recurrent_layer("lstm", 2, 4, seed=1, multipliers=1)
    assert isinstance(layer, LSTM)
    for registers in range(5):
        timing = UnrolledLSTM.of(layer, registers).timing
        assert timing.interval_cycles == registers + 4
        assert timing.latency_cycles == registers + 5


def test_levels_choose_the_registers() -> None:
    layer = recurrent_layer("lstm", 2, 4, seed=1, multipliers=1)
    assert isinstance(layer, LSTM)
    spec = UnrolledLSTM.of(layer, 0)
    assert spec.with_levels(100).registers == 0
    for levels in range(1, 5):
        assert spec.with_levels(levels).staged.levels <= levels


def test_impossible_registers_are_refused() -> None:
    layer = recurrent_layer("lstm", 1, 2, multipliers=1)
    assert isinstance(layer, LSTM)
    with pytest.raises(ChronogateError, match="use 0 or more"):
        UnrolledLSTM.of(layer, -1)
    with pytest.raises(ChronogateError, match="use 1 or more"):
        UnrolledLSTM.of(layer, 1).with_levels(0)
