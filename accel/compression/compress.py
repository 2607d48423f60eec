"""Apply the methods of a configuration, one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from accel.compression.kernels import weights_of
from accel.compression.lesson import Lesson
from accel.compression.method import Applied, Method
from accel.progress import Progress
from accel.qkeras_compat import keras


@dataclass(frozen=True)
class _State:
    """A model in numbers."""

    weights: int
    nonzero: int
    bits: int
    error: float


def compress(
    model: keras.Model, methods: Sequence[Method], lesson: Lesson, progress: Progress
) -> tuple[keras.Model, tuple[Applied, ...]]:
    """Return the compressed model, which may be another, and what each method did."""
    done: list[Applied] = []
    after = _state(model, lesson)
    for method in methods:
        progress.step(f"Compressing: {method.method}")
        before = after
        changed = method.apply(model, lesson)
        model, after = changed.model, _state(changed.model, lesson)
        done.append(
            Applied(
                method=method.method,
                settings=method.model_dump(mode="json", exclude={"method"}),
                weights=after.weights,
                nonzero_before=before.nonzero,
                nonzero_after=after.nonzero,
                validation_before=before.error,
                validation_after=after.error,
                weights_before=before.weights,
                bits_before=before.bits,
                bits_after=after.bits,
                notes=dict(changed.notes),
            )
        )
    return model, tuple(done)


def _state(model: keras.Model, lesson: Lesson) -> _State:
    weights = list(weights_of(model))
    return _State(
        sum(weight.size for weight in weights),
        lesson.nonzero(model),
        sum(weight.bits for weight in weights),
        lesson.error(model),
    )
