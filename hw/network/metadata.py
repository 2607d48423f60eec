"""What a deployer needs to know of the data behind a network; the hardware ignores it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Feature:
    """One column of the data: ``scaled = (value - offset) / scale``.

    Parameters
    ----------
    name
        Column name.
    unit
        Unit of `value`, for labels.
    offset, scale
        Mean and population standard deviation of the training part, in `unit`.
    """

    name: str
    unit: str = ""
    offset: float = 0.0
    scale: float = 1.0

    def to_scaled(self, values: np.ndarray) -> np.ndarray:
        """Map values in the user's unit to the model's."""
        return (values - self.offset) / self.scale

    def to_units(self, scaled: np.ndarray) -> np.ndarray:
        """Map the model's values to the user's unit."""
        return scaled * self.scale + self.offset


@dataclass(frozen=True)
class Metadata:
    """Names, units, scaling and rates that travel with a network.

    Parameters
    ----------
    features, targets
        Input columns in the order of the beat, and forecast columns.
    step_seconds
        Sampling step.
    look_back, horizon
        Time steps seen and forecast.
    time_column
        Name of the time column in the user's files.
    """

    features: tuple[Feature, ...] = ()
    targets: tuple[Feature, ...] = ()
    step_seconds: float = 0.0
    look_back: int = 0
    horizon: int = 0
    time_column: str | None = None
