"""BatchNormalization: ``y = x * scale + offset``, each channel with its own pair.

What is left of Keras's ``BatchNormalization`` (and of ``Rescaling``) at inference; where a layer in
front can take it into its weights exactly, that is cheaper. The output keeps every bit.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from amaranth.hdl import Array, Const, Module, Mux, Signal, Value
from amaranth.lib import data

from hw.number.arithmetic import product_format
from hw.number.fixed_point import FixedPoint
from hw.pipeline import delay
from hw.product.model_store import (
    MODELS,
    ModelStore,
    ModelTable,
    check_codes,
    lead_out,
    store_members,
    tables_of,
)
from hw.stream import Block, Port, tag_layout
from hw.timing import BlockTiming


@dataclass(frozen=True, eq=False)
class BatchNormalization:
    """A scale and an offset per channel.

    Parameters
    ----------
    scale, offset
        int64 codes ``(C,)``.
    input, scale_format, offset_format
        Number formats.
    reuse
        Cycles for one input beat; ``ceil(C / reuse)`` multipliers.
    steps
        Beats in a window, or ``None`` for one.
    reloadable
        Let a host replace scale and offset at run time (`hw.product.reloadable`) by any others of
        their formats. The output is as wide as the worst of them needs.

    Raises
    ------
    ChronogateError
        When a code of a reloadable layer lies outside its format.
    """

    scale: np.ndarray
    offset: np.ndarray
    input: FixedPoint
    scale_format: FixedPoint
    offset_format: FixedPoint
    reuse: int = 1
    steps: int | None = None
    reloadable: bool = False

    def __post_init__(self) -> None:
        if self.reloadable:
            check_codes("batch normalization", self.scale, self.scale_format, "scale")
            check_codes("batch normalization", self.offset, self.offset_format, "offset")

    @property
    def models(self) -> int:
        """Models that the hardware keeps."""
        return MODELS if self.reloadable else 1

    @property
    def model_tables(self) -> tuple[ModelTable, ...]:
        """Scales and offsets in the order of use: a row for each turn, a lane a multiplier."""
        tables: list[ModelTable] = []
        for name, codes, format in (
            ("scale", self.scale, self.scale_format),
            ("offset", self.offset, self.offset_format),
        ):
            rows = np.zeros((self.turns, len(self.groups)), dtype=np.int64)
            for lane, group in enumerate(self.groups):
                rows[: len(group), lane] = codes[list(group)]
            tables.append(ModelTable(name, rows, format))
        return tuple(tables)

    @property
    def turns(self) -> int:
        """Channels of the busiest multiplier."""
        return max(len(group) for group in self.groups)

    @property
    def channels(self) -> int:
        """Values in a beat."""
        return len(self.scale)

    @cached_property
    def output(self) -> FixedPoint:
        """The exact output format, by interval analysis over the input's whole range."""
        fraction = max(self._product_fraction, self.offset_format.fraction)
        product_unit = 1 << (fraction - self._product_fraction)
        offset_unit = 1 << (fraction - self.offset_format.fraction)
        pairs = list(zip(self.scale, self.offset, strict=True))
        if self.reloadable:
            formats = self.scale_format, self.offset_format
            pairs = list(product(*((format.minimum, format.maximum) for format in formats)))
        ends = [
            int(scale) * end * product_unit + int(offset) * offset_unit
            for scale, offset in pairs
            for end in (self.input.plain().minimum, self.input.maximum)
        ]
        return FixedPoint.covering(min(ends), max(ends), fraction)

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("i", self.channels, self.input, self.steps, models=self.models),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("o", self.channels, self.output, self.steps, models=self.models),)

    @property
    def groups(self) -> tuple[range, ...]:
        """The channels of each multiplier, in turn."""
        multipliers = -(-self.channels // self.reuse)
        return tuple(range(k, self.channels, multipliers) for k in range(multipliers))

    @property
    def timing(self) -> BlockTiming:
        return BlockTiming(
            latency_cycles=self.turns + 2,
            interval_cycles=self.reuse,
            multipliers=len(self.groups),
            products=self.channels,
        )

    @property
    def aligned_offset(self) -> np.ndarray:
        """Offset codes on the output's grid, int64 ``(C,)``."""
        return self.offset << (self.output.fraction - self.offset_format.fraction)

    @property
    def product_shift(self) -> int:
        """Binary places from the products' grid to the output's."""
        return self.output.fraction - self._product_fraction

    @property
    def _product_fraction(self) -> int:
        return self.input.fraction + self.scale_format.fraction

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, [T,] C)`` to codes of the same shape."""
        return (codes * self.scale << self.product_shift) + self.aligned_offset

    def build(self) -> Block:
        return BatchNormalizationBlock(self)


class BatchNormalizationBlock(Block):
    """`BatchNormalization` in hardware: multipliers that take their channels in turn."""

    def __init__(self, spec: BatchNormalization) -> None:
        super().__init__(spec.inputs, spec.outputs, store_members(tables_of(spec)))
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._spec
        turns = spec.turns
        running = Signal(name="running")
        turn = Signal(range(max(turns, 2)), name="turn")
        final = Signal(name="final")
        vector = Signal.like(self.i.payload.data, name="vector")
        tag = Signal(spec.inputs[0].tag_width, name="running_tag")
        m.d.comb += final.eq(running & (turn == turns - 1))
        with m.If(self.i.valid):
            m.d.sync += [
                vector.eq(self.i.payload.data),
                tag.eq(self.i.payload.tag.as_value()),
                running.eq(1),
                turn.eq(0),
            ]
        with m.Elif(final):
            m.d.sync += running.eq(0)
        with m.Elif(running):
            m.d.sync += turn.eq(turn + 1)
        m.d.comb += [
            self.o.valid.eq(delay(m, final, 2, "final")),
            self.o.payload.tag.as_value().eq(delay(m, tag, 2, "tag")),
        ]
        late_turn = delay(m, turn, 1, "turn")
        shape = product_format(spec.input.plain(), spec.scale_format.plain()).shape
        loaded = self._loaded(m, running & ~final, turn, tag) if spec.reloadable else None
        for k, group in enumerate(spec.groups):
            value = Array(vector[channel] for channel in group)[turn]
            if loaded is not None:
                scale, offset = loaded[0][k], loaded[1][k]
            else:
                scale = _chosen(spec.scale, group, turn, spec.scale_format)
                offset = _chosen(spec.aligned_offset, group, late_turn, spec.output)
            scaled = Signal(shape, name=f"product{k}")
            result = Signal(spec.output.shape, name=f"result{k}")
            m.d.sync += scaled.eq(value * scale)
            m.d.comb += result.eq((scaled << spec.product_shift) + offset)
            with m.Switch(late_turn):
                for place, channel in enumerate(group):
                    with m.Case(place):
                        m.d.sync += self.o.payload.data[channel].eq(result)
        return m

    def _loaded(
        self, m: Module, goes_on: Value, turn: Signal, tag: Signal
    ) -> tuple[list[Value], list[Value]]:
        """Return the scales of this turn, and the offsets, aligned, of the one before.

        Each row is read in the cycle before its turn.
        """
        spec = self._spec
        m.submodules.model = store = ModelStore(spec.model_tables)
        lead_out(m, self, store)
        port = spec.inputs[0]
        kept = data.View(tag_layout(port.series, port.models), tag)
        tables = store["scale"], store["offset"]
        for table in tables:
            m.d.comb += [
                table.en.eq(self.i.valid | goes_on),
                table.addr.eq(Mux(self.i.valid, 0, turn + 1)),
                table.model.eq(Mux(self.i.valid, self.i.payload.tag.model, kept.model)),
            ]
        places = spec.output.fraction - spec.offset_format.fraction
        lanes = range(len(spec.groups))
        offsets: list[Value] = []
        for k in lanes:
            late = Signal(spec.offset_format.shape, name=f"late_offset{k}")
            m.d.sync += late.eq(tables[1].data[k])
            offsets.append(late << places)
        return [tables[0].data[k] for k in lanes], offsets


def _chosen(codes: np.ndarray, group: range, turn: Value, format: FixedPoint) -> Value:
    return Array(Const(int(codes[channel]), format.shape) for channel in group)[turn]
