"""DepthwiseConv1D: every channel has kernels of its own (Keras ``DepthwiseConv1D``).

``y[j, c * M + m] = bias[c * M + m] + sum over i of x[j * stride + i * dilation - before, c] *
kernel[i, c, m]``. With a `hw.layer.convolution.conv1d.Conv1D` of one tap behind it, this is
QKeras's ``QSeparableConv1D``. The output keeps every bit. The hardware is in
`hw.layer.convolution.depthwise_conv1d_block`.

The products are walked through channel by channel and tap by tap, ``lanes`` in a cycle, so any
reuse factor R takes exactly ``ceil(products / R)`` multipliers: groups of one multiplier per tap
finish a channel in every cycle, and one group with the remaining multipliers takes what is left.
Without zeros channels differ in length, so there `Conv1D` does the products, of a kernel that has
zeros between channels, too.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil
from typing import Self

import numpy as np

from hw.errors import ChronogateError
from hw.layer.convolution.carrier import with_model
from hw.layer.convolution.conv1d import Conv1D
from hw.layer.convolution.depthwise_conv1d_block import DepthwiseConv1DBlock
from hw.layer.convolution.lanes import Lanes
from hw.layer.convolution.receptive_field import Padding, ReceptiveField
from hw.layer.dense.dense import biased_format, worst_format
from hw.layer.series_state import state_cycles
from hw.number.fixed_point import FixedPoint
from hw.product.folded import extreme_kernel, product_sum_format
from hw.product.model_store import ModelTable, check_codes
from hw.product.storage import Storage
from hw.product.weight_code import PlainCode, WeightCode, weight_code
from hw.stream import Block, Port
from hw.timing import BlockTiming


@dataclass(frozen=True, eq=False)
class DepthwiseConv1D:
    """A convolution over time that does not mix channels.

    Parameters
    ----------
    kernel
        int64 codes ``(taps, channels, multiplier)``.
    bias
        int64 codes ``(channels * multiplier,)``.
    input, kernel_format, bias_format
        Number formats.
    steps
        Beats in a window.
    reuse
        Cycles for one output step; ``ceil(kernel.size / reuse)`` multipliers. Input beats may
        come `stride` times as fast.
    padding
        What surrounds a window.
    stride, dilation
        Input steps between two output steps, and between two taps.
    pace
        Fewest cycles between two beats of the burst that follows a window's end (`Padding.SAME`),
        where the next block is slower than this one.
    skip_zeros
        Leave zero weights out: ``ceil(nonzero / reuse)`` multipliers, each with a multiplexer for
        its operands (`hw.layer.dense.dense.Dense`).
    storage
        Where the weights lie.
    few_operands
        Where zeros are skipped: fewer LUTs, some more multipliers (`hw.layer.dense.dense.Dense`).
    reloadable
        Let a host replace kernel and bias at run time, as of `hw.layer.dense.dense.Dense`.
    series
        Independent series that share the hardware.

    Raises
    ------
    ChronogateError
        When a reloadable layer skips zeros, a code of it lies outside its format, or the
        geometry is not possible (`hw.layer.convolution.receptive_field.ReceptiveField`).
    """

    kernel: np.ndarray
    bias: np.ndarray
    input: FixedPoint
    kernel_format: FixedPoint
    bias_format: FixedPoint
    steps: int
    reuse: int
    padding: Padding = Padding.VALID
    stride: int = 1
    dilation: int = 1
    pace: int = 1
    skip_zeros: bool = False
    storage: Storage = Storage.AUTO
    few_operands: bool = False
    reloadable: bool = False
    series: int = 1

    def __post_init__(self) -> None:
        self.field.check_series(self.series)  # The field refuses what is not possible.
        if not self.reloadable:
            return
        if self.skip_zeros:
            raise ChronogateError(
                "a depthwise convolution that skips zero weights cannot be reloadable, because "
                "the zeros are wired in: leave out skip_zeros or reloadable"
            )
        check_codes("depthwise convolution", self.kernel, self.kernel_format, "weight")
        check_codes("depthwise convolution", self.bias, self.bias_format, "bias")

    def folded_to(self, cycles: int) -> Self:
        """Return the layer with the fewest multipliers that takes a beat every `cycles` cycles."""
        field = self.field.folded_to(max(cycles, 1), max(self.products, 1), self.series)
        return replace(self, reuse=field.reuse, pace=field.pace)

    @property
    def products(self) -> int:
        """Products for one output step."""
        return int(np.count_nonzero(self.kernel)) if self.skip_zeros else self.kernel.size

    @cached_property
    def mixed(self) -> Conv1D:
        """The same convolution with a kernel for every pair of channels, most of them zeros."""
        kernel = np.zeros((self.taps, self.channels, self.filters), dtype=np.int64)
        outputs = np.arange(self.filters)
        kernel[:, outputs // self.kernel.shape[2], outputs] = self.flat_kernel
        return Conv1D(
            kernel,
            self.bias,
            self.input,
            self.kernel_format,
            self.bias_format,
            self.steps,
            self.reuse,
            self.padding,
            self.stride,
            self.dilation,
            self.pace,
            skip_zeros=True,
            storage=self.storage,
            few_operands=self.few_operands,
            series=self.series,
        )

    @cached_property
    def field(self) -> ReceptiveField:
        """What each output step sees."""
        return ReceptiveField.padded(
            self.padding,
            self.steps,
            self.taps,
            self.dilation,
            self.stride,
            self.reuse,
            self.pace,
        )

    @property
    def taps(self) -> int:
        return self.kernel.shape[0]

    @property
    def channels(self) -> int:
        return self.kernel.shape[1]

    @property
    def filters(self) -> int:
        """Output channels."""
        return self.kernel.shape[1] * self.kernel.shape[2]

    @property
    def flat_kernel(self) -> np.ndarray:
        """The kernel by output channel, int64 ``(taps, filters)``."""
        return self.kernel.reshape(self.taps, -1)

    @cached_property
    def groups(self) -> tuple[Lanes, ...]:
        """Multipliers and the output channels that they compute."""
        full, rest = divmod(ceil(self.kernel.size / self.reuse), self.taps)
        shares = [
            (self.taps, range(g * self.reuse, min((g + 1) * self.reuse, self.filters)))
            for g in range(full)
        ]
        shares.append((rest, range(full * self.reuse, self.filters)))
        return tuple(Lanes(lanes, self.taps, share) for lanes, share in shares if share)

    @cached_property
    def code(self) -> WeightCode:
        """How the weights are stored, and what multiplies by them."""
        if self.reloadable:
            return PlainCode(self.word_format.shape)
        lanes = sum(group.lanes for group in self.groups)
        padded = lanes * max(group.busy_cycles for group in self.groups) > self.kernel.size
        return weight_code([self.kernel], [self.kernel_format], padded)

    @property
    def word_format(self) -> FixedPoint:
        """What any weight of the kernel's format fits into: signed integers."""
        width = self.kernel_format.width + (not self.kernel_format.signed)
        return FixedPoint(width, width)

    @property
    def model_tables(self) -> tuple[ModelTable, ...]:
        """Of each group of multipliers the weights in the order of use, and the biases."""
        busy = max(group.busy_cycles for group in self.groups)
        tables: list[ModelTable] = []
        for index, group in enumerate(self.groups):
            rows = group.weights(self.flat_kernel)
            in_block_ram = self.storage.in_block_ram(busy, group.lanes * self.word_format.width)
            tables += [
                ModelTable(
                    f"weights{index}",
                    # Groups that are done earlier go on with zeros.
                    np.pad(rows, ((0, busy - len(rows)), (0, 0))),
                    self.word_format,
                    self.storage.attributes(in_block_ram, writable=True),
                ),
                ModelTable(
                    f"bias{index}", self.bias[list(group.filters), np.newaxis], self.bias_format
                ),
            ]
        return tuple(tables)

    @cached_property
    def output(self) -> FixedPoint:
        """The exact output format, by interval analysis over the input's whole range.

        A reloadable layer's covers all kernels and biases of their formats.
        """
        formats = self.input, self.kernel_format, self.bias_format
        if self.reloadable:
            return worst_format(self.taps, *formats)
        return biased_format(self.flat_kernel, self.bias, *formats)

    @property
    def product_fraction(self) -> int:
        """Fraction bits of a product."""
        return self.input.fraction + self.kernel_format.fraction

    @cached_property
    def sum_format(self) -> FixedPoint:
        """The narrowest format that holds every sum and partial sum of products."""
        kernel = self.flat_kernel
        if self.reloadable:
            kernel = extreme_kernel(self.taps, self.kernel_format)
        return product_sum_format(kernel, self.input, self.kernel_format)

    @property
    def aligned_bias(self) -> np.ndarray:
        """Bias codes on the output's grid, int64 ``(filters,)``."""
        return self.bias << (self.output.fraction - self.bias_format.fraction)

    @property
    def inputs(self) -> tuple[Port, ...]:
        port = Port("i", self.channels, self.input, self.steps, self.series)
        return (with_model(port) if self.reloadable else port,)

    @property
    def outputs(self) -> tuple[Port, ...]:
        port = Port("o", self.filters, self.output, self.field.outputs, self.series)
        return (with_model(port) if self.reloadable else port,)

    @property
    def timing(self) -> BlockTiming:
        if self.skip_zeros:
            return self.mixed.timing
        multipliers = sum(group.lanes for group in self.groups)
        return BlockTiming(
            latency_cycles=DepthwiseConv1DBlock.latency_cycles(self.groups)
            + state_cycles(self.series),
            interval_cycles=self.field.beats_apart(self.series),
            multipliers=multipliers,
            shifters=multipliers if self.code.is_shift else 0,
            products=self.products * self.field.outputs / self.steps,
            emission=self.field.emission,
        )

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, T, channels)`` to ``(N, T_out, channels * multiplier)``."""
        taps = self.field.gather(codes)[..., np.newaxis]
        sums = (taps * self.kernel).sum(axis=2).reshape(*taps.shape[:2], -1)
        return (sums << (self.output.fraction - self.product_fraction)) + self.aligned_bias

    def build(self) -> Block:
        return self.mixed.build() if self.skip_zeros else DepthwiseConv1DBlock(self)
