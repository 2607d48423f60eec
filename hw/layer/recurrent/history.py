"""What a reference remembers of its steps."""

from collections.abc import Iterable

import numpy as np


class History:
    """Values of every step, by name; those that nobody wants are forgotten at once.

    Parameters
    ----------
    wanted
        Names.
    """

    def __init__(self, wanted: Iterable[str]) -> None:
        self._steps: dict[str, list[np.ndarray]] = {name: [] for name in wanted}

    def add(self, **values: np.ndarray) -> None:
        """Note values of a step, ``(N, C)``."""
        for name, value in values.items():
            if name in self._steps:
                self._steps[name].append(value)

    def __getitem__(self, name: str) -> np.ndarray:
        """Return the values of all steps, ``(N, T, C)``."""
        return np.stack(self._steps[name], axis=1)

    def into(self, trace: dict[str, np.ndarray]) -> None:
        """Hand everything over."""
        trace.update({name: self[name] for name in self._steps})
