"""One layer of a shared engine (`hw.layer.dense.shared_dense`): weights and the function behind."""

from dataclasses import dataclass

import numpy as np

from hw.function.pointwise import Pointwise
from hw.layer.dense.dense import biased_format, worst_format
from hw.number.fixed_point import FixedPoint
from hw.product.folded import exact_matmul, product_sum_format


@dataclass(frozen=True, eq=False)
class SharedLayer:
    """One dense layer: ``function(x . kernel + bias)``.

    Parameters
    ----------
    kernel
        int64 codes ``(n_in, n_out)``.
    bias
        int64 codes ``(n_out,)``.
    kernel_format, bias_format
        Number formats.
    function
        The activation or quantizer behind; ``None`` keeps every bit of the sums.
    """

    kernel: np.ndarray
    bias: np.ndarray
    kernel_format: FixedPoint
    bias_format: FixedPoint
    function: Pointwise | None = None

    def total(self, source: FixedPoint) -> FixedPoint:
        """Return the exact format of the sums for inputs of format `source`."""
        return biased_format(self.kernel, self.bias, source, self.kernel_format, self.bias_format)

    def worst_total(self, source: FixedPoint) -> FixedPoint:
        """Return the format that `total` could be at most, whatever weights and biases are."""
        return worst_format(len(self.kernel), source, self.kernel_format, self.bias_format)

    def result_format(self, total: FixedPoint) -> FixedPoint:
        """Return the format of the function of sums of format `total`."""
        return total if self.function is None else self.function.result_format(total)

    def delay_cycles(self, total: FixedPoint) -> int:
        """Return the cycles of the function of sums of format `total`."""
        return 0 if self.function is None else self.function.delay_cycles(total)

    def aligned_bias(self, total: FixedPoint) -> np.ndarray:
        """Return the bias codes on the grid of `total`, int64 ``(n_out,)``."""
        return self.bias << (total.fraction - self.bias_format.fraction)

    def apply(self, codes: np.ndarray, source: FixedPoint, total: FixedPoint) -> np.ndarray:
        """Map int64 codes ``(N, n_in)`` of format `source` to ``(N, n_out)``."""
        sums = self.sums(codes, source, total)
        return sums if self.function is None else self.function.apply(sums, total)

    def sums(self, codes: np.ndarray, source: FixedPoint, total: FixedPoint) -> np.ndarray:
        """Return the sums before the function, int64 ``(N, n_out)`` of format `total`."""
        grid = product_sum_format(self.kernel, source, self.kernel_format)
        sums = exact_matmul(codes, self.kernel, grid) << (total.fraction - grid.fraction)
        return sums + self.aligned_bias(total)
