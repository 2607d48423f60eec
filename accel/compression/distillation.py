"""Distillation: the losses by which a forecaster follows a teacher.

`Imitation` has one, the squared distance from the forecasts of a wider model with the same
structure, for fine-tuning in few bits. `Distillation` has those of TimeDistill (Ni et al.,
arXiv:2502.15016): the mean squared error between the two at several scales, each half as fine as
the one before, and the Kullback-Leibler divergence of the spectra's shares of each period. Hidden
features are matched through a small network that is trained along.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accel.forecasters.shape import Shape
from accel.qkeras_compat import keras, tf

SCALES = 4
"""The series itself, and three averages by 2 of the one before."""

TEMPERATURE = 0.5
"""Divides the spectra in front of the softmax."""

_TINY = 1e-9  # keeps the slope of a root finite where a spectrum is 0


def multi_scale(student: tf.Tensor, teacher: tf.Tensor) -> tf.Tensor:
    """Return the mean over the scales of the squared error between series ``(N, T, C)``."""
    losses: list[tf.Tensor] = []
    for _ in range(SCALES):
        losses.append(tf.reduce_mean((student - teacher) ** 2))
        half = _steps(student) // 2
        if not half:
            break
        student, teacher = (
            (each[:, 0 : 2 * half : 2] + each[:, 1 : 2 * half : 2]) / 2
            for each in (student, teacher)
        )
    return tf.add_n(losses) / len(losses)


def multi_period(student: tf.Tensor, teacher: tf.Tensor) -> tf.Tensor:
    """Return the divergence of the periods' shares, ``KL(teacher || student)``, of ``(N, T, C)``.

    Shares are the softmax of the magnitudes of the real FFT without its constant, divided by
    `TEMPERATURE`. Series of one step have none.
    """
    if _steps(student) < 2:
        return tf.constant(0.0)
    found, wanted = (tf.nn.log_softmax(_spectrum(each) / TEMPERATURE, axis=1)
                     for each in (student, teacher))  # fmt: skip
    return tf.reduce_mean(tf.reduce_sum(tf.exp(wanted) * (wanted - found), axis=1))


def _steps(series: tf.Tensor) -> int:
    return int(series.shape[1] or 0)


def _spectrum(series: tf.Tensor) -> tf.Tensor:
    # As products, which XLA compiles for any length.
    steps = _steps(series)
    angles = 2 * np.pi * np.outer(np.arange(1, steps // 2 + 1), np.arange(steps)) / steps
    real, imaginary = (
        tf.einsum("ft,ntc->nfc", tf.constant(wave, tf.float32), series)
        for wave in (np.cos(angles), np.sin(angles))
    )
    return tf.sqrt(real**2 + imaginary**2 + _TINY)


@dataclass(frozen=True, eq=False)
class Imitation:
    """What a model in few bits learns from itself in more (a `accel.training.fitting.Guide`).

    It begins with the teacher's weights, and its loss is that of the truth and the squared
    distance from the teacher's forecasts (Mishra and Marr, arXiv:1711.05852, scheme C).

    Parameters
    ----------
    model
        The student.
    teacher
        Forecasts of the training windows ``(N, outputs)``.
    weight
        Of the distance, beside 1 for the error.
    """

    model: keras.Model
    teacher: np.ndarray
    weight: float
    variables: Sequence[tf.Variable] = ()

    @property
    def rows(self) -> tuple[np.ndarray, ...]:
        """The teacher's answers."""
        return (self.teacher,)

    def forecast(self, inputs: tf.Tensor, rows: Sequence[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the student's forecasts, and its distance from the teacher."""
        forecasts = self.model(inputs, training=True)
        return forecasts, self.weight * tf.reduce_mean((forecasts - rows[0]) ** 2)


@dataclass(frozen=True, eq=False)
class Distillation:
    """What a student learns from a teacher (a `accel.training.fitting.Guide`).

    Parameters
    ----------
    watched
        The student, with outputs ``(forecast,)``, or ``(forecast, hidden)`` to match features.
    shape
        Sizes of the forecast.
    teacher
        Its forecasts of the training windows ``(N, outputs)``.
    weight
        Of both losses on the forecasts.
    hidden
        The teacher's hidden features of the training windows ``(N, F)``, or None.
    bridge
        From the student's hidden features to the teacher's.
    hidden_weight
        Of both losses on the hidden features.
    """

    watched: keras.Model
    shape: Shape
    teacher: np.ndarray
    weight: float
    hidden: np.ndarray | None = None
    bridge: keras.Model | None = None
    hidden_weight: float = 0.0

    @property
    def rows(self) -> tuple[np.ndarray, ...]:
        """The teacher's answers."""
        return (self.teacher,) if self.hidden is None else (self.teacher, self.hidden)

    @property
    def variables(self) -> Sequence[tf.Variable]:
        """Those of the bridge."""
        return () if self.bridge is None else self.bridge.trainable_variables

    def forecast(self, inputs: tf.Tensor, rows: Sequence[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the student's forecasts, and its distance from the teacher."""
        forecasts, *features = tf.nest.flatten(self.watched(inputs, training=True))
        ours, theirs = (
            tf.reshape(each, (-1, self.shape.horizon, len(self.shape.targets)))
            for each in (forecasts, rows[0])
        )
        loss = self.weight * (multi_scale(ours, theirs) + multi_period(ours, theirs))
        if self.bridge is not None:
            found, wanted = (
                tf.expand_dims(each, 2) for each in (self.bridge(features[0]), rows[1])
            )
            both = multi_scale(found, wanted) + multi_period(found, wanted)
            loss += self.hidden_weight * both
        return forecasts, loss
