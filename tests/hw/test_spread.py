"""The order in which windows of interleaved series follow fastest, and the bounds on both sides."""

import numpy as np
import pytest

from hw.network.pace import Pace
from hw.network.spread import Spread, held_beats, spread, spread_interval


def draw(rng: np.random.Generator) -> tuple[Pace, int, int]:
    """Return a pace, the steps of a window, and a number of series."""
    step, series, steps = (int(rng.integers(low, high)) for low, high in ((1, 8), (2, 13), (1, 14)))
    apart = int(rng.integers(step, 8 * step + 1))
    window = int(rng.integers(1, 2 * steps * step + 2))
    if rng.random() < 0.7:
        return Pace(step, window, apart), steps, series
    window, apart = (-(-cycles // step) * step for cycles in (window, apart))
    return Pace(step, window, apart, int(rng.integers(1, 10))), steps, series


def moves(pace: Pace, steps: int, series: np.ndarray) -> np.ndarray:
    """Return when each beat moves on from the entry."""
    return np.cumsum(held_beats(pace, steps, series)) + np.arange(len(series)) * pace.step


@pytest.mark.parametrize("seed", range(4))
def test_interval_is_that_of_the_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    exact = 0
    for _ in range(150):
        pace, steps, series = draw(rng)
        found, interval = spread(pace, steps, series), spread_interval(pace, steps, series)
        order = found.order()
        assert (np.bincount(order) == steps).all()
        assert found.interval(moves(pace, steps, order % series)) == interval
        least = max(steps * pace.step, pace.window, -(-steps * pace.series // series))
        assert interval >= least
        exact += interval == least
    assert exact > 140


@pytest.mark.parametrize("seed", range(4))
def test_no_order_is_beyond_the_bounds(seed: int) -> None:
    """Random orders, windows one after the other, and beats in turn, over ten windows each."""
    rng = np.random.default_rng([seed, 1])
    for _ in range(40):
        pace, steps, series = draw(rng)
        least = max(steps * pace.step, pace.window, steps * pace.series / series)
        most = (steps - 1) * pace.series + max(pace.series, pace.window)
        turns, beats = np.arange(series), 10 * steps
        blocks = np.concatenate([np.repeat(turns, steps - 1), turns])
        for order in (
            rng.permutation(np.repeat(turns, beats)), np.tile(turns, beats),
            np.tile(np.repeat(turns, steps), 10), np.tile(blocks, 10),
        ):  # fmt: skip
            done = moves(pace, steps, order)[-1] + pace.step
            assert done <= 10 * series * most
            # At the ends beats are missing: the last of a series, and the last end of a window.
            assert done + pace.series + pace.window >= 10 * series * least


def test_ends_are_spread() -> None:
    for count in range(1, 30):
        for steps in range(1, 30):
            found = Spread(count, steps)
            begins = [*found.begins.tolist(), found.period]
            assert len(set(begin % count for begin in begins[:-1])) == count
            assert min(np.diff(begins)) >= found.apart
