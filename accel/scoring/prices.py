"""Forecasts of returns, scored as prices against the last price, with an interval on any win.

Errors are in per cent of the last price, so that each ticker counts the same. Windows overlap and
markets have quiet and wild months, so the interval comes from a moving-block bootstrap over time
(Künsch, 1989): blocks of consecutive windows are drawn, not single ones.
"""

from dataclasses import dataclass

import numpy as np

from hw.network.metadata import Feature

DRAWS = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class PriceScores:
    """Mean squared errors of prices, in per cent of the last price, squared.

    Parameters
    ----------
    model, last_price
        Of the forecaster, and of the last price as the forecast: a return of zero.
    gain
        ``1 - model / last_price``: above 0, the forecaster wins.
    low, high
        95 % interval of the gain.
    block
        Windows in a block of the bootstrap.
    """

    model: float
    last_price: float
    gain: float
    low: float
    high: float
    block: int

    @property
    def significant(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def score_prices(
    forecasts: np.ndarray,
    returns: np.ndarray,
    mask: np.ndarray,
    targets: tuple[Feature, ...],
    seed: int,
) -> PriceScores:
    """Score forecasts of returns.

    What came true adds up to the prices, as multiples of the last price.

    Parameters
    ----------
    forecasts, returns
        Forecast and true ``(N, horizon * targets)`` in scaled units, in the order of time.
    mask
        bool, as `returns`: True where the value counts.
    targets
        The columns forecast, with their scaling.
    """
    scale = np.array([target.scale for target in targets])
    offset = np.array([target.offset for target in targets])
    shape = len(returns), -1, len(targets)
    expected, truth = (
        np.exp(np.cumsum(values.reshape(shape) * scale + offset, axis=1))
        for values in (forecasts, returns)
    )
    counted = mask.reshape(expected.shape)
    model = _losses(expected - truth, counted)
    naive = _losses(1.0 - truth, counted)
    count = len(returns)
    block = min(count, max(2 * expected.shape[1], round(count ** (1 / 3))))
    low, high = block_interval(model, naive, block, seed)
    gain = 1.0 - model.mean() / naive.mean()
    return PriceScores(
        float(model.mean()), float(naive.mean()), float(gain), float(low), float(high), block
    )


def _losses(errors: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Return the mean squared error of each window ``(N,)``, in per cent squared."""
    sums = np.where(counted, (100.0 * errors) ** 2, 0.0).sum(axis=(1, 2))
    return sums / np.maximum(1, counted.sum(axis=(1, 2)))


def block_interval(
    model: np.ndarray, naive: np.ndarray, block: int, seed: int
) -> tuple[np.float64, np.float64]:
    """Return the 95 % interval of ``1 - model / naive`` by a moving-block bootstrap.

    Parameters
    ----------
    model, naive
        Losses of windows ``(N,)`` in the order of time.
    block
        Windows drawn together.
    """
    count = len(model)
    blocks = -(-count // block)
    starts = np.random.default_rng(seed).integers(0, count - block + 1, (DRAWS, blocks))
    sums = [np.concatenate([[0.0], np.cumsum(losses)]) for losses in (model, naive)]
    drawn, base = ((total[starts + block] - total[starts]).sum(axis=1) for total in sums)
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(1.0 - drawn / base, [tail, 100 - tail])
    return low, high
