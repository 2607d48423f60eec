"""Structured pruning: whole units of hidden dense layers go, and the conversion removes them.

A unit's weight is the norm of what leads to it times the norm of what it leads to. Its column and
its row become 0; a unit that nothing reads is not built (``RemoveDeadUnits``), in any strategy.
"""

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from accel.compression.method import Changed, Method
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

    def apply(self, model: "keras.Model", lesson: "Lesson") -> Changed:
        from accel.compression.kernels import kernels
        from accel.forecasters.layer_names import FACTOR, OUTPUT, dense_name

        values = kernels(model)
        names = [dense_name(n) for n in range(len(values))]
        hidden = [name for name in names if f"{name}/kernel" in values]
        if not hidden:
            raise ChronogateError(
                "compress method 'units' finds no hidden dense layer in the model: give model."
                "hidden some, or use the method 'magnitude'"
            )
        masks = {name: np.ones(array.shape, dtype=bool) for name, array in values.items()}
        for name, behind in pairwise((*hidden, OUTPUT)):
            first, second = f"{name}/kernel", f"{behind}/kernel"
            if f"{behind}{FACTOR}/kernel" in values:  # it was factorised
                second = f"{behind}{FACTOR}/kernel"
            if second not in values or len(values[second]) != values[first].shape[1]:
                raise ChronogateError(
                    f"compress method 'units' finds the kernel behind {name} taken apart: put "
                    "'units' before 'tensor_train'"
                )
            gone = weakest(values[first], values[second], self.share)
            masks[first][:, gone] = False
            masks[second][gone] = False
        lesson.prune(model, masks)
        lesson.train_on(model, self.epochs, self.learning_rate)
        return Changed(model)


def weakest(before: np.ndarray, behind: np.ndarray, share: float) -> np.ndarray:
    """Return the units that carry least, of kernels ``(n, units)`` and ``(units, m)``."""
    strength = np.linalg.norm(before, axis=0) * np.linalg.norm(behind, axis=1)
    return np.argsort(strength, kind="stable")[: round(share * len(strength))]


METHOD = Units
