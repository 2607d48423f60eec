"""`Operations` in NumPy's float64, to check a lowering without any tool."""

from collections.abc import Sequence

import numpy as np

from hw.number.fixed_point import FixedPoint

Array = np.ndarray


class NumpyOperations:
    """Computes at once what the formats compute later."""

    def weights(self, codes: Array, format: FixedPoint) -> Array:
        """Return a constant of quantized weights."""
        return format.to_float(codes)

    def constant(self, values: Array) -> Array:
        """Return a constant."""
        return values

    def matmul(self, x: Array, kernel: Array) -> Array:
        """Return ``x . kernel``."""
        return x @ kernel

    def add(self, a: Array, b: Array) -> Array:
        """Return ``a + b``."""
        return a + b

    def multiply(self, a: Array, b: Array) -> Array:
        """Return ``a * b``."""
        return a * b

    def divide(self, x: Array, divisor: int) -> Array:
        """Return ``x / divisor``."""
        return x / divisor

    def clip(self, x: Array, low: float | None, high: float | None) -> Array:
        """Return `x` within bounds."""
        return np.clip(x, low, high)

    def quantize(self, x: Array, source: FixedPoint, target: FixedPoint, where: str) -> Array:
        """Return `x` brought into the format `target`."""
        return target.to_float(target.quantize(x))

    def stairs(self, x: Array, thresholds: Array, values: Array, where: str) -> Array:
        """Return ``values[k]`` where k of `thresholds` are at most `x`."""
        return values[np.searchsorted(thresholds, x, side="right")]

    def concatenate(self, parts: Sequence[Array], axis: int) -> Array:
        """Join along an axis."""
        return np.concatenate(parts, axis)

    def take(self, x: Array, places: Array, axis: int) -> Array:
        """Return the elements at `places`."""
        return np.take(x, places, axis)

    def pad_steps(self, x: Array, before: int, after: int) -> Array:
        """Add steps of zeros."""
        return np.pad(x, ((0, 0), (before, after), (0, 0)))

    def reshape(self, x: Array, shape: tuple[int, ...]) -> Array:
        """Give every window another shape."""
        return x.reshape(-1, *shape)

    def total(self, x: Array, axis: int) -> Array:
        """Sum over an axis."""
        return x.sum(axis)

    def largest(self, x: Array, axis: int) -> Array:
        """Return the largest over an axis."""
        return x.max(axis)
