"""Pooling and moving averages: hardware = reference, and cycles = contract."""

import numpy as np
import pytest

from hw import ChronogateError, FixedPoint, Overflow, Rounding
from hw.layer.convolution.moving_average import MovingAverage
from hw.layer.convolution.pool import Pool
from hw.layer.convolution.pooling import AveragePooling, MaxPooling
from tests.hw.drawing import draw_format
from tests.hw.streaming import check_block


def draw_pool(rng: np.random.Generator) -> Pool:
    size = None if rng.random() < 0.3 else int(rng.integers(1, 6))
    return Pool((size or 1) + int(rng.integers(0, 12)), size, int(rng.integers(1, 5)))


def any_format(rng: np.random.Generator) -> FixedPoint:
    rounding, overflow = rng.choice(list(Rounding)), rng.choice(list(Overflow))
    width, integer = int(rng.integers(1, 12)), int(rng.integers(-2, 9))
    return FixedPoint(
        width, integer, bool(rng.random() < 0.7), Rounding(rounding), Overflow(overflow)
    )


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind", ["max", "average"])
def test_drawn_pooling(kind: str, seed: int, gaps: bool) -> None:
    rng = np.random.default_rng([seed, gaps])
    source, channels, pool = draw_format(rng, bool(rng.random() < 0.7)), 3, draw_pool(rng)
    if kind == "max":
        check_block(MaxPooling(channels, source, pool), rng, gaps)
        return
    rounded = pool.span & (pool.span - 1) or rng.random() < 0.5
    spec = AveragePooling(channels, source, pool, any_format(rng) if rounded else None)
    check_block(spec, rng, gaps)


def test_an_average_without_an_end_is_refused() -> None:
    with pytest.raises(ChronogateError, match="quantized_bits"):
        AveragePooling(2, FixedPoint(8, 3), Pool(7, 3, 1))
    with pytest.raises(ChronogateError, match="no middle step"):
        MovingAverage(2, FixedPoint(8, 3), 7, 4, FixedPoint(8, 3))
    with pytest.raises(ChronogateError, match="no place in a window"):
        Pool(3, 4, 1)


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_drawn_moving_average(seed: int, gaps: bool) -> None:
    rng = np.random.default_rng([seed, gaps])
    spec = MovingAverage(
        int(rng.integers(1, 4)),
        draw_format(rng, bool(rng.random() < 0.7)),
        steps=int(rng.integers(1, 24)),
        size=int(rng.choice([3, 5, 7, 9])),
        output=any_format(rng),
        pace=int(rng.integers(1, 4)),
    )
    check_block(spec, rng, gaps)
