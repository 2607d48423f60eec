"""Select: channels of a beat in another order, some left out or repeated.

Keras ``Permute`` and ``Reshape`` within a beat, ``Cropping1D`` over channels, ``RepeatVector``.
"""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Module

from hw.errors import ChronogateError
from hw.layer.elementwise.operands import forward
from hw.number.fixed_point import FixedPoint
from hw.stream import Block, Port
from hw.timing import BlockTiming


@dataclass(frozen=True)
class Select:
    """Output channel k is input channel ``order[k]``; wires only.

    Parameters
    ----------
    channels
        Values in an input beat.
    order
        Input channel of each output channel.
    format
        Number format.
    steps
        Beats in a window, or ``None`` for one.
    series
        Independent series that share the hardware.

    Raises
    ------
    ChronogateError
        When there is no such input channel, or nothing is selected.
    """

    channels: int
    order: tuple[int, ...]
    format: FixedPoint
    steps: int | None = None
    series: int = 1

    def __post_init__(self) -> None:
        if not self.order or not set(self.order) <= set(range(self.channels)):
            raise ChronogateError(
                f"channels {self.order} cannot be selected from {self.channels}: write one or "
                f"more numbers from 0 to {self.channels - 1}"
            )

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("i", self.channels, self.format, self.steps, self.series),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("o", len(self.order), self.format, self.steps, self.series),)

    @property
    def timing(self) -> BlockTiming:
        return BlockTiming(latency_cycles=0, interval_cycles=1)

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, [T,] C)`` to ``(N, [T,] len(order))``."""
        return codes[..., list(self.order)]

    def build(self) -> Block:
        return SelectBlock(self)


class SelectBlock(Block):
    """`Select` in hardware."""

    def __init__(self, spec: Select) -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        forward(m, self, self.i, cycles=0)
        for channel, source in enumerate(self._spec.order):
            m.d.comb += self.o.payload.data[channel].eq(self.i.payload.data[source])
        return m
