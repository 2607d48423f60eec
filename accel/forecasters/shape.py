"""Shape: what a forecaster sees and what it says, in numbers."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hw.errors import ChronogateError


@dataclass(frozen=True)
class Shape:
    """The sizes that a family builds its model for.

    Parameters
    ----------
    look_back, horizon, season
        In time steps.
    features
        Names of the columns seen, the calendar's included.
    targets
        Names of the columns forecast.
    """

    look_back: int
    horizon: int
    season: int
    features: tuple[str, ...]
    targets: tuple[str, ...]

    @property
    def channels(self) -> int:
        """Values in one time step."""
        return len(self.features)

    @property
    def outputs(self) -> int:
        """Values in one forecast: horizon-major, the targets of one step side by side."""
        return self.horizon * len(self.targets)

    @cached_property
    def picked(self) -> np.ndarray:
        """Zeros and ones ``(channels, targets)`` that pick the targets from a step.

        Raises
        ------
        ChronogateError
            When a target is not among the features.
        """
        matrix = np.zeros((self.channels, len(self.targets)))
        for place, target in enumerate(self.targets):
            if target not in self.features:
                raise ChronogateError(
                    f"data.features leaves out the target {target!r}, which this model "
                    "continues from its own past: add it to data.features"
                )
            matrix[self.features.index(target), place] = 1.0
        return matrix

    @property
    def repeated(self) -> np.ndarray:
        """Zeros and ones ``(channels, outputs)`` that put each target's channel into every step."""
        return np.tile(self.picked, (1, self.horizon))
