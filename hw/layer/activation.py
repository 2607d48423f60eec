"""Activation: one function, applied to every channel of a beat (Keras ``Activation``)."""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Module

from hw.function.quantizer import Quantizer
from hw.number.fixed_point import FixedPoint
from hw.stream import Block, Port
from hw.timing import BlockTiming


@dataclass(frozen=True)
class Activation:
    """Apply a `Quantizer` to every channel of a beat, all channels at once.

    Parameters
    ----------
    channels
        Values in a beat.
    input
        Their format.
    quantizer
        The activation.
    steps
        Beats in a window, or ``None`` for one.
    """

    channels: int
    input: FixedPoint
    quantizer: Quantizer
    steps: int | None = None

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("i", self.channels, self.input, self.steps),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        format = self.quantizer.result_format(self.input)
        return (Port("o", self.channels, format, self.steps),)

    @property
    def timing(self) -> BlockTiming:
        return BlockTiming(latency_cycles=1, interval_cycles=1)

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, [T,] C)`` to codes of the same shape."""
        return self.quantizer.apply(codes, self.input)

    def build(self) -> Block:
        return ActivationBlock(self)


class ActivationBlock(Block):
    """`Activation` in hardware: one function per channel and a register."""

    def __init__(self, spec: Activation) -> None:
        super().__init__(spec.inputs[0], spec.outputs[0])
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._spec
        m.d.sync += self.o.valid.eq(self.i.valid)
        with m.If(self.i.valid):
            m.d.sync += [
                self.o.payload.first.eq(self.i.payload.first),
                self.o.payload.last.eq(self.i.payload.last),
            ]
            for channel in range(spec.channels):
                value = self.i.payload.data[channel]
                result = spec.quantizer.hardware(m, value, spec.input, f"channel{channel}")
                m.d.sync += self.o.payload.data[channel].eq(result)
        return m
