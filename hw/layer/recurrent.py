"""What all recurrent layers share: the input product, the hidden state, the window's result.

The input product of step t + 1 runs while step t is in the recurrent part. A step begins (``go``)
when its input product is there; the entry paces the beats so that the state is there by then.
"""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Protocol

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data

from hw.layer.dense import Dense
from hw.number.fixed_point import FixedPoint
from hw.number.resize import resize
from hw.stream import Block, Port

STEP_BEGINS = "step_begins"
HIDDEN_STATE = "hidden_state"


class RecurrentSpec(Protocol):
    """What the common hardware wants to know of a layer."""

    @property
    def units(self) -> int: ...
    @property
    def state(self) -> FixedPoint: ...
    @property
    def inputs(self) -> tuple[Port, ...]: ...
    @property
    def outputs(self) -> tuple[Port, ...]: ...
    @cached_property
    def input_product(self) -> Dense: ...


@dataclass(frozen=True)
class NewState:
    """Finished hidden units of one column: while `valid`, unit ``units[index]`` is `hidden`."""

    valid: Value
    index: Value
    hidden: Signal
    units: tuple[int, ...]


@dataclass(frozen=True)
class Step:
    """What a cell sees of the step that runs.

    Parameters
    ----------
    spec
        The layer.
    go
        High for one cycle at the beginning; `projection` is valid then, `hidden` one cycle later.
    first
        Whether this is a window's first step; stable from the cycle after `go`.
    projection
        Input product with bias, gate-major ``gates * units`` values.
    hidden
        Quantized hidden state of the previous step.
    """

    spec: RecurrentSpec
    go: Value
    first: Signal
    projection: data.View
    hidden: data.View


class RecurrentBlock(Block):
    """A recurrent layer around the cell that a subclass gives."""

    def __init__(self, spec: RecurrentSpec) -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._recurrent = spec

    @abstractmethod
    def cell(self, m: Module, step: Step) -> list[NewState]:
        """Add the cell's hardware; the last column to finish comes last in the list."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._recurrent
        m.submodules.input_product = projection = spec.input_product.build()
        m.d.comb += [
            projection.i.valid.eq(self.i.valid),
            projection.i.payload.eq(self.i.payload),
        ]
        # Named for simulation, which checks `hidden` in the cycle after each step's begin.
        go = Signal(name=STEP_BEGINS)
        m.d.comb += go.eq(projection.o.valid)
        first, last = Signal(name="first_step"), Signal(name="last_step")
        layout = data.ArrayLayout(spec.state.shape, spec.units)
        hidden = data.View(layout, Signal(layout.size, name=HIDDEN_STATE))
        with m.If(go):
            m.d.sync += [
                first.eq(projection.o.payload.tag.first),
                last.eq(projection.o.payload.tag.last),
            ]
        step = Step(spec, go, first, projection.o.payload.data, hidden)
        columns = self.cell(m, step)
        for column in columns:
            self._keep(m, column, go, projection.o.payload.tag.first, hidden)
        final = columns[-1]
        m.d.sync += self.o.valid.eq(final.valid & (final.index == len(final.units) - 1) & last)
        m.d.comb += [self.o.payload.tag.first.eq(1), self.o.payload.tag.last.eq(1)]
        return m

    def _keep(
        self, m: Module, column: NewState, go: Value, first: Value, hidden: data.View
    ) -> None:
        """Store a column's hidden units: exactly for the output, quantized for the next step."""
        spec = self._recurrent
        name = f"column{column.units[0]}"
        quantized = resize(m, column.hidden, spec.outputs[0].format, spec.state, name)
        for index, unit in enumerate(column.units):
            kept = Signal(spec.state.shape, name=f"next_hidden{unit}")
            updated = Signal(spec.state.shape, name=f"updated_hidden{unit}")
            chosen = Signal(name=f"hidden{unit}_done")
            m.d.comb += [
                chosen.eq(column.valid & (column.index == index)),
                updated.eq(Mux(chosen, quantized, kept)),
            ]
            m.d.sync += kept.eq(updated)
            with m.If(chosen):
                m.d.sync += self.o.payload.data[unit].eq(column.hidden)
            # A step may begin in the very cycle in which the last unit is finished.
            with m.If(go):
                m.d.sync += hidden[unit].eq(Mux(first, 0, updated))


def unit_queue(
    m: Module, step: Step, units: tuple[int, ...], gates: tuple[int, ...], advance: Value
) -> list[Signal]:
    """Load the projection of `units` at ``go`` and shift it by one unit while `advance`.

    Parameters
    ----------
    units
        The units of one column, in order of use.
    gates
        Which gates of the projection to keep.
    advance
        High while the head is used.

    Returns
    -------
    list of Signal
        The head of each gate's queue.
    """
    dense = step.spec.input_product
    heads = []
    for gate in gates:
        slots = [Signal(dense.output.shape, name=f"projection{gate}_of_unit{u}") for u in units]
        with m.If(step.go):
            for slot, unit in zip(slots, units, strict=True):
                m.d.sync += slot.eq(step.projection[gate * step.spec.units + unit])
        with m.Elif(advance):
            for slot, following in pairwise(slots):
                m.d.sync += slot.eq(following)
        heads.append(slots[0])
    return heads
