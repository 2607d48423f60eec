"""Season-aware pruning: weights go whose loss changes the dominant periods' answer least.

The periods come from an FFT of the training rows. What each kernel multiplies is split into the
part that goes with these periods and the rest; errors in the first count `emphasis` times. Weights
are taken by the optimal brain surgeon under that measure (`accel.compression.surgeon`), so that
those which stay carry the periods on. Kernels of convolutions are pruned by magnitude.
"""

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from accel.compression.method import Changed, Method
from accel.compression.methods.magnitude import largest, schedule
from accel.forecasters.formats import Positive
from hw.errors import ChronogateError

if TYPE_CHECKING:
    from accel.compression.kernels import Variables
    from accel.compression.lesson import Lesson
    from accel.qkeras_compat import keras

WINDOWS = 4096
"""Most training windows of which the products are measured."""


class Season(Method):
    """``method = "season"``.

    Parameters
    ----------
    sparsity
        Share of each kernel that is 0 in the end.
    periods
        How many dominant periods count, none longer than the look-back.
    emphasis
        How many times errors at these periods count; 1 treats all alike.
    steps, epochs, learning_rate
        As those of `magnitude`.
    """

    method: Literal["season"]
    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.5
    periods: Positive = 2
    emphasis: Annotated[float, Field(gt=0)] = 4.0
    steps: Positive = 3
    epochs: Annotated[int, Field(ge=0)] = 5
    learning_rate: Annotated[float, Field(gt=0)] = 0.002

    def apply(self, model: "keras.Model", lesson: "Lesson") -> Changed:
        from accel.compression.kernels import assign
        from accel.compression.periods import dominant_periods

        periods = dominant_periods(lesson.series, self.periods, lesson.shape.look_back)
        if not periods:
            raise ChronogateError(
                f"compress method 'season' finds no period of {lesson.shape.look_back} steps or "
                "fewer in the training rows: raise forecast.look_back, or use 'magnitude'"
            )
        for share in schedule(self.sparsity, self.steps):
            values, masks = self._pruned(model, lesson, periods, share)
            assign(model, values)
            lesson.prune(model, masks)
            lesson.train_on(model, self.epochs, self.learning_rate)
        return Changed(model, {"periods": [round(period, 2) for period in periods]})

    def _pruned(
        self, model: "keras.Model", lesson: "Lesson", periods: tuple[float, ...], share: float
    ) -> tuple["Variables", "Variables"]:
        """Return new values of kernels, and where all kernels are kept."""
        from accel.compression.kernels import kernels
        from accel.compression.layer_inputs import layer_inputs
        from accel.compression.surgeon import pruned

        masks = {name: largest(array, share) for name, array in kernels(model).items()}
        values: Variables = {}
        for weight, given in layer_inputs(model, lesson.some(WINDOWS)):
            array = weight.variable.numpy().astype(np.float64)
            gone = lesson.masks.get(weight.key, np.ones(array.shape)) == 0
            hessian = measure(given.rows, given.times, periods, self.emphasis)
            zeros = max(round(share * array.size), int(gone.sum()))
            values[weight.key], masks[weight.key] = pruned(array, hessian, zeros, gone)
        return values, masks


def measure(
    rows: np.ndarray, times: np.ndarray, periods: tuple[float, ...], emphasis: float
) -> np.ndarray:
    """Return the mean products ``(D, D)`` of rows, those of their seasonal part weighted."""
    from accel.compression.periods import seasonal_part

    season = seasonal_part(rows, times, periods)
    rest = rows - season
    return (rest.T @ rest + emphasis * (season.T @ season)) / len(rows)


METHOD = Season
