"""LSTMs whose beats hold c beside h."""

from dataclasses import replace

import numpy as np
import pytest

from hw import LSTM
from tests.hw.drawing import draw_format, draw_recurrent
from tests.hw.streaming import check_block


def draw_lstm(seed: int) -> LSTM:
    rng = np.random.default_rng(seed)
    drawn = draw_recurrent(rng, draw_format(rng), int(rng.integers(1, 5)), 3, "lstm")
    assert isinstance(drawn, LSTM)
    return replace(drawn, return_state=True, return_sequences=seed % 2 == 0)


@pytest.mark.parametrize("seed", range(8))
def test_drawn_layer(seed: int) -> None:
    """Exact, in as many cycles as without c."""
    spec = draw_lstm(seed)
    assert spec.timing == replace(spec, return_state=False).timing
    check_block(spec, np.random.default_rng(seed), gaps=seed % 3 == 0)


@pytest.mark.parametrize("seed", range(4))
def test_the_values_are_those_of_the_trace(seed: int) -> None:
    spec = draw_lstm(seed)
    rng = np.random.default_rng(seed)
    codes = rng.integers(spec.input.minimum, spec.input.maximum + 1, (9, 3, len(spec.kernel)))
    trace: dict[str, np.ndarray] = {}
    found = spec.outputs[0].format.to_float(spec.reference(codes, trace=trace))
    both = np.concatenate(
        [spec.hidden.to_float(trace["h"]), spec.carry.to_float(trace["c"])], axis=-1
    )
    assert (found == (both if spec.return_sequences else both[:, -1])).all()
