"""LSTMs on one small engine: exact, as fast as their closed form says, as small as promised."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw import ChronogateError, FixedPoint, Network, Node, Port, SharedLSTM
from hw.layer.recurrent.lstm import LSTM
from hw.network.serialization import load_network, save_network
from tests.hw.drawing import draw_codes, draw_format, draw_recurrent
from tests.hw.recurrent_shapes import recurrent_layer
from tests.hw.test_blocks import check_block, slowed


def draw_shared(rng: np.random.Generator) -> SharedLSTM:
    """Draw a layer of all kinds of formats, some functions slow, on three multipliers or more."""
    source = draw_format(rng, signed=bool(rng.random() < 0.7))
    layer = draw_recurrent(rng, source, int(rng.integers(1, 6)), int(rng.integers(1, 4)), "lstm")
    assert isinstance(layer, LSTM)
    functions = (
        slowed(function, int(rng.integers(0, 4)))
        for function in (layer.activation, layer.recurrent_activation)
    )
    activation, recurrent_activation = functions
    layer = replace(
        layer,
        activation=activation,
        recurrent_activation=recurrent_activation,
        return_sequences=bool(rng.random() < 0.5),
    )
    return SharedLSTM.of(layer, int(rng.integers(3, int(rng.integers(4, 16)))))


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("seed", range(16))
def test_drawn_layer(seed: int, gaps: bool) -> None:
    rng = np.random.default_rng([seed, gaps])
    check_block(draw_shared(rng), rng, gaps)


@pytest.mark.parametrize("multipliers", range(3, 12))
def test_every_number_of_multipliers(multipliers: int) -> None:
    layer = recurrent_layer("lstm", 3, 6, steps=2, seed=multipliers, multipliers=1)
    assert isinstance(layer, LSTM)
    spec = SharedLSTM.of(replace(layer, return_sequences=True), multipliers)
    assert spec.timing.multipliers == min(multipliers, 9)
    check_block(spec, np.random.default_rng(multipliers), gaps=False)


def test_states_in_block_ram() -> None:
    layer = recurrent_layer("lstm", 1, 20, steps=3, seed=1, multipliers=1)
    assert isinstance(layer, LSTM)
    spec = SharedLSTM.of(layer, 7)
    assert spec.plan.operand_cycles == 3
    check_block(spec, np.random.default_rng(1), gaps=False)


def test_the_layer_of_the_contest() -> None:
    layer = recurrent_layer("lstm", 1, 20, multipliers=1)
    assert isinstance(layer, LSTM)
    timing = SharedLSTM.of(layer, 7).timing
    # 240 cycles of products, one a unit for the cell, and the tail.
    assert (timing.multipliers, timing.products, timing.interval_cycles) == (7, 1740, 273)


def test_slots_do_every_product_once() -> None:
    for multipliers in range(3, 30):
        layer = recurrent_layer("lstm", 2, 9, multipliers=1)
        assert isinstance(layer, LSTM)
        plan = SharedLSTM.of(layer, multipliers).plan
        slots = plan.slots()
        gates = [(s.unit, s.gate, s.word) for s in slots.values() if s.word is not None]
        assert gates == [(u, g, w) for u in range(9) for g in range(4) for w in range(plan.words)]
        assert sum(slot.carry for slot in slots.values()) == 9
        assert sum(slot.hidden for slot in slots.values()) == 9
        assert max(slots) < plan.interval_cycles - 1


def test_written_and_read_back(tmp_path: Path) -> None:
    layer = recurrent_layer("lstm", 2, 5, steps=3, seed=1, multipliers=1)
    assert isinstance(layer, LSTM)
    port = Port("input", 2, layer.input, 3)
    network = Network(
        "one", (port,), (Node("lstm", SharedLSTM.of(layer, 3), ("input",)),), ("lstm",)
    )
    save_network(network, tmp_path)
    again = load_network(tmp_path)
    codes = draw_codes(np.random.default_rng(1), layer.input, 9, 3, 2)
    assert again.reference(codes).tolist() == network.reference(codes).tolist()
    assert again.timing == network.timing


def test_too_few_multipliers_are_refused() -> None:
    layer = recurrent_layer("lstm", 1, 2, multipliers=1)
    assert isinstance(layer, LSTM)
    with pytest.raises(ChronogateError, match="use 3 or more"):
        SharedLSTM.of(layer, 2)


def test_wide_formats() -> None:
    rng = np.random.default_rng(3)
    layer = recurrent_layer("lstm", 2, 3, steps=2, seed=2, multipliers=1)
    assert isinstance(layer, LSTM)
    wide = FixedPoint(18, 5)
    spec = SharedLSTM.of(
        replace(layer, input=FixedPoint(20, 3), state=wide, bias_format=FixedPoint(8, -4)), 4
    )
    check_block(spec, rng, gaps=False)
