"""Crop: some steps from the middle of a window (Keras ``Cropping1D``, or the last step alone)."""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import data

from hw.errors import ChronogateError
from hw.layer.series_state import series_state, state_cycles
from hw.number.fixed_point import FixedPoint
from hw.stream import Block, Port
from hw.timing import BlockTiming, Emission


@dataclass(frozen=True)
class Crop:
    """Keep the steps from `begin` on, up to `end`.

    Parameters
    ----------
    steps
        Beats in a window.
    channels
        Values in a beat.
    format
        Their format.
    begin, end
        First step that is kept, and the one after the last.
    series
        Independent series that share the hardware.

    Raises
    ------
    ChronogateError
        When that is no part of the window.
    """

    steps: int
    channels: int
    format: FixedPoint
    begin: int
    end: int
    series: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.begin < self.end <= self.steps:
            raise ChronogateError(
                f"steps {self.begin} to {self.end} are no part of a window of {self.steps}: write "
                "0 <= begin < end <= steps"
            )

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("i", self.channels, self.format, self.steps, self.series),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("o", self.channels, self.format, self.end - self.begin, self.series),)

    @property
    def timing(self) -> BlockTiming:
        kept = range(self.begin, self.end)
        return BlockTiming(
            latency_cycles=state_cycles(self.series),
            interval_cycles=1,
            emission=Emission(tuple(kept), (0,) * len(kept)),
        )

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, T, C)`` to ``(N, end - begin, C)``."""
        return codes[:, self.begin : self.end]

    def build(self) -> Block:
        return CropBlock(self)


class CropBlock(Block):
    """`Crop` in hardware: a counter of steps."""

    def __init__(self, spec: Crop) -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._spec
        step = Signal(range(max(spec.steps, 2)), name="step")
        layout = data.StructLayout({"step": len(step)})
        state = series_state(m, self.i, spec.series, layout)
        # Without the comparisons that always hold, which Verilator warns of.
        inside = Const(1)
        if spec.begin > 0:
            inside &= step >= spec.begin
        if spec.end < spec.steps:
            inside &= step < spec.end
        m.d.comb += [
            step.eq(Mux(state.payload.tag.first, 0, state.now.step)),
            state.following.step.eq(step + 1),
            self.o.valid.eq(state.valid & inside),
            self.o.payload.eq(state.payload),
            self.o.payload.tag.first.eq(step == spec.begin),
            self.o.payload.tag.last.eq(step == spec.end - 1),
        ]
        return m
