"""Tensor train: a dense layer becomes two small ones between which the values change their order.

A kernel from ``m1 * m2`` inputs to ``n1 * n2`` outputs is reordered to ``(m1 n1, m2 n2)`` and cut
by its singular values (Oseledets, 2011; Novikov et al., arXiv:1509.06569, with two cores). The
first core takes each of the ``m1`` rows of ``m2`` inputs, the second the sums over them; between
and behind them lie only reshapes and permutations, which are exact.
"""

from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from accel.compression.method import Changed, Method
from accel.forecasters.formats import Positive
from hw.errors import ChronogateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from accel.compression.kernels import Weight
    from accel.compression.lesson import Lesson
    from accel.qkeras_compat import keras, tf


class TensorTrain(Method):
    """``method = "tensor_train"``.

    Parameters
    ----------
    rank
        Of the train.
    layers
        Dense layers to take; without, all on flat windows that get smaller.
    bits
        Of the values between.
    epochs, learning_rate
        Of the training behind it.
    """

    method: Literal["tensor_train"]
    rank: Positive = 2
    layers: Annotated[tuple[str, ...], Field(strict=False)] = ()
    bits: Annotated[int, Field(ge=2, le=16)] = 8
    epochs: Annotated[int, Field(ge=0)] = 5
    learning_rate: Annotated[float, Field(gt=0)] = 0.002

    def apply(self, model: "keras.Model", lesson: "Lesson") -> Changed:
        from accel.compression.dense_parts import chosen, rows_of
        from accel.compression.rebuild import rebuilt

        weights = chosen(model, self.layers, self._smaller, self.method, self.rank)
        rows = rows_of(model, lesson)
        builds: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {}
        notes: dict[str, object] = {}
        for weight in weights:
            name, values = weight.layer.name, weight.values.astype(np.float64)
            if len(weight.layer.input_shape) != 2:
                raise ChronogateError(
                    f"compress method 'tensor_train': {name!r} works on each time step or channel: "
                    "leave it out of layers, or use 'low_rank'"
                )
            train = cut(values, self.rank)
            builds[name] = self._build(weight, train, rows[weight.key])
            lesson.masks.pop(weight.key, None)  # of a kernel that is no more
            notes[name] = {"inputs": train.inputs, "outputs": train.outputs, "rank": train.rank}
        model = rebuilt(model, {}, builds)
        lesson.train_on(model, self.epochs, self.learning_rate)
        return Changed(model, notes)

    def _smaller(self, weight: "Weight") -> bool:
        (n_in, n_out), flat = weight.shape, len(weight.layer.input_shape) == 2
        m, n = factored(n_in), factored(n_out)
        return flat and self.rank * (m[1] * n[1] + m[0] * n[0]) < n_in * n_out

    def _build(
        self, weight: "Weight", train: "Train", rows: np.ndarray
    ) -> "Callable[[tf.Tensor], tf.Tensor]":
        from accel.compression.dense_parts import bias_of, dense_like, set_dense, value_quantizer
        from accel.forecasters.layer_names import CORES
        from accel.qkeras_compat import keras, qkeras

        layers, layer, name = keras.layers, weight.layer, weight.layer.name
        (m1, m2), n2, rank = train.inputs, train.outputs[1], train.rank
        bias = bias_of(layer)
        inner, outer = (None, None) if bias is None else train.biases(bias)
        seen = rows.reshape(-1, m2) @ train.second + (0.0 if inner is None else inner)
        between = value_quantizer(seen, self.bits)

        def built(values: "tf.Tensor") -> "tf.Tensor":
            values = layers.Reshape((m1, m2), name=f"{name}_rows")(values)
            one = dense_like(layer, train.second, inner, name + CORES[0])
            values = qkeras.QActivation(between, name=f"{name}_train")(one(values))
            values = layers.Permute((2, 1), name=f"{name}_turned")(values)
            values = layers.Reshape((n2, rank * m1), name=f"{name}_sums")(values)
            two = dense_like(layer, train.first, outer, name + CORES[1])
            values = layers.Permute((2, 1), name=f"{name}_back")(two(values))
            set_dense(one, train.second, inner)
            set_dense(two, train.first, outer)
            return layers.Flatten(name=f"{name}_flat")(values)

        return built


@dataclass(frozen=True, eq=False)
class Train:
    """Two cores of a kernel ``(m1 * m2, n1 * n2)``.

    Parameters
    ----------
    inputs, outputs, rank
        ``(m1, m2)``, ``(n1, n2)`` and what joins them.
    second
        ``(m2, n2 * rank)``: what the first layer multiplies by.
    first
        ``(rank * m1, n1)``: what the second does.
    """

    inputs: tuple[int, int]
    outputs: tuple[int, int]
    rank: int
    second: np.ndarray
    first: np.ndarray

    @property
    def kernel(self) -> np.ndarray:
        """The kernel that the two cores make."""
        (m1, m2), (n1, n2) = self.inputs, self.outputs
        second = self.second.reshape(m2, n2, self.rank)
        first = self.first.reshape(self.rank, m1, n1)
        return np.einsum("bdr,rac->abcd", second, first).reshape(m1 * m2, n1 * n2)

    def biases(self, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return biases ``(n2 * rank,)`` and ``(n1,)`` that come close to one of each output.

        The first layer's reach an output through all rows of the second core; theirs are the least
        of all that come closest.
        """
        (m1, _), (n1, n2) = self.inputs, self.outputs
        through = self.first.reshape(self.rank, m1, n1).sum(axis=1).T
        of_unit = np.kron(through, np.eye(n2)).reshape(n1 * n2, self.rank * n2)
        of_row = np.repeat(np.eye(n1), n2, axis=0)
        found = np.linalg.lstsq(np.concatenate([of_unit, of_row], axis=1), bias, rcond=None)[0]
        inner = found[: self.rank * n2].reshape(self.rank, n2).T
        return inner.reshape(-1), found[self.rank * n2 :]


def cut(weights: np.ndarray, rank: int) -> Train:
    """Return the train of that rank that comes closest to a kernel."""
    (m1, m2), (n1, n2) = factored(len(weights)), factored(weights.shape[1])
    table = weights.reshape(m1, m2, n1, n2).transpose(0, 2, 1, 3).reshape(m1 * n1, m2 * n2)
    left, values, right = np.linalg.svd(table, full_matrices=False)
    rank = min(rank, len(values))
    root = np.sqrt(values[:rank])
    first = (left[:, :rank] * root).reshape(m1, n1, rank).transpose(2, 0, 1)
    second = (right[:rank] * root[:, None]).reshape(rank, m2, n2).transpose(1, 2, 0)
    return Train(
        (m1, m2), (n1, n2), rank, second.reshape(m2, n2 * rank), first.reshape(rank * m1, n1)
    )


def factored(size: int) -> tuple[int, int]:
    """Return the two factors of a number that lie closest together, the smaller first."""
    small = next(n for n in range(isqrt(size), 0, -1) if size % n == 0)
    return small, size // small


METHOD = TensorTrain
