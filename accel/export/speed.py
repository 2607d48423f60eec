"""What a file takes on this machine's processor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

LOADS, FORECASTS = 5, 200
"""Times that a file is loaded, and forecasts at least, of which the medians count."""

Window = Sequence[np.ndarray]
"""Of each input an array ``([T,] F)``."""


@dataclass(frozen=True)
class Speed:
    """One window at a time, on one thread; medians.

    Parameters
    ----------
    file_bytes
        Size of the file.
    load_ms
        From the file to a model that is ready, in milliseconds.
    forecast_us
        From a window in floats to its forecast in floats, in microseconds.
    """

    file_bytes: int
    load_ms: float
    forecast_us: float

    @property
    def forecasts_per_second(self) -> float:
        """One after the other."""
        return 1e6 / self.forecast_us


@dataclass(frozen=True)
class Execution:
    """What a file made of windows.

    Parameters
    ----------
    runtime
        What ran it.
    results
        Of each output ``(N, ...)``.
    speed
        None where the runtime is made for checking, not for speed.
    """

    runtime: str
    results: list[np.ndarray]
    speed: Speed | None = None


def one_by_one(
    load: Callable[[], Callable[[Window], list[np.ndarray]]],
    inputs: Mapping[str, np.ndarray],
    file: Path,
) -> tuple[list[np.ndarray], Speed]:
    """Run a file on every window, and say what it takes.

    Parameters
    ----------
    load
        Loads it, and returns what forecasts one window.
    inputs
        Floats ``(N, [T,] F)`` by name.
    file
        It.

    Returns
    -------
    list of numpy.ndarray and Speed
        Of each output ``(N, ...)``, and how fast.
    """
    loads = []
    for _ in range(LOADS):
        begun = perf_counter()
        model = load()
        loads.append(1e3 * (perf_counter() - begun))
    windows = list(zip(*inputs.values(), strict=True))
    seconds: list[float] = []
    found: list[list[np.ndarray]] = []
    while len(seconds) < FORECASTS:
        found = []
        for window in windows:
            begun = perf_counter()
            found.append(model(window))
            seconds.append(perf_counter() - begun)
    results = [np.stack(rows) for rows in zip(*found, strict=True)]
    return results, Speed(file.stat().st_size, median(loads), 1e6 * median(seconds))
