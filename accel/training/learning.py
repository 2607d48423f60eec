"""Learn: a forecaster fitted on the training windows, chosen on validation, and compressed.

The test windows are not looked at: `accel.training.train` scores them, `accel.search` never does.
"""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from accel.compression.method import Applied
from accel.configuration.config import Config
from accel.datasets.loader import feature_names, target_names
from accel.datasets.windows import Windows
from accel.forecasters.fit_data import FitData
from accel.forecasters.shape import Shape
from accel.progress import Progress
from accel.training.prepared import PreparedData
from accel.training.result import Epoch
from hw.errors import ChronogateError

if TYPE_CHECKING:
    from accel.qkeras_compat import keras
    from accel.training.fitting import Watch


@dataclass(frozen=True, eq=False)
class Learned:
    """A forecaster that has learned.

    Parameters
    ----------
    model
        With the weights of its best epoch, compressed.
    history, seconds
        Epochs of the training before any compression, and how long they took.
    applied
        What each compression method did.
    seen
        The training windows that were used.
    """

    model: "keras.Model"
    history: tuple[Epoch, ...]
    seconds: float
    applied: tuple[Applied, ...]
    seen: Windows

    @property
    def validation_error(self) -> float:
        """The error on validation in the end, squared or absolute as ``training.loss``."""
        if self.applied:
            return self.applied[-1].validation_after
        return min(epoch.validation_error for epoch in self.history)


def check_begun(config: Config) -> None:
    """Refuse a configuration in which nothing fits the weights."""
    if config.training.epochs or config.model.closed_form or _begins(config):
        return
    raise ChronogateError(
        f"training.epochs is 0, and the family {config.model.family} has no closed form: "
        "give it epochs to learn in"
    )


def learn(
    config: Config, data: PreparedData, progress: Progress, watch: "Watch | None" = None
) -> Learned:
    """Build, fit and compress the forecaster of a configuration.

    Parameters
    ----------
    watch
        Called with each epoch's error on validation; may raise to end the training.

    Raises
    ------
    ChronogateError
        When the training diverged.
    """
    from accel.forecasters.build import build_forecaster
    from accel.training.fitting import fit, seed_everything

    training, shape = config.training, shape_of(config)
    seen = data.train.picked(slice(None, None, training.window_stride))
    seed_everything(training.seed)
    model = build_forecaster(config.model, shape)
    advance = progress.step(f"Training the {config.model.family}", training.epochs)
    started = time.monotonic()
    fitted = config.model.start(model, FitData(shape, data.train, data.validation))
    known = fitted or _begins(config)
    history = fit(model, seen, data.validation, training, advance, known, watch=watch)
    seconds = time.monotonic() - started
    if not np.isfinite([epoch.validation_error for epoch in history]).all():
        raise ChronogateError(
            f"the training of {config.name} diverged: lower training.learning_rate "
            f"(it is {training.learning_rate})"
        )
    applied: tuple[Applied, ...] = ()
    if config.compress:
        from accel.compression.compress import compress
        from accel.compression.lesson import Lesson

        series = data.scaled_targets[data.split.start : data.split.train]
        lesson = Lesson(seen, data.validation, training, shape, series)
        model, applied = compress(model, config.compress, lesson, progress)
    return Learned(model, history, seconds, applied, seen)


def shape_of(config: Config) -> Shape:
    """Return the sizes of the model that a configuration describes."""
    forecast = config.forecast
    return Shape(
        forecast.look_back,
        forecast.horizon,
        forecast.season,
        feature_names(config.data),
        target_names(config.data),
    )


def _begins(config: Config) -> bool:
    return bool(config.compress) and config.compress[0].begins
