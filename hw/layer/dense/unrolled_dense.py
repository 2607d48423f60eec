"""Dense, unrolled: ``y = x . kernel + bias`` without a multiplier, a vector every cycle.

``Strategy='Latency'``: the kernel becomes a graph of shared adders (`hw.product.solver`), cut by
as many registers as the clock needs. The output keeps every bit; a quantizer is a node of its own.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from amaranth.hdl import Module

from hw.errors import ChronogateError
from hw.number.fixed_point import FixedPoint
from hw.pipeline import delay
from hw.product.adder_graph import AdderGraph
from hw.product.adder_pipeline import AdderPipeline
from hw.product.folded import exact_matmul, sum_bounds
from hw.product.register_placement import StagedGraph, registers_for
from hw.product.solver import EXTRA_DEPTH, solve
from hw.stream import Block, Port
from hw.timing import BlockTiming


@dataclass(frozen=True, eq=False)
class UnrolledDense:
    """A fully connected layer as a pipeline of adders.

    The number of registers is the latency, whatever the solver finds: it fixes the cycle contract,
    and the adders are spread evenly between the registers. `with_levels` chooses it from a
    target of logic depth.

    Parameters
    ----------
    kernel
        int64 codes ``(n_in, n_out)``.
    bias
        int64 codes ``(n_out,)``; costs at most one adder an output.
    input, kernel_format, bias_format
        Number formats.
    registers
        Registers from input to output, which is the latency in cycles. Few are the lowest latency
        in nanoseconds, many the highest clock.
    registered_output
        Whether the last register is at the output. Without it the last adders share a cycle with
        the logic of the next block, as suits a quantizer, which ends in a register of its own.
    extra_depth
        Adders on the longest path beyond the fewest that the solver knows of; see
        `hw.product.solver.solve`. 0 is for the lowest latency.
    steps
        Beats in a window, or ``None`` for one.
    series
        Independent series that share the hardware.

    Raises
    ------
    ChronogateError
        When the registers are too few, a weight too wide or a sum could exceed 63 bits.
    """

    kernel: np.ndarray
    bias: np.ndarray
    input: FixedPoint
    kernel_format: FixedPoint
    bias_format: FixedPoint
    registers: int
    registered_output: bool = True
    extra_depth: int | None = EXTRA_DEPTH
    steps: int | None = None
    series: int = 1

    def __post_init__(self) -> None:
        if self.registers < self.registered_output:
            raise ChronogateError(
                f"an unrolled dense layer cannot have {self.registers} registers: use at least "
                "one, or none and no registered output"
            )

    @classmethod
    def with_levels(
        cls,
        kernel: np.ndarray,
        bias: np.ndarray,
        input: FixedPoint,
        kernel_format: FixedPoint,
        bias_format: FixedPoint,
        levels: int,
        registered_output: bool = True,
        extra_depth: int | None = EXTRA_DEPTH,
        steps: int | None = None,
        series: int = 1,
    ) -> "UnrolledDense":
        """Choose the fewest registers that leave at most `levels` adders between two of them.

        What follows a bare output counts as one adder.
        """
        if levels < 1:
            raise ChronogateError(
                f"{levels} levels of adders between registers is not possible: use 1 or more"
            )
        bare = cls(
            kernel,
            bias,
            input,
            kernel_format,
            bias_format,
            registers=int(registered_output),
            registered_output=registered_output,
            extra_depth=extra_depth,
            steps=steps,
            series=series,
        )
        return replace(bare, registers=registers_for(bare.graph.depth, levels, registered_output))

    @property
    def graph(self) -> AdderGraph:
        """The adders, on the output's grid."""
        scale = self.output.fraction - self.input.fraction - self.kernel_format.fraction
        source = self.input.minimum, self.input.maximum
        return solve(self.kernel << scale, self.aligned_bias, source, self.extra_depth)

    @property
    def staged(self) -> StagedGraph:
        """The adders and their registers."""
        return StagedGraph(self.graph, self.registers, self.registered_output)

    @cached_property
    def output(self) -> FixedPoint:
        """The exact output format, by interval analysis over the input's whole range."""
        products = self.input.fraction + self.kernel_format.fraction
        fraction = max(products, self.bias_format.fraction)
        bias = self.bias.astype(object) << (fraction - self.bias_format.fraction)
        low, high = (ends << (fraction - products) for ends in sum_bounds(self.kernel, self.input))
        return FixedPoint.covering(int((low + bias).min()), int((high + bias).max()), fraction)

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("i", self.kernel.shape[0], self.input, self.steps, self.series),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("o", self.kernel.shape[1], self.output, self.steps, self.series),)

    @property
    def timing(self) -> BlockTiming:
        return BlockTiming(
            latency_cycles=self.registers,
            interval_cycles=1,
            products=int(np.count_nonzero(self.kernel)),
        )

    @property
    def aligned_bias(self) -> np.ndarray:
        """Bias codes on the output's grid, int64 ``(n_out,)``."""
        return self.bias << (self.output.fraction - self.bias_format.fraction)

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, [T,] n_in)`` to ``(N, [T,] n_out)``."""
        scale = self.output.fraction - self.input.fraction - self.kernel_format.fraction
        flat = codes.reshape(-1, codes.shape[-1])
        sums = exact_matmul(flat, self.kernel << scale, self.output) + self.aligned_bias
        return sums.reshape(*codes.shape[:-1], -1)

    def build(self) -> Block:
        return UnrolledDenseBlock(self)


class UnrolledDenseBlock(Block):
    """`UnrolledDense` in hardware: the adders, and the tag's way beside them."""

    def __init__(self, spec: UnrolledDense) -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._spec
        m.submodules.adders = adders = AdderPipeline(spec.staged, spec.input, spec.output)
        m.d.comb += [
            adders.vector.eq(self.i.payload.data),
            self.o.payload.data.eq(adders.sums),
            self.o.valid.eq(delay(m, self.i.valid, spec.registers, "valid")),
            self.o.payload.tag.as_value().eq(
                delay(m, self.i.payload.tag.as_value(), spec.registers, "tag")
            ),
        ]
        return m
