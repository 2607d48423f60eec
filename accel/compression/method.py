"""Method: what every compression method has, as written in one ``[[compress]]`` of the TOML."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accel.forecasters.formats import Part

if TYPE_CHECKING:
    from accel.compression.lesson import Lesson
    from accel.qkeras_compat import keras


@dataclass(frozen=True)
class Applied:
    """What a method did to a model.

    Parameters
    ----------
    method
        Its name.
    settings
        Its table of the configuration, with what was left out.
    weights
        Kernel weights in the model.
    nonzero_before, nonzero_after
        Those that are not 0 as they are stored.
    validation_before, validation_after
        Mean squared errors in scaled units.
    """

    method: str
    settings: dict[str, object]
    weights: int
    nonzero_before: int
    nonzero_after: int
    validation_before: float
    validation_after: float


class Method(Part):
    """A method's settings."""

    method: str

    @abstractmethod
    def apply(self, model: "keras.Model", lesson: "Lesson") -> None:
        """Compress `model` in place; what earlier methods set to 0 stays 0."""
