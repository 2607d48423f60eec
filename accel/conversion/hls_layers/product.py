"""Matrix-vector products by hls4ml's own ``nnet::dense``, whose types we give."""

from dataclasses import dataclass

import numpy as np
from hls4ml.backends import get_backend

from accel.conversion.hls_layers.code import Weight, cpp_type
from hw.number.fixed_point import FixedPoint

LATENCY_PRODUCTS = 4096
"""Vitis partitions no array further, so that larger kernels take hls4ml's strategy Resource."""


@dataclass(frozen=True, eq=False)
class Product:
    """``x . kernel + bias`` with every bit kept.

    Parameters
    ----------
    kernel
        int64 codes ``(n_in, n_out)``.
    kernel_format
        Their format.
    bias
        int64 codes ``(n_out,)`` on the grid of `bias_format`.
    bias_format
        Their format.
    total
        Format of the sum.
    reuse
        Cycles for one vector; hls4ml's strategy Resource takes the nearest that it supports.
    """

    kernel: np.ndarray
    kernel_format: FixedPoint
    bias: np.ndarray
    bias_format: FixedPoint
    total: FixedPoint
    reuse: int

    @property
    def folded(self) -> bool:
        """Whether hls4ml's strategy Resource is used."""
        return self.kernel.size > LATENCY_PRODUCTS

    @property
    def reuse_factor(self) -> int:
        """hls4ml's reuse factor."""
        if not self.folded:
            return min(self.reuse, self.kernel.size)
        backend = get_backend("Vitis")
        return backend.get_closest_reuse_factor(
            backend.get_valid_reuse_factors(*self.kernel.shape), self.reuse
        )

    def weights(self, kernel_name: str, bias_name: str) -> tuple[Weight, Weight]:
        """Return the arrays; strategy Resource wants the kernel transposed."""
        kernel = self.kernel.T if self.folded else self.kernel
        return (
            Weight(kernel_name, np.ascontiguousarray(kernel), self.kernel_format.plain()),
            Weight(bias_name, self.bias, self.bias_format.plain()),
        )

    def struct(self, name: str) -> str:
        """Return the C++ configuration of ``nnet::dense``."""
        n_in, n_out = self.kernel.shape
        reuse = self.reuse_factor
        zeros = int(np.count_nonzero(self.kernel == 0))
        multipliers = max(-(-self.kernel.size // reuse) - zeros // reuse, 1)
        strategy, kernel = "latency", "DenseLatency"
        if self.folded:
            strategy = "resource"
            kernel = f"DenseResource_rf_{'leq_nin' if reuse <= n_in else 'gt_nin_rem0'}"
        return (
            f"struct {name} : nnet::dense_config {{\n"
            f"    static const unsigned n_in = {n_in};\n"
            f"    static const unsigned n_out = {n_out};\n"
            f"    static const unsigned strategy = nnet::{strategy};\n"
            f"    static const unsigned reuse_factor = {reuse};\n"
            f"    static const unsigned n_zeros = {zeros};\n"
            f"    static const unsigned n_nonzeros = {self.kernel.size - zeros};\n"
            f"    static const unsigned multiplier_limit = {multipliers};\n"
            f"    typedef {cpp_type(self.total.plain())} accum_t;\n"
            f"    typedef {cpp_type(self.bias_format.plain())} bias_t;\n"
            f"    typedef {cpp_type(self.kernel_format.plain())} weight_t;\n"
            "    template <class data_T, class res_T, class CONFIG_T>\n"
            f"    using kernel = nnet::{kernel}<data_T, res_T, CONFIG_T>;\n"
            "    template <class x_T, class y_T>\n"
            "    using product = nnet::product::mult<x_T, y_T>;\n"
            "};\n"
        )
