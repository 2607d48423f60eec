"""Lesson: what a method may learn from, and the zeros that it must keep."""

from dataclasses import dataclass, field

import numpy as np

from accel.compression.kernels import Variables, assign, kernels, stored_nonzeros
from accel.config import TrainingConfig
from accel.datasets.windows import Windows
from accel.fitting import fit, predict_float32
from accel.qkeras_compat import keras


@dataclass(eq=False)
class Lesson:
    """Windows to train on, and the masks of what was pruned so far.

    Parameters
    ----------
    train, validation
        Windows.
    training
        Settings of every training between two steps of a method.
    masks
        By the name of a kernel: 1 where a weight is kept, 0 where it stays 0.
    """

    train: Windows
    validation: Windows
    training: TrainingConfig
    masks: Variables = field(default_factory=dict)

    def prune(self, model: keras.Model, masks: Variables) -> None:
        """Set weights to 0, besides those that are already, and keep them there."""
        for name, mask in masks.items():
            self.masks[name] = mask.astype(np.float32) * self.masks.get(name, np.float32(1.0))
        values = kernels(model)
        assign(model, {name: values[name] * mask for name, mask in self.masks.items()})

    def train_on(self, model: keras.Model, epochs: int, learning_rate: float) -> None:
        """Train for some epochs, the zeros kept; the best epoch on validation stays."""
        changes = {"epochs": epochs, "learning_rate": learning_rate}
        training = self.training.model_copy(update=changes)
        fit(
            model, self.train, self.validation, training, lambda units: None, started=True,
            masks=self.masks,
        )  # fmt: skip

    def error(self, model: keras.Model) -> float:
        """Return the mean squared error on validation."""
        errors = predict_float32(model, self.validation.inputs) - self.validation.targets
        return float(np.mean(errors[self.validation.mask] ** 2))

    def nonzero(self, model: keras.Model) -> int:
        """Return how many kernel weights are stored as something else than 0."""
        return int(sum(np.count_nonzero(found) for found in stored_nonzeros(model).values()))
