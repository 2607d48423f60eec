"""LSTMs with their step unrolled: exact, as fast as their closed form says."""

from dataclasses import replace

import numpy as np
import pytest

from hw import ChronogateError, FixedPoint, Function, Quantizer, UnrolledLSTM
from hw.function.staircase import Staircase
from hw.layer.recurrent.lstm import LSTM
from tests.hw.drawing import draw_format, draw_recurrent
from tests.hw.recurrent_shapes import recurrent_layer
from tests.hw.test_blocks import check_block, slowed

SATURATING = Function.HARD_TANH, Function.HARD_SIGMOID


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


def draw_quick(rng: np.random.Generator) -> UnrolledLSTM:
    """Draw a layer with hard activations and few registers in its cell."""
    quantizers = [Quantizer(function, draw_format(rng)) for function in SATURATING]
    spec = replace(draw_unrolled(rng), activation=quantizers[0], recurrent_activation=quantizers[1])
    return replace(spec, registers=int(rng.integers(0, 3)), cell_registers=int(rng.integers(0, 2)))


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("seed", range(16))
def test_drawn_layer(seed: int, gaps: bool) -> None:
    rng = np.random.default_rng([seed, gaps])
    check_block(draw_unrolled(rng), rng, gaps)


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_drawn_layer_with_few_registers(seed: int, gaps: bool) -> None:
    rng = np.random.default_rng([seed, gaps, 1])
    check_block(draw_quick(rng), rng, gaps)


def test_cycles_are_the_registers_and_the_cell() -> None:
    layer = recurrent_layer("lstm", 2, 4, seed=1, multipliers=1)
    assert isinstance(layer, LSTM)
    for registers in range(5):
        timing = UnrolledLSTM.of(layer, registers).timing
        assert timing.interval_cycles == registers + 4
        assert timing.latency_cycles == registers + 5
        for cell_registers in (0, 1):
            quick = replace(UnrolledLSTM.of(layer, registers), cell_registers=cell_registers)
            assert quick.timing.interval_cycles == registers + cell_registers + 1


def test_levels_choose_the_registers() -> None:
    layer = recurrent_layer("lstm", 2, 4, seed=1, multipliers=1)
    assert isinstance(layer, LSTM)
    spec = UnrolledLSTM.of(layer, 0)
    whole = 4 + spec.graph.depth + 12
    assert spec.with_levels(whole).timing.interval_cycles == 1
    assert spec.with_levels(whole - 1).timing.interval_cycles == 4
    for levels in range(1, 5):
        assert spec.with_levels(levels).staged.levels <= levels


def test_impossible_registers_are_refused() -> None:
    layer = recurrent_layer("lstm", 1, 2, multipliers=1)
    assert isinstance(layer, LSTM)
    with pytest.raises(ChronogateError, match="use 0 or more"):
        UnrolledLSTM.of(layer, -1)
    with pytest.raises(ChronogateError, match="use 1 or more"):
        UnrolledLSTM.of(layer, 1).with_levels(0)
    with pytest.raises(ChronogateError, match="use 0, 1 or 3"):
        replace(UnrolledLSTM.of(layer, 1), cell_registers=2)
    steps = replace(layer, activation=Staircase((0.0,), (0, 1), FixedPoint(2, 2)))
    with pytest.raises(ChronogateError, match="cell_registers = 3"):
        replace(UnrolledLSTM.of(steps, 1), cell_registers=0)
