"""Multiply: the product of several inputs, channel by channel (Keras ``Multiply``)."""

from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
from amaranth.hdl import Module, Signal

from hw.layer.elementwise.operands import (
    broadcast,
    check_operands,
    forward,
    input_streams,
    leader,
    operand_ports,
)
from hw.number.arithmetic import product_format
from hw.number.fixed_point import FixedPoint
from hw.pipeline import delay
from hw.stream import Block, Port
from hw.timing import BlockTiming


@dataclass(frozen=True)
class Multiply:
    """Multiply inputs channel by channel; every bit is kept.

    Parameters
    ----------
    channels
        Values in a beat of each input.
    terms
        Formats of the inputs ``i0``, ``i1``, ...
    steps
        Beats in a window, or ``None`` for one.
    static
        Numbers of the inputs that come once a window and multiply each of its beats.
    """

    channels: int
    terms: tuple[FixedPoint, ...]
    steps: int | None = None
    static: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_operands(len(self.terms), self.static)

    @property
    def inputs(self) -> tuple[Port, ...]:
        channels = [self.channels] * len(self.terms)
        return operand_ports(channels, self.terms, self.steps, self.static)

    @cached_property
    def output(self) -> FixedPoint:
        """The narrowest format that holds every product."""
        return reduce(product_format, [term.plain() for term in self.terms])

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("o", self.channels, self.output, self.steps),)

    @property
    def timing(self) -> BlockTiming:
        products = (len(self.terms) - 1) * self.channels
        return BlockTiming(
            latency_cycles=len(self.terms),
            interval_cycles=1,
            multipliers=products,
            products=products,
        )

    def reference(
        self, *codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Multiply int64 codes ``(N, [T,] C)``, those of static inputs ``(N, C)``."""
        return reduce(np.multiply, broadcast(codes, self.inputs))

    def build(self) -> Block:
        return MultiplyBlock(self)


class MultiplyBlock(Block):
    """`Multiply` in hardware: registers in front of and behind every multiplier, as DSPs have."""

    def __init__(self, spec: Multiply) -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._spec
        forward(m, self, leader(self, spec.inputs), spec.timing.latency_cycles)
        streams = input_streams(self, spec.inputs)
        for channel in range(spec.channels):
            values = [stream.payload.data[channel] for stream in streams]
            format = spec.terms[0].plain()
            product = delay(m, values[0], 1, f"operand0_{channel}")
            for k, value in enumerate(values[1:], start=1):
                format = product_format(format, spec.terms[k].plain())
                result = Signal(format.shape, name=f"product{k}_{channel}")
                m.d.sync += result.eq(product * delay(m, value, k, f"operand{k}_{channel}"))
                product = result
            m.d.comb += self.o.payload.data[channel].eq(product)
        return m
