"""Apply the methods of a configuration, one after the other."""

from collections.abc import Sequence

from accel.compression.kernels import kernels
from accel.compression.lesson import Lesson
from accel.compression.method import Applied, Method
from accel.progress import Progress
from accel.qkeras_compat import keras


def compress(
    model: keras.Model, methods: Sequence[Method], lesson: Lesson, progress: Progress
) -> tuple[Applied, ...]:
    """Compress `model` in place and return what each method did."""
    done: list[Applied] = []
    for method in methods:
        progress.step(f"Compressing: {method.method}")
        before = lesson.nonzero(model), lesson.error(model)
        method.apply(model, lesson)
        weights = sum(values.size for values in kernels(model).values())
        after = lesson.nonzero(model), lesson.error(model)
        settings = method.model_dump(exclude={"method"})
        done.append(
            Applied(method.method, settings, weights, before[0], after[0], before[1], after[1])
        )
    return tuple(done)
