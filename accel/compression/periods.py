"""The dominant periods of series, found by FFT."""

import numpy as np


def dominant_periods(series: np.ndarray, count: int, longest: int) -> tuple[float, ...]:
    """Return the periods that carry most of the variance, the strongest first.

    Each is a peak of the periodogram, so that the neighbours of a strong period do not crowd out
    the next one.

    Parameters
    ----------
    series
        ``(rows, targets)``; the targets' periodograms are added up, each of variance 1.
    count
        How many, at most.
    longest
        In steps; 2 is the shortest that sampled series have.
    """
    rows = len(series)
    trend = np.linspace(-1, 1, rows)[:, None]
    centred = series - series.mean(axis=0)
    centred = centred - trend * (trend * centred).sum(axis=0) / (trend**2).sum()
    spread = centred.std(axis=0)
    # A trend alone leaves nothing but what was rounded.
    some = spread > 1e-6 * series.std(axis=0)
    scaled = np.where(some, centred, 0.0) / np.where(some, spread, 1.0)
    power = (np.abs(np.fft.rfft(scaled * np.hanning(rows)[:, None], axis=0)) ** 2).sum(axis=1)
    places = np.arange(1, len(power) - 1)
    peaks = places[(power[1:-1] >= power[:-2]) & (power[1:-1] > power[2:])]
    peaks = peaks[rows / peaks <= longest]
    strongest = peaks[np.argsort(-power[peaks], kind="stable")][:count]
    return tuple(float(rows / place) for place in strongest)


def seasonal_part(values: np.ndarray, times: np.ndarray, periods: tuple[float, ...]) -> np.ndarray:
    """Return the part of `values` that goes with the periods, by least squares.

    Parameters
    ----------
    values
        ``(rows, channels)``.
    times
        ``(rows,)``: when, in steps.
    """
    phases = 2 * np.pi * times[:, None] / np.array(periods)
    waves = np.concatenate([np.cos(phases), np.sin(phases), np.ones((len(times), 1))], axis=1)
    found = np.linalg.lstsq(waves, values, rcond=None)[0]
    return waves[:, :-1] @ found[:-1]
