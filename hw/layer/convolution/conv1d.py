"""Conv1D: a dense product over the receptive field of every output step (Keras ``Conv1D``).

``y[j, f] = bias[f] + sum over i, c of x[j * stride + i * dilation - before, c] * kernel[i, c, f]``
with zeros outside the window (QKeras ``QConv1D``, channels last, one group). Only the receptive
field is kept. The output keeps every bit; a quantizer is a node of its own.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import wiring

from hw.layer.convolution.carrier import with_model
from hw.layer.convolution.receptive_field import Padding, ReceptiveField
from hw.layer.convolution.receptive_field_block import taps_block
from hw.layer.dense.dense import Dense
from hw.layer.series_state import state_cycles
from hw.number.fixed_point import FixedPoint
from hw.product.model_store import ModelTable, store_members, tables_of
from hw.product.storage import Storage
from hw.stream import Block, Port
from hw.timing import BlockTiming


@dataclass(frozen=True, eq=False)
class Conv1D:
    """A convolution over time.

    Parameters
    ----------
    kernel
        int64 codes ``(taps, n_in, filters)``.
    bias
        int64 codes ``(filters,)``.
    input, kernel_format, bias_format
        Number formats.
    steps
        Beats in a window.
    reuse
        Cycles for one output step; ``ceil(taps * n_in * filters / reuse)`` multipliers. Input
        beats may come `stride` times as fast.
    padding
        What surrounds a window.
    stride, dilation
        Input steps between two output steps, and between two taps.
    pace
        Fewest cycles between two beats of the burst that follows a window's end (`Padding.SAME`),
        where the next block is slower than this one.
    skip_zeros
        Leave zero weights out: ``ceil(nonzero / reuse)`` multipliers
        (`hw.layer.dense.dense.Dense`).
    storage
        Where the weights lie.
    few_operands
        Where zeros are skipped: fewer LUTs, some more multipliers (`hw.layer.dense.dense.Dense`).
    reloadable
        Let a host replace kernel and bias at run time, as of `hw.layer.dense.dense.Dense`.
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
    skip_zeros: bool = False
    storage: Storage = Storage.AUTO
    few_operands: bool = False
    reloadable: bool = False
    series: int = 1

    def __post_init__(self) -> None:
        _ = self.dense  # Refuses what is not possible.
        self.field.check_series(self.series)

    def folded_to(self, cycles: int) -> Self:
        """Return the layer with the fewest multipliers that takes a beat every `cycles` cycles."""
        field = self.field.folded_to(max(cycles, 1), self.dense.products, self.series)
        return replace(self, reuse=field.reuse, pace=field.pace)

    @cached_property
    def field(self) -> ReceptiveField:
        """What each output step sees."""
        return ReceptiveField.padded(
            self.padding,
            self.steps,
            self.kernel.shape[0],
            self.dilation,
            self.stride,
            self.reuse,
            self.pace,
        )

    @cached_property
    def dense(self) -> Dense:
        """The product over all taps."""
        return Dense(
            self.kernel.reshape(-1, self.kernel.shape[2]),
            self.bias,
            self.input,
            self.kernel_format,
            self.bias_format,
            self.reuse,
            self.field.outputs,
            self.series,
            skip_zeros=self.skip_zeros,
            storage=self.storage,
            few_operands=self.few_operands,
            reloadable=self.reloadable,
        )

    @property
    def model_tables(self) -> tuple[ModelTable, ...]:
        """Those of the product."""
        return self.dense.model_tables

    @property
    def output(self) -> FixedPoint:
        """The exact output format."""
        return self.dense.output

    @property
    def inputs(self) -> tuple[Port, ...]:
        port = Port("i", self.kernel.shape[1], self.input, self.steps, self.series)
        return (with_model(port) if self.reloadable else port,)

    @property
    def outputs(self) -> tuple[Port, ...]:
        port = Port("o", self.kernel.shape[2], self.output, self.field.outputs, self.series)
        return (with_model(port) if self.reloadable else port,)

    @property
    def timing(self) -> BlockTiming:
        return replace(
            self.dense.timing,
            latency_cycles=self.dense.timing.latency_cycles + state_cycles(self.series),
            interval_cycles=self.field.beats_apart(self.series),
            products=self.dense.products * self.field.outputs / self.steps,
            emission=self.field.emission,
        )

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, T, n_in)`` to ``(N, T_out, filters)``."""
        taps = self.field.gather(codes)
        return self.dense.reference(taps.reshape(*taps.shape[:2], -1))

    def build(self) -> Block:
        return Conv1DBlock(self)


class Conv1DBlock(Block):
    """`Conv1D` in hardware: the receptive field in front of a dense layer."""

    def __init__(self, spec: Conv1D) -> None:
        super().__init__(spec.inputs, spec.outputs, store_members(tables_of(spec)))
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.field = field = taps_block(self._spec.field, self._spec.inputs[0])
        m.submodules.dense = dense = self._spec.dense.build()
        if self._spec.reloadable:
            m.d.comb += [
                dense.model_target.eq(self.model_target),
                self.model_settled.eq(dense.model_settled),
            ]
            wiring.connect(m, wiring.flipped(self.model_port), dense.model_port)
        m.d.comb += [
            field.i.valid.eq(self.i.valid),
            field.i.payload.eq(self.i.payload),
            dense.i.valid.eq(field.o.valid),
            dense.i.payload.eq(field.o.payload),
            self.o.valid.eq(dense.o.valid),
            self.o.payload.eq(dense.o.payload),
        ]
        return m
