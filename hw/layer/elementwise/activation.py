"""Activation: one function, applied to every channel of a beat (Keras ``Activation``)."""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Module

from hw.function.pointwise import Pointwise
from hw.number.fixed_point import FixedPoint
from hw.pipeline import delay
from hw.stream import Block, Port
from hw.timing import BlockTiming


@dataclass(frozen=True)
class Activation:
    """Apply a function to every channel of a beat, all channels at once.

    Parameters
    ----------
    channels
        Values in a beat.
    input
        Their format.
    function
        The activation or quantizer.
    steps
        Beats in a window, or ``None`` for one.
    series
        Independent series that share the hardware.
    """

    channels: int
    input: FixedPoint
    function: Pointwise
    steps: int | None = None
    series: int = 1

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("i", self.channels, self.input, self.steps, self.series),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        format = self.function.result_format(self.input)
        return (Port("o", self.channels, format, self.steps, self.series),)

    @property
    def timing(self) -> BlockTiming:
        return BlockTiming(latency_cycles=self.function.delay_cycles(self.input), interval_cycles=1)

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, [T,] C)`` to codes of the same shape."""
        return self.function.apply(codes, self.input)

    def build(self) -> Block:
        return ActivationBlock(self)


class ActivationBlock(Block):
    """`Activation` in hardware: one pipelined function per channel."""

    def __init__(self, spec: Activation) -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._spec
        tag, delay_cycles = self.i.payload.tag.as_value(), spec.function.delay_cycles(spec.input)
        m.d.comb += [
            self.o.valid.eq(delay(m, self.i.valid, delay_cycles, "valid")),
            self.o.payload.tag.as_value().eq(delay(m, tag, delay_cycles, "tag")),
        ]
        for channel in range(spec.channels):
            value = self.i.payload.data[channel]
            result = spec.function.hardware(m, value, spec.input, f"channel{channel}")
            m.d.comb += self.o.payload.data[channel].eq(result)
        return m
