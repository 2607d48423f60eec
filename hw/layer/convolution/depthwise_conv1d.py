"""DepthwiseConv1D: every channel has kernels of its own (Keras ``DepthwiseConv1D``).

``y[j, c * M + m] = bias[c * M + m] + sum over i of x[j * stride + i * dilation - before, c] *
kernel[i, c, m]``. With a `hw.layer.convolution.conv1d.Conv1D` of one tap behind it, this is
QKeras's ``QSeparableConv1D``. The output keeps every bit. The hardware is in
`hw.layer.convolution.depthwise_conv1d_block`.

The products are walked through channel by channel and tap by tap, ``lanes`` in a cycle, so any
reuse factor R takes exactly ``ceil(products / R)`` multipliers: groups of one multiplier per tap
finish a channel in every cycle, and one group with the remaining multipliers takes what is left.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil
from typing import Self

import numpy as np

from hw.layer.convolution.depthwise_conv1d_block import DepthwiseConv1DBlock, Lanes
from hw.layer.convolution.receptive_field import Padding, ReceptiveField
from hw.layer.series_state import state_cycles
from hw.number.fixed_point import FixedPoint
from hw.product.folded import sum_bounds
from hw.product.storage import Storage
from hw.product.weight_code import WeightCode, weight_code
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
    storage
        Where the weights lie.
    series
        Independent series that share the hardware.
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
    storage: Storage = Storage.AUTO
    series: int = 1

    def __post_init__(self) -> None:
        self.field.check_series(self.series)  # The field refuses what is not possible.

    def folded_to(self, cycles: int) -> Self:
        """Return the layer with the fewest multipliers that takes a beat every `cycles` cycles."""
        field = self.field.folded_to(max(cycles, 1), self.kernel.size, self.series)
        return replace(self, reuse=field.reuse, pace=field.pace)

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
        lanes = sum(group.lanes for group in self.groups)
        padded = lanes * max(group.busy_cycles for group in self.groups) > self.kernel.size
        return weight_code([self.kernel], [self.kernel_format], padded)

    @cached_property
    def output(self) -> FixedPoint:
        """The exact output format, by interval analysis over the input's whole range."""
        low, high = sum_bounds(self.flat_kernel, self.input)
        fraction = max(self.product_fraction, self.bias_format.fraction)
        bias = self.bias.astype(object) << (fraction - self.bias_format.fraction)
        scale = fraction - self.product_fraction
        ends = ((low << scale) + bias).min(), ((high << scale) + bias).max()
        return FixedPoint.covering(int(ends[0]), int(ends[1]), fraction)

    @property
    def product_fraction(self) -> int:
        """Fraction bits of a product."""
        return self.input.fraction + self.kernel_format.fraction

    @cached_property
    def sum_format(self) -> FixedPoint:
        """The narrowest format that holds every sum and partial sum of products."""
        low, high = sum_bounds(self.flat_kernel, self.input)
        return FixedPoint.covering(int(low.min()), int(high.max()), self.product_fraction)

    @property
    def aligned_bias(self) -> np.ndarray:
        """Bias codes on the output's grid, int64 ``(filters,)``."""
        return self.bias << (self.output.fraction - self.bias_format.fraction)

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("i", self.channels, self.input, self.steps, self.series),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("o", self.filters, self.output, self.field.outputs, self.series),)

    @property
    def timing(self) -> BlockTiming:
        multipliers = sum(group.lanes for group in self.groups)
        return BlockTiming(
            latency_cycles=DepthwiseConv1DBlock.latency_cycles(self.groups)
            + state_cycles(self.series),
            interval_cycles=self.field.beats_apart(self.series),
            multipliers=multipliers,
            shifters=multipliers if self.code.is_shift else 0,
            products=self.kernel.size * self.field.outputs / self.steps,
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
        return DepthwiseConv1DBlock(self)
