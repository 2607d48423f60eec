"""Dense: ``y = x . kernel + bias``, folded (Keras ``Dense``, QKeras ``QDense``).

The output keeps every bit; a quantizer is a node of its own.
"""

from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from hw.errors import ChronogateError
from hw.layer.dense.dense_block import DenseBlock
from hw.layer.dense.sparse_dense_block import SparseDenseBlock
from hw.number.fixed_point import FixedPoint
from hw.product.folded import (
    ArrayPlan,
    Program,
    exact_matmul,
    extreme_kernel,
    kept,
    lanes_for,
    plain_programs,
    product_sum_format,
    sparse_programs,
    sum_bounds,
)
from hw.product.model_store import (
    MODELS,
    ModelTable,
    array_tables,
    check_codes,
)
from hw.product.sparse import SparsePlan
from hw.product.sparse_columns import sparse_columns
from hw.product.storage import Storage
from hw.stream import Block, Port
from hw.timing import BlockTiming


@dataclass(frozen=True, eq=False)
class Dense:
    """A fully connected layer.

    Parameters
    ----------
    kernel
        int64 codes ``(n_in, n_out)``.
    bias
        int64 codes ``(n_out,)``.
    input, kernel_format, bias_format
        Number formats.
    reuse
        Cycles for one input beat; ``ceil(n_in * n_out / reuse)`` multipliers, where inputs and
        outputs without any weight do not count.
    steps
        Beats in a window, or ``None`` for one.
    series
        Independent series that share the hardware.
    skip_zeros
        Leave zero weights out: ``ceil(nonzero / reuse)`` multipliers, each with a multiplexer for
        its operands (`hw.product.sparse`), so worth it for kernels with many zeros.
    few_operands
        Where zeros are skipped: lanes that share an output and its adder tree and so need few
        operands each (`hw.product.sparse_columns`). About half the LUTs of lanes that work alone
        where half of the weights are zero, for some more multipliers, because an output takes
        whole cycles.
    storage
        Where the weights lie.
    reloadable
        Let a host replace kernel and bias at run time (`hw.product.reloadable`) by any others of
        their formats. The output is as wide as the worst of them needs.

    Raises
    ------
    ChronogateError
        When a reloadable layer skips zeros, or a code lies outside its format.
    """

    kernel: np.ndarray
    bias: np.ndarray
    input: FixedPoint
    kernel_format: FixedPoint
    bias_format: FixedPoint
    reuse: int
    steps: int | None = None
    series: int = 1
    skip_zeros: bool = False
    storage: Storage = Storage.AUTO
    few_operands: bool = False
    reloadable: bool = False

    def __post_init__(self) -> None:
        if not self.reloadable:
            return
        if self.skip_zeros:
            raise ChronogateError(
                "a dense layer that skips zero weights cannot be reloadable, because the zeros "
                "are wired in: leave out skip_zeros or reloadable"
            )
        check_codes("dense layer", self.kernel, self.kernel_format, "weight")
        check_codes("dense layer", self.bias, self.bias_format, "bias")

    def folded_to(self, cycles: int) -> "Dense":
        """Return the layer with the fewest multipliers that takes a beat every `cycles` cycles."""
        products = self.products
        if self.skip_zeros and self.few_operands:
            return replace(self, reuse=min(max(cycles, 1), max(products, 1)))
        multipliers = max(-(-products // max(cycles, 1)), 1)
        # The same multipliers are done earlier with the smallest reuse factor that needs them.
        return replace(self, reuse=max(-(-products // multipliers), 1))

    @property
    def products(self) -> int:
        """Products for one beat."""
        return self.sparse.products if self.skip_zeros else self.compact.size

    @property
    def shift(self) -> int:
        """Places by which products lie left of the output's binary point."""
        return self.output.fraction - self.input.fraction - self.kernel_format.fraction

    @cached_property
    def sparse(self) -> SparsePlan:
        """The multipliers where zeros are skipped."""
        return SparsePlan(self.kernel, self.kernel_format, self.reuse, self.storage)

    @cached_property
    def used_inputs(self) -> np.ndarray:
        """Inputs that have a weight, ascending; one at least."""
        return kept(self.kernel, 1, self.reloadable)

    @cached_property
    def used_outputs(self) -> np.ndarray:
        """Outputs that have a weight, ascending, one at least; the others are their bias."""
        return kept(self.kernel, 0, self.reloadable)

    @property
    def compact(self) -> np.ndarray:
        """The kernel without rows and columns of zeros."""
        return self.kernel[np.ix_(self.used_inputs, self.used_outputs)]

    @property
    def in_columns(self) -> bool:
        """Tell whether columns of lanes do the product, rather than lanes that work alone."""
        return not self.skip_zeros or (self.few_operands and self.products > 0)

    @cached_property
    def program(self) -> Program:
        """The folded product of the columns, of the compact kernel."""
        kernel, formats = self.compact, (self.input, self.kernel_format, self.output)
        if self.skip_zeros:
            lanes = self._sparse_lanes(kernel)
            return sparse_programs((kernel,), *formats, lanes)[0]
        return plain_programs((kernel,), *formats, lanes_for(kernel.size, self.reuse))[0]

    def _sparse_lanes(self, kernel: np.ndarray) -> int:
        """Return the fewest lanes in columns that are done in `reuse` cycles."""

        def is_done(lanes: int) -> bool:
            (columns,) = sparse_columns((kernel,), lanes)
            return max(column.busy_cycles for column in columns) <= self.reuse

        least = lanes_for(self.products, self.reuse)
        # A lane for each product is done in one cycle.
        tried = range(least, self.products + 1)
        return tried[bisect_left(tried, True, hi=len(tried) - 1, key=is_done)]

    @cached_property
    def plan(self) -> ArrayPlan:
        """The multipliers."""
        return ArrayPlan(((self.program,),), self.storage, self.reloadable)

    @cached_property
    def output(self) -> FixedPoint:
        """The exact output format, by interval analysis over the input's whole range.

        It also holds every partial sum, each of which begins with the bias. A reloadable layer's
        covers all kernels and biases of their formats.
        """
        formats = self.input, self.kernel_format, self.bias_format
        if self.reloadable:
            return worst_format(len(self.kernel), *formats)
        return biased_format(self.kernel, self.bias, *formats)

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("i", self.kernel.shape[0], self.input, self.steps, self.series, self.models),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("o", self.kernel.shape[1], self.output, self.steps, self.series, self.models),)

    @property
    def models(self) -> int:
        """Models that the hardware keeps."""
        return MODELS if self.reloadable else 1

    @cached_property
    def model_tables(self) -> tuple[ModelTable, ...]:
        """The weights, and for each column of multipliers its biases."""
        biases = [
            ModelTable(
                f"bias{index}", self.bias[list(column.outputs), np.newaxis], self.bias_format
            )
            for index, column in enumerate(self.program.columns)
        ]
        return (*array_tables([self.plan]), *biases)

    @property
    def timing(self) -> BlockTiming:
        if not self.in_columns:
            sparse = self.sparse
            return BlockTiming(
                sparse.latency_cycles,
                self.reuse,
                sparse.multipliers,
                sparse.products,
                shifters=sparse.shifters,
            )
        plan = self.plan
        return BlockTiming(
            latency_cycles=plan.lead + self.program.busy_cycles + plan.sum_delay + 1,
            interval_cycles=self.reuse,
            multipliers=plan.multipliers,
            products=self.products,
            shifters=plan.shifters,
        )

    @property
    def aligned_bias(self) -> np.ndarray:
        """Bias codes on the output's grid, int64 ``(n_out,)``."""
        return self.bias << (self.output.fraction - self.bias_format.fraction)

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, [T,] n_in)`` to ``(N, [T,] n_out)``."""
        flat = codes.reshape(-1, codes.shape[-1])
        grid = product_sum_format(self.kernel, self.input, self.kernel_format)
        sums = exact_matmul(flat, self.kernel, grid) << self.shift
        return (sums + self.aligned_bias).reshape(*codes.shape[:-1], -1)

    def build(self) -> Block:
        return DenseBlock(self) if self.in_columns else SparseDenseBlock(self)


def biased_format(
    kernel: np.ndarray,
    bias: np.ndarray,
    source: FixedPoint,
    kernel_format: FixedPoint,
    bias_format: FixedPoint,
) -> FixedPoint:
    """Return the narrowest format of ``x . kernel + bias`` and of every partial sum."""
    product_fraction = source.fraction + kernel_format.fraction
    fraction = max(product_fraction, bias_format.fraction)
    offset = bias.astype(object) << (fraction - bias_format.fraction)
    low, high = sum_bounds(kernel, source)
    scale = fraction - product_fraction
    ends = (low << scale) + offset, (high << scale) + offset
    return FixedPoint.covering(int(ends[0].min()), int(ends[1].max()), fraction)


def worst_format(
    n_in: int, source: FixedPoint, kernel_format: FixedPoint, bias_format: FixedPoint
) -> FixedPoint:
    """Return what `biased_format` does for the worst of all kernels and biases of their formats."""
    kernel = np.tile(extreme_kernel(n_in, kernel_format), 2)
    bias = np.repeat([bias_format.minimum, bias_format.maximum], 2)
    return biased_format(kernel, bias, source, kernel_format, bias_format)
