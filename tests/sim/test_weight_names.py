"""The weights that are named for a value are those, and only those, that change it."""

import re
from dataclasses import replace

import numpy as np
import pytest

from hw import (
    BatchNormalization,
    Conv1D,
    Dense,
    DepthwiseConv1D,
    FixedPoint,
    Overflow,
    Padding,
    Rounding,
    UnrolledDense,
)
from sim.weight_names import weight_names
from tests.hw.drawing import draw_codes
from tests.hw.recurrent_shapes import recurrent_layer

GRID = FixedPoint(6, 3, True, Rounding.RND_CONV, Overflow.SAT)
RNG = np.random.default_rng(3)
STEPS = 5


def drawn(*shape: int) -> np.ndarray:
    return draw_codes(RNG, GRID, *shape)


SPECS = {
    "dense": Dense(drawn(3, 4), drawn(4), GRID, GRID, GRID, 2),
    "unrolled": UnrolledDense(drawn(3, 4), drawn(4), GRID, GRID, GRID, 2),
    "convolution": Conv1D(drawn(3, 2, 4), drawn(4), GRID, GRID, GRID, STEPS, 2, Padding.CAUSAL),
    "depthwise": DepthwiseConv1D(drawn(3, 2, 2), drawn(4), GRID, GRID, GRID, STEPS, 2),
    "normalization": BatchNormalization(drawn(4), drawn(4), GRID, GRID, GRID, 1, STEPS),
}


@pytest.mark.parametrize("kind", SPECS)
def test_only_those_named_change_a_value(kind: str) -> None:
    spec = SPECS[kind]
    port = spec.inputs[0]
    codes = drawn(20, *(() if port.steps is None else (port.steps,)), port.channels)
    before = spec.reference(codes)
    for channel in range(4):
        words = weight_names(spec, channel)
        named = dict(re.findall(r"(\w+)\[([^]]*)\]", words))
        assert len(named) == 2, words
        for field, place in named.items():
            changed = getattr(spec, field).copy()
            chosen = np.zeros(changed.shape, dtype=bool)
            chosen[tuple(slice(None) if p == ":" else int(p) for p in place.split(", "))] = True
            for others in (False, True):
                weights = np.where(chosen ^ others, changed ^ 1, changed)
                after = replace(spec, **{field: weights}).reference(codes)
                differs = (after != before).reshape(-1, 4).any(axis=0)
                assert differs.tolist() == [(k == channel) ^ others for k in range(4)], field


def test_gates_of_a_unit() -> None:
    lstm = recurrent_layer("lstm", 2, 3, 1, 3, multipliers=4)
    assert weight_names(lstm, 1).startswith("kernel[:, [1, 4, 7, 10]], recurrent_kernel[:, [1, 4")
    assert weight_names(lstm, 1).endswith("(gates i, f, c, o)")
