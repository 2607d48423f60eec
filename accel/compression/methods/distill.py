"""Knowledge distillation: the forecaster learns from a larger one, by TimeDistill's losses.

The teacher sees the training rows only, as the forecaster does; its error on validation is recorded
beside the forecaster's. The best epoch is chosen by the forecaster's own error on validation, and
the weights from before are kept if none is better.
"""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from accel.compression.method import Changed, Method
from accel.forecasters.formats import Positive
from hw.errors import ChronogateError

if TYPE_CHECKING:
    from accel.compression.distillation import Distillation
    from accel.compression.lesson import Lesson
    from accel.compression.teachers import Teacher
    from accel.qkeras_compat import keras, tf


class Distill(Method):
    """``method = "distill"``.

    Parameters
    ----------
    teacher
        One or more of ``"mlp"``, ``"gru"`` and ``"ridge"``; several teach by their mean.
    size
        Units of each hidden layer of a teacher, which is in float.
    teacher_normalization, teacher_epochs, teacher_learning_rate
        As in ``[model]`` and ``[training]``.
    weight
        Of the losses on the forecasts, beside 1 for the error.
    hidden_weight
        Of the same losses on what the last layers take; 0 leaves them out.
    epochs, learning_rate
        Of the forecaster.
    """

    method: Literal["distill"]
    teacher: Annotated[
        tuple[Literal["mlp", "gru", "ridge"], ...], Field(strict=False, min_length=1)
    ] = ("mlp",)
    size: Positive = 128
    teacher_normalization: Literal["none", "mean", "last"] = "none"
    teacher_epochs: Positive = 10
    teacher_learning_rate: Annotated[float, Field(gt=0)] = 0.002
    weight: Annotated[float, Field(ge=0)] = 2.0
    hidden_weight: Annotated[float, Field(ge=0)] = 0.0
    epochs: Positive = 20
    learning_rate: Annotated[float, Field(gt=0)] = 0.005

    def apply(self, model: "keras.Model", lesson: "Lesson") -> Changed:
        from accel.compression.teachers import together, trained_teacher

        teachers = [
            trained_teacher(
                kind, self.size, self.teacher_normalization, self.teacher_epochs,
                self.teacher_learning_rate, lesson,
            )
            for kind in self.teacher
        ]  # fmt: skip
        teacher = teachers[0] if len(teachers) == 1 else together(teachers, lesson)
        guide = self._guide(model, teacher, lesson)
        lesson.train_on(model, self.epochs, self.learning_rate, guide)
        errors = {kind: each.error for kind, each in zip(self.teacher, teachers, strict=True)}
        return Changed(model, {"teacher_validation": teacher.error, "teachers": errors})

    def _guide(self, model: "keras.Model", teacher: "Teacher", lesson: "Lesson") -> "Distillation":
        from accel.compression.distillation import Distillation
        from accel.qkeras_compat import keras

        inputs = lesson.train.inputs
        forecasts = teacher.predict(inputs)
        if not self.hidden_weight:
            return Distillation(model, lesson.shape, forecasts, self.weight)
        if teacher.features is None:
            raise ChronogateError(
                "compress method 'distill': a ridge regression has no hidden features to match: "
                "set hidden_weight = 0, or name a network as teacher"
            )
        features = teacher.features(inputs)
        ours = _features(model)
        wide, width = features.shape[1], int(ours.shape[-1] or 0)
        bridge = keras.Sequential(
            [keras.Input((width,)), keras.layers.Dense(wide, "relu"), keras.layers.Dense(wide)]
        )
        watched = keras.Model(model.input, [model.output, ours])
        return Distillation(
            watched, lesson.shape, forecasts, self.weight, features, bridge, self.hidden_weight
        )


def _features(model: "keras.Model") -> "tf.Tensor":
    """Return what the forecaster's last dense layer takes, in front of its relu if it has one."""
    from accel.forecasters.layer_names import FACTOR, OUTPUT
    from accel.forecasters.solving import input_of, layer_of
    from accel.qkeras_compat import qkeras

    names = [layer.name for layer in model.layers]
    last = next((name for name in (OUTPUT + FACTOR, OUTPUT) if name in names), None)
    found = None if last is None else input_of(layer_of(model, last))
    if found is None or len(found.shape) != 2:
        raise ChronogateError(
            "compress method 'distill' finds no hidden features in front of this model's forecast: "
            "set hidden_weight = 0"
        )
    for layer in model.layers:
        if layer.output is found and isinstance(layer, qkeras.QActivation):
            return input_of(layer)
    return found


METHOD = Distill
