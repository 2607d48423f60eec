"""Low rank: each trained dense layer becomes two with few values between them, then all learn on.

By the singular values of the kernel, or by reduced-rank regression: the directions in which what
the layer gives varies most on training windows (Izenman, 1975), which matters where inputs go
together, as neighbouring time steps do.
"""

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from accel.compression.method import Changed, Method
from accel.forecasters.formats import Positive

if TYPE_CHECKING:
    from accel.compression.kernels import Weight
    from accel.compression.lesson import Lesson
    from accel.qkeras_compat import keras


class LowRank(Method):
    """``method = "low_rank"``.

    Parameters
    ----------
    rank
        Values between the two layers.
    by
        ``"regression"`` or ``"svd"``.
    layers
        Dense layers to take; without, all that get smaller.
    bits
        Of the values between.
    epochs, learning_rate
        Of the training behind it.
    """

    method: Literal["low_rank"]
    rank: Positive = 4
    by: Literal["regression", "svd"] = "regression"
    layers: Annotated[tuple[str, ...], Field(strict=False)] = ()
    bits: Annotated[int, Field(ge=2, le=16)] = 8
    epochs: Annotated[int, Field(ge=0)] = 5
    learning_rate: Annotated[float, Field(gt=0)] = 0.002

    def apply(self, model: "keras.Model", lesson: "Lesson") -> Changed:
        from accel.compression.dense_parts import chosen, factorised, rows_of

        weights = chosen(model, self.layers, self._smaller, self.method, self.rank)
        rows = rows_of(model, lesson)
        parts = {
            weight.layer.name: factors(
                weight.values.astype(np.float64), rows[weight.key], self.rank, self.by
            )
            for weight in weights
        }
        lost = {
            weight.layer.name: lost_variance(
                weight.values, parts[weight.layer.name], rows[weight.key]
            )
            for weight in weights
        }
        model = factorised(model, parts, rows, self.bits, lesson)
        lesson.train_on(model, self.epochs, self.learning_rate)
        return Changed(model, {"ranks": {name: self.rank for name in parts}, "variance_lost": lost})

    def _smaller(self, weight: "Weight") -> bool:
        n_in, n_out = weight.shape
        return self.rank * (n_in + n_out) < n_in * n_out


def factors(
    weights: np.ndarray, rows: np.ndarray, rank: int, by: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return ``(D, rank)`` and ``(rank, units)`` whose product comes close to a kernel.

    The `rank` values between have the standard deviation 1 on `rows`.
    """
    rank = min(rank, *weights.shape)
    if by == "svd":
        left, values, right = np.linalg.svd(weights, full_matrices=False)
        first, second = left[:, :rank] * values[:rank], right[:rank]
    else:
        given = (rows - rows.mean(axis=0)) @ weights
        directions = np.linalg.eigh(given.T @ given)[1][:, ::-1][:, :rank]
        first, second = weights @ directions, directions.T
    spread = np.maximum((rows @ first).std(axis=0), 1e-9)
    return first / spread, second * spread[:, None]


def lost_variance(
    weights: np.ndarray, parts: tuple[np.ndarray, np.ndarray], rows: np.ndarray
) -> float:
    """Return the share of what a layer gives on `rows` that its two factors do not."""
    centred = rows - rows.mean(axis=0)
    given = centred @ weights
    return float(
        np.sum((given - centred @ parts[0] @ parts[1]) ** 2) / max(np.sum(given**2), 1e-12)
    )


METHOD = LowRank
