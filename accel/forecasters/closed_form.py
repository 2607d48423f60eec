"""Ridge regression in closed form, its weights rounded so that errors make up for each other.

Rounding each weight to the nearest step adds the same error to every forecast, since neighbouring
time steps are nearly equal. So the weights are rounded one after the other, and what one is off
moves to those still to come, weighted by how the inputs vary together: the optimal brain surgeon's
update, in the order and by the Cholesky factor of GPTQ (Frantar et al., arXiv:2210.17323,
section 3.3).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from accel.forecasters.formats import Format

PENALTIES = tuple(10.0**k for k in range(-2, 6))
"""Ridge penalties tried on validation, for sums of squares over the training rows."""

_CHUNK = 4096  # rows brought to float64 at once


@dataclass(frozen=True, eq=False)
class Rows:
    """What a linear layer is fitted on.

    Parameters
    ----------
    inputs
        ``(rows, D)``.
    outputs
        ``(rows, O)``.
    mask
        bool, as `outputs`: True where the value was observed.
    """

    inputs: np.ndarray
    outputs: np.ndarray
    mask: np.ndarray


class Steps(Protocol):
    """A signed number format, by its step and its largest code."""

    @property
    def step(self) -> float:
        """What the last bit counts."""
        ...

    @property
    def largest_code(self) -> int:
        """The lowest is one further from 0."""
        ...


@dataclass(frozen=True)
class Grid:
    """Formats of a layer's kernel and bias."""

    kernel: Format
    bias: Format


@dataclass(frozen=True, eq=False)
class Linear:
    """Weights ``(D, O)`` and bias ``(O,)`` of a linear layer."""

    weights: np.ndarray
    bias: np.ndarray

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Return ``(rows, O)``."""
        return inputs @ self.weights + self.bias


@dataclass(frozen=True, eq=False)
class Moments:
    """Centred sums over the rows that have all their outputs."""

    gram: np.ndarray
    moment: np.ndarray
    input_mean: np.ndarray
    output_mean: np.ndarray

    def ridge(self, penalty: float | np.ndarray) -> np.ndarray:
        """Return weights ``(D, O)``; the intercept is not penalized."""
        return np.linalg.solve(self.penalized(penalty), self.moment)

    def penalized(self, penalty: float | np.ndarray) -> np.ndarray:
        """Return the matrix of the penalized squares, with one penalty or one of each input."""
        return self.gram + penalty * np.eye(len(self.gram))

    def with_bias(self, weights: np.ndarray, bias: Format | None) -> Linear:
        """Return the layer whose bias takes the mean of the outputs."""
        offset = self.output_mean - self.input_mean @ weights
        return Linear(weights, offset if bias is None else rounded(offset, bias))


def moments(rows: Rows, weights: np.ndarray | None = None) -> Moments:
    """Return the sums that every fit needs.

    Parameters
    ----------
    weights
        How much each row counts ``(rows,)``; all alike without it.
    """
    whole = rows.mask.all(axis=1)
    inputs, outputs = rows.inputs[whole], rows.outputs[whole]
    counts = np.ones(len(inputs)) if weights is None else weights[whole]
    input_mean = counts @ inputs / counts.sum()
    output_mean = counts @ outputs / counts.sum()
    gram = np.zeros((len(input_mean), len(input_mean)))
    moment = np.zeros((len(input_mean), len(output_mean)))
    for part in _chunks(len(inputs)):
        centred = inputs[part] - input_mean
        counted = centred * counts[part, None]
        gram += counted.T @ centred
        moment += counted.T @ (outputs[part] - output_mean)
    return Moments(gram, moment, input_mean, output_mean)


def fit_linear(
    train: Rows,
    validation: Rows,
    grid: Grid | None,
    penalties: tuple[float, ...] = PENALTIES,
    last: float | None = None,
) -> Linear:
    """Return the ridge regression whose penalty does best on validation, as it is stored.

    Parameters
    ----------
    grid
        Where weights and bias must lie; ``None`` leaves them as they are.
    last
        The penalty of the last input, where that has one of its own.
    """
    sums = moments(train)

    def solved(penalty: float) -> Linear:
        each = np.full(len(sums.gram), penalty)
        if last is not None:
            each[-1] = last
        weights = sums.ridge(each)
        if grid is None:
            return sums.with_bias(weights, None)
        return sums.with_bias(
            rounded_together(weights, sums.penalized(each), grid.kernel), grid.bias
        )

    def error(linear: Linear) -> float:
        errors = (linear.predict(validation.inputs) - validation.outputs)[validation.mask]
        return float(np.mean(errors**2))

    return min((solved(penalty) for penalty in penalties), key=error)


def low_rank(train: Rows, rank: int, penalty: float, kernel: Format | None) -> np.ndarray:
    """Return the first factor ``(D, rank)`` of the best ridge regression of that rank.

    Reduced-rank regression: the weights, projected on the directions in which their forecasts
    vary most. Its columns are scaled so that the `rank` values between have standard deviation 1,
    and rounded together to the format `kernel`, if there is one.
    """
    sums = moments(train)
    weights = sums.ridge(penalty)
    _, directions = np.linalg.eigh(weights.T @ sums.gram @ weights)
    first = weights @ directions[:, ::-1][:, :rank]
    spread = np.sqrt(np.einsum("ir,ij,jr->r", first, sums.gram, first) / max(1, len(train.inputs)))
    factor = first / np.maximum(spread, 1e-9)
    if kernel is None:
        return factor
    return rounded_together(factor, sums.penalized(penalty), kernel)


def rounded(values: np.ndarray, number: Steps) -> np.ndarray:
    """Return the nearest values of a format, ties to even."""
    codes = np.rint(values / number.step)
    return np.clip(codes, -number.largest_code - 1, number.largest_code) * number.step


def rounded_together(weights: np.ndarray, hessian: np.ndarray, number: Steps) -> np.ndarray:
    """Round weights so that the squared error of their product grows least.

    Parameters
    ----------
    weights
        ``(D, O)``.
    hessian
        Positive definite ``(D, D)``: the sums of products of the inputs.
    """
    order = np.argsort(-np.diag(hessian))  # the most important first: the others can still move
    inverse = np.linalg.inv(hessian[np.ix_(order, order)])
    factor = np.linalg.cholesky((inverse + inverse.T) / 2).T
    left = weights[order].copy()
    found = np.empty_like(left)
    for row in range(len(left)):
        found[row] = rounded(left[row], number)
        error = (left[row] - found[row]) / factor[row, row]
        left[row + 1 :] -= np.outer(factor[row, row + 1 :], error)
    result = np.empty_like(found)
    result[order] = found
    return result


def _chunks(count: int) -> Iterator[slice]:
    for start in range(0, count, _CHUNK):
        yield slice(start, min(start + _CHUNK, count))
