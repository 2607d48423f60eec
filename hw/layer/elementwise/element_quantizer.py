"""ElementQuantizer: a number format of its own for every value of a window (HGQ2, QONNX).

Each channel, or each channel at each time step, is rounded and limited by its own format; the
results share the narrowest format that holds them all, so that whatever comes behind sees one.
A plain `hw.layer.elementwise.activation.Activation` does where all formats are the same.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import Const, Module, Mux, Signal, Value

from hw.errors import ChronogateError
from hw.layer.elementwise.operands import forward
from hw.layer.saturating import Flagged, SaturatingBlock
from hw.number.fixed_point import FixedPoint
from hw.number.held import held_codes, is_beyond
from hw.number.resize import resize
from hw.stream import Block, Port
from hw.timing import BlockTiming

ZERO = -1
"""In `ElementQuantizer.choice`: a value of no bits, which is always zero."""


@dataclass(frozen=True, eq=False)
class ElementQuantizer:
    """Quantize each value of a window by one of several formats.

    Parameters
    ----------
    input
        Format of the values that come in.
    formats
        The formats, each with its rounding and overflow.
    choice
        ``(steps, C)``, or ``(1, C)`` where all steps are alike: for each value its place in
        `formats`, or `ZERO`.
    steps
        Beats in a window, or ``None`` for one.
    series
        Independent series that share the hardware.

    Raises
    ------
    ChronogateError
        When `choice` names a format that is not there or has another number of steps than a
        window, or formats change from step to step while several series take turns.
    """

    input: FixedPoint
    formats: tuple[FixedPoint, ...]
    choice: tuple[tuple[int, ...], ...]
    steps: int | None = None
    series: int = 1

    def __post_init__(self) -> None:
        rows = len(self.choice)
        chosen = self.chosen
        if not self.formats or chosen.min() < ZERO or chosen.max() >= len(self.formats):
            raise ChronogateError(
                f"an element quantizer of {len(self.formats)} formats chooses number "
                f"{chosen.max()}: number them from 0, and give one at least"
            )
        if rows not in (1, self.steps or 1):
            raise ChronogateError(
                f"an element quantizer has formats for {rows} steps and windows of "
                f"{self.steps or 1}: give formats for each step, or for all alike"
            )
        if rows > 1 and self.series > 1:
            raise ChronogateError(
                f"formats that change from step to step cannot be shared by {self.series} series: "
                "leave Series out, or quantize all steps alike"
            )

    @property
    def channels(self) -> int:
        """Values in a beat."""
        return len(self.choice[0])

    @cached_property
    def chosen(self) -> np.ndarray:
        """`choice` as int64 ``(rows, C)``."""
        return np.array(self.choice, dtype=np.int64)

    @cached_property
    def output(self) -> FixedPoint:
        """The narrowest format that holds the values of all formats."""
        return common_format(self.formats)

    @cached_property
    def limits(self) -> tuple[tuple[int, int], ...]:
        """For each format the ends of the input's codes that it holds."""
        return tuple(held_codes(self.input, format) for format in self.formats)

    @property
    def quantized(self) -> tuple[Flagged, ...]:
        """The values, if any can lie beyond its format; one of no bits never does."""
        grid = self.input.plain()
        used = [self.limits[k] for k in np.unique(self.chosen[self.chosen != ZERO])]
        limited = any(limits != (grid.minimum, grid.maximum) for limits in used)
        return (Flagged("values"),) if limited else ()

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("i", self.channels, self.input, self.steps, self.series),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("o", self.channels, self.output, self.steps, self.series),)

    @property
    def timing(self) -> BlockTiming:
        return BlockTiming(latency_cycles=1, interval_cycles=1)

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, [T,] C)`` to codes of the same shape.

        `trace` receives, under ``"values"``, ones where a value lies beyond its format.
        """
        choice = self.chosen if self.steps else self.chosen[0]
        result, beyond = np.zeros_like(codes), np.zeros_like(codes)
        for number, format in enumerate(self.formats):
            quantized = format.resize(codes, self.input) << (self.output.fraction - format.fraction)
            result = np.where(choice == number, quantized, result)
            low, high = self.limits[number]
            beyond |= (choice == number) & ((codes < low) | (codes > high))
        if trace is not None:
            trace["values"] = beyond
        return result

    def build(self) -> Block:
        return ElementQuantizerBlock(self)


class ElementQuantizerBlock(SaturatingBlock):
    """`ElementQuantizer` in hardware: each format once a channel, and a choice by the step."""

    def __init__(self, spec: ElementQuantizer) -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        forward(m, self, self.i, cycles=1)
        step = self._step(m) if len(self._spec.choice) > 1 else None
        for channel in range(self._spec.channels):
            result = Signal(self._spec.output.shape, name=f"channel{channel}_result")
            m.d.sync += result.eq(self._quantized(m, channel, step))
            m.d.comb += self.o.payload.data[channel].eq(result)
        if self.is_watched("values"):
            beyond = [self._beyond(m, channel, step) for channel in range(self._spec.channels)]
            valid = self.i.valid
            self.look(m, "values", [(valid, flag) for flag in beyond], valid)
        return m

    def _step(self, m: Module) -> Signal:
        """Return the number of the beat that comes in, within its window."""
        rows = len(self._spec.choice)
        following = Signal(range(rows), name="following_step")
        step = Signal(range(rows), name="step")
        m.d.comb += step.eq(Mux(self.i.payload.tag.first, 0, following))
        with m.If(self.i.valid):
            m.d.sync += following.eq(Mux(step == rows - 1, 0, step + 1))
        return step

    def _quantized(self, m: Module, channel: int, step: Signal | None) -> Value:
        values = {k: self._by_format(m, channel, k) for k in self._numbers(channel)}
        shape = self._spec.output.shape
        chosen = Signal(shape, name=f"channel{channel}_chosen")
        self._choose(m, channel, step, values, chosen)
        return chosen

    def _beyond(self, m: Module, channel: int, step: Signal | None) -> Value:
        """Tell whether a value lies beyond its format."""
        value = self.i.payload.data[channel]
        flags: dict[int, Value] = {}
        for number in self._numbers(channel):
            if number == ZERO:
                flags[number] = Const(0)
                continue
            low, high = self._spec.limits[number]
            flags[number] = is_beyond(value, low, high)
        chosen = Signal(name=f"channel{channel}_beyond")
        self._choose(m, channel, step, flags, chosen)
        return chosen

    def _numbers(self, channel: int) -> list[int]:
        """Return which formats a channel has."""
        return np.unique(self._spec.chosen[:, channel]).tolist()

    def _choose(
        self, m: Module, channel: int, step: Signal | None, values: dict[int, Value], chosen: Signal
    ) -> None:
        """Let `chosen` be the value of the format that the step has."""
        if step is None or len(values) == 1:
            m.d.comb += chosen.eq(next(iter(values.values())))
            return
        column = self._spec.chosen[:, channel]
        with m.Switch(step):
            for number, value in values.items():
                with m.Case(*np.flatnonzero(column == number).tolist()):
                    m.d.comb += chosen.eq(value)

    def _by_format(self, m: Module, channel: int, number: int) -> Value:
        spec = self._spec
        value = Signal(spec.output.shape, name=f"channel{channel}_format{number - ZERO}")
        if number == ZERO:
            return value  # stays zero
        format = spec.formats[number]
        code = resize(
            m, self.i.payload.data[channel], spec.input, format, f"channel{channel}_to{number}"
        )
        m.d.comb += value.eq(code << (spec.output.fraction - format.fraction))
        return value


def common_format(formats: tuple[FixedPoint, ...]) -> FixedPoint:
    """Return the narrowest format, with the default modes, that holds all values of others."""
    fraction = max(format.fraction for format in formats)
    signed = any(format.signed for format in formats)
    integer = max(format.integer + (signed and not format.signed) for format in formats)
    return FixedPoint(integer + fraction, integer, signed)
