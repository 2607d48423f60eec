"""Magnitude pruning: the smallest weights of each kernel become 0, step by step.

The share of zeros rises along a cubic (Zhu and Gupta, arXiv:1710.01878), with training between the
steps. Hardware leaves zeros out with ``skip_zeros = true``.
"""

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from accel.compression.method import Changed, Method
from accel.forecasters.formats import Positive

if TYPE_CHECKING:
    from accel.compression.lesson import Lesson
    from accel.qkeras_compat import keras


class Magnitude(Method):
    """``method = "magnitude"``.

    Parameters
    ----------
    sparsity
        Share of each kernel that is 0 in the end.
    steps
        Steps to get there.
    epochs, learning_rate
        Of the training behind each step.
    """

    method: Literal["magnitude"]
    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.5
    steps: Positive = 3
    epochs: Positive = 5
    learning_rate: Annotated[float, Field(gt=0)] = 0.002

    def apply(self, model: "keras.Model", lesson: "Lesson") -> Changed:
        from accel.compression.kernels import kernels

        for share in schedule(self.sparsity, self.steps):
            masks = {name: largest(values, share) for name, values in kernels(model).items()}
            lesson.prune(model, masks)
            lesson.train_on(model, self.epochs, self.learning_rate)
        return Changed(model)


def schedule(sparsity: float, steps: int) -> tuple[float, ...]:
    """Return the share of zeros behind each step, rising fast and then slowly."""
    return tuple(sparsity * (1 - (1 - step / steps) ** 3) for step in range(1, steps + 1))


def largest(values: np.ndarray, share: float) -> np.ndarray:
    """Return where the values are that stay when a share of them, the smallest, becomes 0."""
    count = round(share * values.size)
    order = np.argsort(np.abs(values), axis=None, kind="stable")
    mask = np.ones(values.size, dtype=bool)
    mask[order[:count]] = False
    return mask.reshape(values.shape)


METHOD = Magnitude
