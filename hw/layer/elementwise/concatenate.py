"""Concatenate: the channels of several inputs side by side (Keras ``Concatenate``)."""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Module

from hw.layer.elementwise.operands import (
    broadcast,
    check_operands,
    forward,
    input_streams,
    leader,
    operand_ports,
)
from hw.number.fixed_point import FixedPoint
from hw.stream import Block, Port
from hw.timing import BlockTiming


@dataclass(frozen=True)
class Concatenate:
    """Put the channels of the first input first, and so on; wires only.

    Parameters
    ----------
    widths
        Values in a beat of the inputs ``i0``, ``i1``, ...
    format
        Their format. Inputs of other formats need an `Activation` in front, since connections
        never convert.
    steps
        Beats in a window, or ``None`` for one.
    static
        Numbers of the inputs that come once a window and are repeated in each of its beats.
    """

    widths: tuple[int, ...]
    format: FixedPoint
    steps: int | None = None
    static: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_operands(len(self.widths), self.static)

    @property
    def inputs(self) -> tuple[Port, ...]:
        formats = [self.format] * len(self.widths)
        return operand_ports(self.widths, formats, self.steps, self.static)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("o", sum(self.widths), self.format, self.steps),)

    @property
    def timing(self) -> BlockTiming:
        return BlockTiming(latency_cycles=0, interval_cycles=1)

    def reference(
        self, *codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Join int64 codes ``(N, [T,] C)``, those of static inputs ``(N, C)``."""
        arrays = broadcast(codes, self.inputs)
        leading = np.broadcast_shapes(*(array.shape[:-1] for array in arrays))
        return np.concatenate(
            [np.broadcast_to(array, (*leading, array.shape[-1])) for array in arrays], axis=-1
        )

    def build(self) -> Block:
        return ConcatenateBlock(self)


class ConcatenateBlock(Block):
    """`Concatenate` in hardware."""

    def __init__(self, spec: Concatenate) -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        inputs = self._spec.inputs
        forward(m, self, leader(self, inputs), cycles=0)
        values = [stream.payload.data.as_value() for stream in input_streams(self, inputs)]
        m.d.comb += self.o.payload.data.as_value().eq(Cat(values))
        return m
