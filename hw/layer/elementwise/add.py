"""Add: a sum of several inputs, each times a whole number (Keras ``Add``, ``Subtract``).

The factors also serve the subtraction of a window's mean: ``T * x - sum`` is exact, and a
`Quotient` by T behind it rounds once.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import Module, Signal

from hw.errors import ChronogateError
from hw.layer.elementwise.operands import (
    broadcast,
    check_operands,
    forward,
    input_streams,
    leader,
    operand_ports,
)
from hw.number.arithmetic import add
from hw.number.fixed_point import FixedPoint
from hw.stream import Block, Port
from hw.timing import BlockTiming


@dataclass(frozen=True)
class Add:
    """Add inputs channel by channel; every bit is kept.

    Parameters
    ----------
    channels
        Values in a beat of each input.
    terms
        Formats of the inputs ``i0``, ``i1``, ...
    factors
        What each is multiplied by; (1, -1) subtracts.
    steps
        Beats in a window, or ``None`` for one.
    static
        Numbers of the inputs that come once a window and are added to each of its beats.

    Raises
    ------
    ChronogateError
        When the numbers of terms and factors differ, or one is zero.
    """

    channels: int
    terms: tuple[FixedPoint, ...]
    factors: tuple[int, ...]
    steps: int | None = None
    static: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.factors) != len(self.terms) or 0 in self.factors:
            raise ChronogateError(
                f"Add has {len(self.terms)} inputs with factors {self.factors}: write one factor "
                "that is not zero for each input"
            )
        check_operands(len(self.terms), self.static)

    @property
    def inputs(self) -> tuple[Port, ...]:
        channels = [self.channels] * len(self.terms)
        return operand_ports(channels, self.terms, self.steps, self.static)

    @cached_property
    def output(self) -> FixedPoint:
        """The narrowest format that holds every sum."""
        fraction = max(term.fraction for term in self.terms)
        low, high = 0, 0
        for term, factor in zip(self.terms, self.factors, strict=True):
            plain, unit = term.plain(), factor << (fraction - term.fraction)
            ends = sorted((plain.minimum * unit, plain.maximum * unit))
            low, high = low + ends[0], high + ends[1]
        return FixedPoint.covering(low, high, fraction)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("o", self.channels, self.output, self.steps),)

    @property
    def timing(self) -> BlockTiming:
        return BlockTiming(latency_cycles=1, interval_cycles=1)

    def reference(
        self, *codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Add int64 codes ``(N, [T,] C)``, those of static inputs ``(N, C)``."""
        arrays = broadcast(codes, self.inputs)
        products = [array * factor for array, factor in zip(arrays, self.factors, strict=True)]
        return add(self.output, *zip(products, self.terms, strict=True))

    def build(self) -> Block:
        return AddBlock(self)


class AddBlock(Block):
    """`Add` in hardware: one register per channel."""

    def __init__(self, spec: Add) -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._spec
        forward(m, self, leader(self, spec.inputs), spec.timing.latency_cycles)
        units = [
            factor << (spec.output.fraction - term.fraction)
            for term, factor in zip(spec.terms, spec.factors, strict=True)
        ]
        streams = input_streams(self, spec.inputs)
        for channel in range(spec.channels):
            terms = [
                stream.payload.data[channel] * unit
                for stream, unit in zip(streams, units, strict=True)
            ]
            total = Signal(spec.output.shape, name=f"total{channel}")
            m.d.sync += total.eq(sum(terms[1:], start=terms[0]))
            m.d.comb += self.o.payload.data[channel].eq(total)
        return m
