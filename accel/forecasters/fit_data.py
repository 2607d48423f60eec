"""FitData: what a family's closed form is fitted on."""

from dataclasses import dataclass

from accel.datasets.windows import Windows
from accel.forecasters.shape import Shape


@dataclass(frozen=True, eq=False)
class FitData:
    """Windows, and what to make of them.

    Parameters
    ----------
    shape
        Sizes of the model.
    train, validation
        Weights are fitted on the first, penalties chosen on the second.
    exact
        True for the float twin, whose weights are not rounded.
    """

    shape: Shape
    train: Windows
    validation: Windows
    exact: bool = False
