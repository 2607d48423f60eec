"""What a format must be able to express: arithmetic on real numbers that lie on grids."""

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

import numpy as np

from hw.number.fixed_point import FixedPoint

V = TypeVar("V")
"""A tensor of the format, ``(N, [T,] C)``."""


class Operations(Protocol, Generic[V]):
    """Builds a graph, one operation a call; constants are float64 arrays."""

    def weights(self, codes: np.ndarray, format: FixedPoint) -> V:
        """Return a constant of quantized weights."""
        ...

    def constant(self, values: np.ndarray) -> V:
        """Return a constant."""
        ...

    def matmul(self, x: V, kernel: V) -> V:
        """Return ``x . kernel`` over the last axis of `x`."""
        ...

    def add(self, a: V, b: V) -> V:
        """Return ``a + b``, broadcast."""
        ...

    def multiply(self, a: V, b: V) -> V:
        """Return ``a * b``, broadcast."""
        ...

    def divide(self, x: V, divisor: int) -> V:
        """Return ``x / divisor``, rounded once to a float64."""
        ...

    def clip(self, x: V, low: float | None, high: float | None) -> V:
        """Return `x` within bounds."""
        ...

    def quantize(self, x: V, source: FixedPoint, target: FixedPoint, where: str) -> V:
        """Return `x`, on the grid `source`, brought into the format `target`."""
        ...

    def stairs(self, x: V, thresholds: np.ndarray, values: np.ndarray, where: str) -> V:
        """Return ``values[k]`` where k of the ascending `thresholds` are at most `x`."""
        ...

    def concatenate(self, parts: Sequence[V], axis: int) -> V:
        """Join along an axis, the batch being axis 0."""
        ...

    def take(self, x: V, places: np.ndarray, axis: int) -> V:
        """Return the elements at `places`, whose axes stand in the place of `axis`."""
        ...

    def pad_steps(self, x: V, before: int, after: int) -> V:
        """Add steps of zeros."""
        ...

    def reshape(self, x: V, shape: tuple[int, ...]) -> V:
        """Give every window another shape."""
        ...

    def total(self, x: V, axis: int) -> V:
        """Sum over an axis."""
        ...

    def largest(self, x: V, axis: int) -> V:
        """Return the largest over an axis."""
        ...
