"""Teachers: larger float forecasters, ridge regression, or the mean of several."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from accel.compression.lesson import Lesson
from accel.forecasters.build import build_float_twin
from accel.forecasters.fit_data import FitData
from accel.forecasters.layer_names import OUTPUT
from accel.forecasters.registry import FAMILIES
from accel.forecasters.solving import input_of, layer_of
from accel.qkeras_compat import keras
from accel.scoring.baselines import fit_ridge
from accel.training.fitting import evaluate_all, fit, predict_float32

NETWORKS = ("mlp", "gru")
RIDGE = "ridge"


@dataclass(frozen=True, eq=False)
class Teacher:
    """A forecaster to learn from.

    Parameters
    ----------
    predict
        From windows ``(N, look_back, channels)`` to forecasts ``(N, outputs)``.
    error
        Its mean squared error on validation.
    features
        From windows to what its last layer takes ``(N, F)``; None of a ridge regression.
    """

    predict: Callable[[np.ndarray], np.ndarray]
    error: float
    features: Callable[[np.ndarray], np.ndarray] | None = None


def trained_teacher(
    kind: str, size: int, normalization: str, epochs: int, learning_rate: float, lesson: Lesson
) -> Teacher:
    """Return a teacher of one kind, fitted on the lesson's training windows.

    Parameters
    ----------
    kind
        One of `NETWORKS`, or `RIDGE`.
    size
        Hidden units of a network.
    """
    if kind == RIDGE:
        ridge = fit_ridge(lesson.train, lesson.validation)
        return Teacher(ridge.predict, lesson.error_of(ridge.predict(lesson.validation.inputs)))
    sizes = {"hidden": (size, size)} if kind == "mlp" else {"units": size}
    family = FAMILIES[kind].model_validate(
        {"family": kind, "normalization": normalization, **sizes}, strict=False
    )
    model = build_float_twin(family, lesson.shape)
    changes = {"epochs": epochs, "learning_rate": learning_rate}
    started = family.start(model, FitData(lesson.shape, lesson.train, lesson.validation, True))
    training = lesson.training.model_copy(update=changes)
    fit(model, lesson.train, lesson.validation, training, lambda units: None, started)
    inner = keras.Model(model.input, input_of(layer_of(model, OUTPUT)))
    return Teacher(
        lambda inputs: predict_float32(model, inputs),
        lesson.error(model),
        lambda inputs: evaluate_all(inner, inputs)[0],
    )


def together(teachers: list[Teacher], lesson: Lesson) -> Teacher:
    """Return the mean of several teachers, with the features of the first that has some."""

    def predict(inputs: np.ndarray) -> np.ndarray:
        return np.mean([teacher.predict(inputs) for teacher in teachers], axis=0)

    features = next((teacher.features for teacher in teachers if teacher.features), None)
    return Teacher(predict, lesson.error_of(predict(lesson.validation.inputs)), features)
