"""Structured pruning: whole units of hidden dense layers go, and the conversion removes them.

A unit's weight is the norm of what leads to it times the norm of what it leads to. Its column and
its row become 0; a unit that nothing reads is not built (``RemoveDeadUnits``), in any strategy.
"""

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from accel.compression.method import Method
from accel.forecasters.formats import Positive
from hw.errors import ChronogateError

if TYPE_CHECKING:
    from accel.compression.lesson import Lesson
    from accel.qkeras_compat import keras


class Units(Method):
    """``method = "units"``.

    Parameters
    ----------
    share
        Of the units of each hidden dense layer, that go.
    epochs, learning_rate
        Of the training behind it.
    """

    method: Literal["units"]
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    epochs: Positive = 5
    learning_rate: Annotated[float, Field(gt=0)] = 0.002

    def apply(self, model: "keras.Model", lesson: "Lesson") -> None:
        from accel.compression.kernels import kernels
        from accel.forecasters.layer_names import OUTPUT, dense_name

        values = kernels(model)
        hidden = [
            name for n in range(len(values)) if (name := f"{dense_name(n)}/kernel:0") in values
        ]
        if not hidden:
            raise ChronogateError(
                "compress method 'units' finds no hidden dense layer in the model: give model."
                "hidden some, or use the method 'magnitude'"
            )
        chain = [*hidden, f"{OUTPUT}/kernel:0"]
        masks = {name: np.ones(values[name].shape, dtype=bool) for name in chain}
        for first, second in pairwise(chain):
            gone = weakest(values[first], values[second], self.share)
            masks[first][:, gone] = False
            masks[second][gone] = False
        lesson.prune(model, masks)
        lesson.train_on(model, self.epochs, self.learning_rate)


def weakest(before: np.ndarray, behind: np.ndarray, share: float) -> np.ndarray:
    """Return the units that carry least, of kernels ``(n, units)`` and ``(units, m)``."""
    strength = np.linalg.norm(before, axis=0) * np.linalg.norm(behind, axis=1)
    return np.argsort(strength, kind="stable")[: round(share * len(strength))]


METHOD = Units
