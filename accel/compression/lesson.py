"""Lesson: what a method may learn from, and the zeros that it must keep."""

from dataclasses import dataclass, field

import numpy as np

from accel.compression.kernels import Variables, assign, kernels, stored_nonzeros, weights_of
from accel.configuration.sections import TrainingConfig
from accel.datasets.windows import Windows
from accel.forecasters.shape import Shape
from accel.qkeras_compat import keras
from accel.training.fitting import Guide, fit, mean_error, predict_float32


@dataclass(eq=False)
class Lesson:
    """Windows to train on, and the masks of what was pruned so far.

    Parameters
    ----------
    train, validation
        Windows.
    training
        Settings of every training between two steps of a method.
    shape
        Sizes of the model.
    series
        The targets' training rows in scaled units ``(rows, targets)``.
    masks
        By the name of a kernel: 1 where a weight is kept, 0 where it stays 0.
    """

    train: Windows
    validation: Windows
    training: TrainingConfig
    shape: Shape
    series: np.ndarray
    masks: Variables = field(default_factory=dict)

    def prune(self, model: keras.Model, masks: Variables) -> None:
        """Set weights to 0, besides those that are already, and keep them there."""
        for name, mask in masks.items():
            self.masks[name] = mask.astype(np.float32) * self.masks.get(name, np.float32(1.0))
        values = kernels(model)
        assign(model, {name: values[name] * mask for name, mask in self.masks.items()})

    def train_on(
        self, model: keras.Model, epochs: int, learning_rate: float, guide: Guide | None = None
    ) -> None:
        """Train for some epochs, the zeros kept; the best epoch on validation stays.

        Parameters
        ----------
        guide
            What else to learn from.
        """
        if not epochs:
            return
        changes = {"epochs": epochs, "learning_rate": learning_rate}
        training = self.training.model_copy(update=changes)
        masks = {
            weight.variable.name: self.masks[weight.key]
            for weight in weights_of(model)
            if weight.key in self.masks
        }
        fit(
            model, self.train, self.validation, training, lambda units: None, started=True,
            masks=masks, guide=guide,
        )  # fmt: skip

    def some(self, most: int) -> Windows:
        """Return at most so many of the training windows, spread over all of them."""
        places = np.unique(np.linspace(0, len(self.train) - 1, most).astype(int))
        return self.train.picked(places)

    def error(self, model: keras.Model) -> float:
        """Return the mean error on validation, as ``training.loss`` measures it."""
        return self.error_of(predict_float32(model, self.validation.inputs))

    def error_of(self, forecasts: np.ndarray) -> float:
        """Return that of forecasts for the validation windows."""
        return mean_error(forecasts, self.validation, self.training.loss)

    def nonzero(self, model: keras.Model) -> int:
        """Return how many kernel weights are stored as something else than 0."""
        return int(sum(np.count_nonzero(found) for found in stored_nonzeros(model).values()))
