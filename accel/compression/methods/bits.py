"""Bit widths by sensitivity: each kernel as few bits as the error on validation allows.

One kernel at a time is rounded to fewer bits and the error on validation measured. Then, from all
kernels at their own width, the step is taken again and again that costs least error for each bit it
saves, until the budget holds; the model learns on with the new widths.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from accel.compression.method import Changed, Method
from hw.errors import ChronogateError

if TYPE_CHECKING:
    from accel.compression.lesson import Lesson
    from accel.qkeras_compat import keras

Errors = dict[str, dict[int, float]]
"""By the name of a kernel and its bits, the error with that kernel alone so narrow."""


class Bits(Method):
    """``method = "bits"``.

    Parameters
    ----------
    budget
        Bits of a weight, on average over all kernel weights.
    fewest
        Bits of any kernel, at least.
    epochs, learning_rate
        Of the training behind it.
    """

    method: Literal["bits"]
    budget: Annotated[float, Field(ge=2, le=16)] = 5.0
    fewest: Annotated[int, Field(ge=2, le=16)] = 2
    epochs: Annotated[int, Field(ge=0)] = 5
    learning_rate: Annotated[float, Field(gt=0)] = 0.002

    def apply(self, model: "keras.Model", lesson: "Lesson") -> Changed:
        from accel.compression.grids import best_grid
        from accel.compression.kernels import weights_of
        from accel.compression.rebuild import regridded

        kernels = [(w, w.grid) for w in weights_of(model, frozen=True) if w.grid is not None]
        if self.fewest > self.budget:
            raise ChronogateError(
                f"compress method 'bits': fewest = {self.fewest} is above budget = "
                f"{self.budget:g}: lower fewest, or raise budget"
            )
        errors: Errors = {}
        for weight, grid in kernels:
            kept, values = weight.variable.numpy(), weight.stored
            errors[weight.key] = {grid.bits: lesson.error(model)}
            for bits in range(self.fewest, grid.bits):
                weight.set(best_grid(values, bits).rounded(values))
                errors[weight.key][bits] = lesson.error(model)
            weight.variable.assign(kept)
        sizes = {weight.key: weight.size for weight, _ in kernels}
        widths = allotted(errors, sizes, self.budget)
        grids = {
            weight.key: best_grid(weight.stored, widths[weight.key])
            for weight, grid in kernels
            if widths[weight.key] < grid.bits
        }
        model = regridded(model, grids)
        lesson.train_on(model, self.epochs, self.learning_rate)
        return Changed(model, {"bits": widths, "errors": errors})


def allotted(
    errors: Mapping[str, Mapping[int, float]], sizes: Mapping[str, int], budget: float
) -> dict[str, int]:
    """Return the bits of each kernel, `budget` or fewer on average if their fewest allow it.

    Parameters
    ----------
    errors
        By the name of a kernel and its bits.
    sizes
        Weights in each kernel.
    """
    widths = {key: max(found) for key, found in errors.items()}
    most = budget * sum(sizes.values())

    def price(key: str, bits: int) -> float:
        saved = (widths[key] - bits) * sizes[key]
        return (errors[key][bits] - errors[key][widths[key]]) / saved

    while sum(widths[key] * size for key, size in sizes.items()) > most:
        steps = [
            (price(key, bits), key, bits)
            for key, found in errors.items()
            for bits in found
            if bits < widths[key]
        ]
        if not steps:
            break
        _, key, bits = min(steps)
        widths[key] = bits
    return widths


METHOD = Bits
