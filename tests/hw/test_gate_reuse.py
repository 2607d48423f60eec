"""Recurrent layers with a reuse factor for the input product of each gate."""

from dataclasses import replace

import numpy as np
import pytest

from hw import GRU, LSTM, ChronogateError
from hw.layer.recurrent.lstm_cell import CANDIDATE, FORGET, INPUT, OUTPUT
from tests.hw.drawing import draw_format, draw_recurrent
from tests.hw.recurrent_shapes import GATES, recurrent_layer
from tests.hw.streaming import check_block
from tests.hw.test_interleaved import check_series
from tests.hw.test_sparse_recurrence import thinned

KINDS = ("lstm", "gru_after", "gru_before")


def draw_by_gate(rng: np.random.Generator, kind: str, sparse: bool) -> LSTM | GRU:
    drawn = draw_recurrent(rng, draw_format(rng), int(rng.integers(1, 6)), 3, kind)
    assert isinstance(drawn, LSTM | GRU)
    most = drawn.input_weights.size // GATES[kind]
    by_gate = replace(
        drawn,
        input_reuse=None,
        multipliers=None,
        recurrent_reuse=int(rng.integers(1, 12)),
        gate_reuse=tuple(rng.integers(1, most + 2, GATES[kind]).tolist()),
    )
    if not sparse:
        return by_gate
    kernels = thinned(rng, drawn.kernel), thinned(rng, drawn.recurrent_kernel)
    return replace(by_gate, kernel=kernels[0], recurrent_kernel=kernels[1], skip_zeros=True)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", KINDS)
def test_drawn_layer(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    spec = draw_by_gate(rng, kind, sparse=seed % 3 == 2)
    check_block(spec, rng, gaps=seed % 2 == 0)


@pytest.mark.parametrize("kind", KINDS)
def test_each_gate_takes_its_own_cycles(kind: str) -> None:
    """Multipliers are those of all gates; the slowest gate is as slow as it says."""
    reuses = (2, 3, 5, 12)[: GATES[kind]]
    layer = recurrent_layer(kind, 4, 6, seed=1, recurrent_reuse=12, gate_reuse=reuses)
    lanes = [-(-24 // reuse) for reuse in reuses]
    assert layer.folding.gates == tuple(lanes)
    assert layer.plan.arrays[0].multipliers == sum(lanes)
    assert layer.plan.inputs[0].busy_cycles == max(-(-24 // count) for count in lanes)


def test_late_gates_take_longer_for_nothing() -> None:
    """The output gate is wanted last: its product may be slower and no step takes longer."""
    reuses = [0] * 4
    reuses[INPUT] = reuses[FORGET] = reuses[CANDIDATE] = 24
    reuses[OUTPUT] = 48
    slow = recurrent_layer("lstm", 8, 12, seed=1, recurrent_reuse=48, gate_reuse=tuple(reuses))
    even = replace(slow, gate_reuse=(24,) * 4)
    assert slow.timing.interval_cycles == even.timing.interval_cycles
    assert slow.timing.multipliers < even.timing.multipliers


@pytest.mark.parametrize("kind", KINDS)
def test_interleaved_series(kind: str) -> None:
    rng = np.random.default_rng(3)
    reuses = (2, 3, 5, 4)[: GATES[kind]]
    layer = recurrent_layer(kind, 3, 3, 2, 1, recurrent_reuse=6, gate_reuse=reuses, series=3)
    check_series(layer, rng, gaps=True)


def test_refusals() -> None:
    def lstm(**folding: object) -> None:
        recurrent_layer("lstm", 2, 2, **folding)

    with pytest.raises(ChronogateError, match="3 reuse factors for 4 gates"):
        lstm(gate_reuse=(1, 2, 3), recurrent_reuse=1)
    for others in ({"multipliers": 3}, {"input_reuse": 1, "recurrent_reuse": 1}, {}):
        with pytest.raises(ChronogateError, match="neither input_reuse nor multipliers"):
            lstm(gate_reuse=(1, 2, 3, 4), **others)
    with pytest.raises(ChronogateError, match="a reuse factor of 0"):
        lstm(gate_reuse=(1, 2, 0, 4), recurrent_reuse=1)


def test_balanced_layers_forget_it() -> None:
    layer = recurrent_layer("lstm", 4, 6, recurrent_reuse=12, gate_reuse=(2, 3, 5, 12))
    folded = layer.folded_to(60)
    assert folded.gate_reuse == ()
    assert folded.timing.interval_cycles <= 60
