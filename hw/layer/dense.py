"""Dense: ``y = x . kernel + bias``, folded (Keras ``Dense``, QKeras ``QDense``).

The output keeps every bit; a quantizer is a node of its own.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from amaranth.hdl import Array, Const, Module, Signal

from hw.number.fixed_point import FixedPoint
from hw.product.engine import ProductEngine
from hw.product.folded import FoldedProduct, sum_bounds
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
        Cycles for one input beat; ``ceil(n_in * n_out / reuse)`` multipliers.
    steps
        Beats in a window, or ``None`` for one.
    series
        Independent series that share the hardware.
    """

    kernel: np.ndarray
    bias: np.ndarray
    input: FixedPoint
    kernel_format: FixedPoint
    bias_format: FixedPoint
    reuse: int
    steps: int | None = None
    series: int = 1

    def folded_to(self, cycles: int) -> "Dense":
        """Return the layer with the fewest multipliers that takes a beat every `cycles` cycles."""
        products = self.kernel.size
        multipliers = -(-products // max(cycles, 1))
        # The same multipliers are done earlier with the smallest reuse factor that needs them.
        return replace(self, reuse=-(-products // multipliers))

    @cached_property
    def product(self) -> FoldedProduct:
        """The folded product inside."""
        return FoldedProduct(
            self.kernel[:, np.newaxis, :], self.input, self.kernel_format, self.reuse
        )

    @cached_property
    def output(self) -> FixedPoint:
        """The exact output format, by interval analysis over the input's whole range."""
        fraction = max(self.product.sum_format.fraction, self.bias_format.fraction)
        bias = self.bias.astype(object) << (fraction - self.bias_format.fraction)
        low, high = sum_bounds(self.kernel, self.input)
        scale = fraction - self.product.sum_format.fraction
        ends = (low << scale) + bias, (high << scale) + bias
        return FixedPoint.covering(int(ends[0].min()), int(ends[1].max()), fraction)

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("i", self.kernel.shape[0], self.input, self.steps, self.series),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("o", self.kernel.shape[1], self.output, self.steps, self.series),)

    @property
    def timing(self) -> BlockTiming:
        return BlockTiming(
            latency_cycles=self.product.sum_latency + 1,
            interval_cycles=self.reuse,
            multipliers=self.product.multipliers,
            products=self.product.products,
        )

    @property
    def aligned_bias(self) -> np.ndarray:
        """Bias codes on the output's grid, int64 ``(n_out,)``."""
        return self.bias << (self.output.fraction - self.bias_format.fraction)

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, [T,] n_in)`` to ``(N, [T,] n_out)``."""
        sums = self.product.reference(codes.reshape(-1, codes.shape[-1]))[:, 0, :]
        scale = self.output.fraction - self.product.sum_format.fraction
        return ((sums << scale) + self.aligned_bias).reshape(*codes.shape[:-1], -1)

    def build(self) -> Block:
        return DenseBlock(self)


class DenseBlock(Block):
    """`Dense` in hardware: an input register, the product engine, one register per output."""

    def __init__(self, spec: Dense) -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._spec
        m.submodules.engine = engine = ProductEngine(
            spec.product, tag_width=spec.inputs[0].tag_width
        )
        vector = Signal.like(self.i.payload.data, name="vector")
        with m.If(self.i.valid):
            m.d.sync += vector.eq(self.i.payload.data)
        m.d.comb += [
            engine.vector.eq(vector),
            engine.start.eq(self.i.valid),
            engine.tag.eq(self.i.payload.tag.as_value()),
        ]
        scale = spec.output.fraction - spec.product.sum_format.fraction
        for column, result in zip(spec.product.columns, engine.results, strict=True):
            bias = Array(
                Const(int(spec.aligned_bias[unit]), spec.output.shape) for unit in column.units
            )[result.unit]
            value = Signal(spec.output.shape, name=f"value_{column.units[0]}")
            m.d.comb += value.eq((result.sums[0] << scale) + bias)
            with m.If(result.valid), m.Switch(result.unit):
                for index, unit in enumerate(column.units):
                    with m.Case(index):
                        m.d.sync += self.o.payload.data[unit].eq(value)
        m.d.sync += [
            self.o.valid.eq(engine.done),
            self.o.payload.tag.as_value().eq(engine.done_tag),
        ]
        return m
