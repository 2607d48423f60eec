"""Method: what every compression method has, as written in one ``[[compress]]`` of the TOML."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from accel.forecasters.formats import Part

if TYPE_CHECKING:
    from accel.compression.lesson import Lesson
    from accel.qkeras_compat import keras

Notes = Mapping[str, object]
"""What a method found out, as JSON holds it."""


@dataclass(frozen=True)
class Applied:
    """What a method did to a model.

    Parameters
    ----------
    method
        Its name.
    settings
        Its table of the configuration, with what was left out.
    weights, weights_before
        Kernel weights in the model, behind the method and before it.
    nonzero_before, nonzero_after
        Those that are not 0 as they are stored.
    validation_before, validation_after
        Mean errors in scaled units, squared or absolute as ``training.loss``.
    bits_before, bits_after
        Bits that store the kernels.
    notes
        What the method found out: periods, ranks, bits of each layer, errors of a teacher.
    """

    method: str
    settings: dict[str, object]
    weights: int
    nonzero_before: int
    nonzero_after: int
    validation_before: float
    validation_after: float
    weights_before: int = 0
    bits_before: int = 0
    bits_after: int = 0
    notes: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Changed:
    """What a method hands on.

    Parameters
    ----------
    model
        The one that it was given, or another in its place.
    notes
        What it found out.
    """

    model: "keras.Model"
    notes: Notes = field(default_factory=dict)


class Method(Part):
    """A method's settings."""

    begins: ClassVar[bool] = False
    """Whether it brings weights of its own, so that no epoch of training is needed before it."""

    method: str

    @abstractmethod
    def apply(self, model: "keras.Model", lesson: "Lesson") -> Changed:
        """Compress a model; what earlier methods set to 0 stays 0."""

    def located(self, folder: Path) -> Self:
        """Return the method with its paths seen from a folder, the configuration's."""
        return self
