"""What the cell of a recurrent layer sees: sums, the step's tag, states of the series."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from amaranth.hdl import Array, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.memory import Memory

from hw.function.pointwise import Pointwise
from hw.layer.dense import Dense
from hw.layer.projection import ProjectionStore
from hw.layer.step import StepPlan
from hw.layer.step_info import Info
from hw.number.fixed_point import FixedPoint
from hw.pipeline import delay, low_bits
from hw.product.bank import Lookup, Result
from hw.product.columns import Group
from hw.stream import Port

REGISTERED_DEPTH = 64
"""State memories beyond this depth may become block RAM, which reads with the clock."""


class RecurrentSpec(Protocol):
    """What the common hardware wants to know of a layer."""

    @property
    def units(self) -> int: ...
    @property
    def series(self) -> int: ...
    @property
    def return_sequences(self) -> bool: ...
    @property
    def state(self) -> FixedPoint: ...
    @property
    def inputs(self) -> tuple[Port, ...]: ...
    @property
    def outputs(self) -> tuple[Port, ...]: ...
    @cached_property
    def used_inputs(self) -> np.ndarray: ...
    @cached_property
    def used_units(self) -> np.ndarray: ...
    @cached_property
    def input_product(self) -> Dense: ...
    @property
    def input_bias(self) -> np.ndarray: ...  # in the order of the input programs' outputs
    @cached_property
    def groups(self) -> tuple[Group, ...]: ...
    @cached_property
    def plan(self) -> StepPlan: ...


@dataclass(frozen=True)
class NewState:
    """Finished values of one group: while `valid`, unit ``units[index]`` has `value`.

    Parameters
    ----------
    after
        Cycles from the operands of the unit's last sum in the ring to `valid`.
    """

    valid: Value
    index: Value
    value: Signal
    units: tuple[int, ...]
    after: int


@dataclass(frozen=True)
class Arrival:
    """The sums of one gate: `total` of unit ``units[index]`` while `valid`."""

    valid: Value
    index: Value
    total: Signal


@dataclass(frozen=True)
class Cell:
    """What the hardware of one group of units sees.

    Parameters
    ----------
    m
        The block's module.
    spec
        The layer.
    group
        The units.
    columns
        The ports of the group's columns.
    info
        Of the step.
    projections
        Sums of the input product.
    initial
        What each state begins a window with, by unit; none where it is zero.
    """

    m: Module
    spec: RecurrentSpec
    group: Group
    columns: tuple[tuple[Lookup, Result], ...]
    info: Info
    projections: ProjectionStore
    initial: tuple[data.View, ...] = ()

    @property
    def name(self) -> str:
        """Prefix of the signals."""
        return f"unit{self.group.units[0]}"

    @property
    def sum_delay(self) -> int:
        """Cycles from operands in the ring to their sum."""
        return self.spec.plan.arrays[-1].sum_delay

    def arrival(
        self, gate: int, order: tuple[int, ...], program: int, total: FixedPoint
    ) -> Arrival:
        """Return the sums of `gate`, on the grid of `total`.

        Parameters
        ----------
        gate
            One of `order`.
        order
            The gates that recurrent program `program` computes.
        """
        m, plan = self.m, self.spec.plan
        slots = self.group.slots(order)
        column = next(i for i, gates in enumerate(slots) if gate in gates)
        result = self.columns[column][1]
        name = f"{self.name}_gate{gate}"
        valid = Signal(name=f"{name}_sum_valid")
        here = result.valid & (result.slot == slots[column].index(gate))
        if len(plan.recurrents) > 1:
            here &= result.program == program
        m.d.comb += valid.eq(here)
        code = Signal(total.shape, name=f"{name}_sum")
        m.d.comb += code.eq(
            result.sum >> (plan.recurrents[program].total.fraction - total.fraction)
        )
        return Arrival(valid, result.unit, code)

    def first_sums(
        self, lookup: Lookup, slots: tuple[int, ...], base: int, ranks: dict[int, int], name: str
    ) -> Value:
        """Return the input sums that a column's sums begin with.

        Parameters
        ----------
        slots
            The gates of the column.
        base
            First of the group's input sums, which are in unit-major order.
        ranks
            Place of each gate within a unit.
        """
        stride = len(ranks)
        count = stride * len(self.group.units)
        places = Array(Const(ranks[gate], range(max(stride, 2))) for gate in slots)
        address = Signal(range(max(count, 2)), name=f"{name}_address")
        self.m.d.comb += address.eq(lookup.unit * stride + places[lookup.slot])
        bank = self.info.at(self.sum_delay - 3).bank
        return self.projections.read(self.m, base, count, address, bank, name)

    def memory(self, format: FixedPoint, name: str, state: int) -> "StateMemory":
        """Add a memory of one value of state number `state` for each unit and series."""
        initial = self.initial[state] if self.initial else None
        return StateMemory(self, format, f"{self.name}_{name}", initial)


class StateMemory:
    """One value for each unit of a group and each series.

    Where a series begins it is zero, or `initial`, the values of all units.
    """

    def __init__(
        self, cell: Cell, format: FixedPoint, name: str, initial: data.View | None
    ) -> None:
        self._cell = cell
        self._initial = initial
        self._name = name
        self._format = format
        self._bits = (len(cell.group.units) - 1).bit_length()
        depth = cell.spec.series << self._bits
        self._memory = Memory(shape=format.shape, depth=max(depth, 2), init=[])
        self._reads_with_clock = depth > REGISTERED_DEPTH
        cell.m.submodules[name] = self._memory

    def read(self, index: Value, after: int, name: str) -> Signal:
        """Return the value for the step, in the cycle after `index` is given.

        Parameters
        ----------
        index
            Unit of the group.
        after
            Cycles from the ring to `index`.
        """
        cell, m = self._cell, self._cell.m
        value = Signal(self._format.shape, name=f"{self._name}_{name}")
        if self._reads_with_clock:
            port = self._memory.read_port()
            begins = self._begins_with(delay(m, index, 1, f"{self._name}_{name}_begins"))
            m.d.comb += value.eq(Mux(cell.info.at(after + 1).tag.first, begins, port.data))
        else:
            # Distributed RAM reads at once, so the zero need not come behind its register.
            port = self._memory.read_port(domain="comb")
            begins = self._begins_with(index)
            m.d.sync += value.eq(Mux(cell.info.at(after).tag.first, begins, port.data))
        m.d.comb += port.addr.eq(self._address(index, after))
        return value

    def _begins_with(self, index: Value) -> Value:
        if self._initial is None:
            return Const(0, self._format.shape)
        units = self._cell.group.units
        return Array(self._initial[unit] for unit in units)[index[: max(self._bits, 1)]]

    def write(self, valid: Value, index: Value, value: Value, after: int) -> None:
        """Store `value`, `after` cycles behind the ring."""
        port = self._memory.write_port()
        self._cell.m.d.comb += [
            port.addr.eq(self._address(index, after)),
            port.data.eq(value),
            port.en.eq(valid),
        ]

    def _address(self, index: Value, after: int) -> Value:
        series = self._cell.spec.series
        if series == 1:
            return low_bits((index, self._bits))
        return low_bits(
            (index, self._bits), (self._cell.info.at(after).tag.series, (series - 1).bit_length())
        )


def gather(
    m: Module, states: Sequence[NewState], values: Sequence[Value], name: str
) -> list[Signal]:
    """Collect `values`, one for each group, by unit.

    Returns
    -------
    list of Signal
        The newest value of every unit, from the cycle on in which it is finished.
    """
    newest: dict[int, Signal] = {}
    for state, value in zip(states, values, strict=True):
        for index, unit in enumerate(state.units):
            kept = Signal(value.shape(), name=f"kept_{name}{unit}")
            updated = Signal(value.shape(), name=f"updated_{name}{unit}")
            chosen = Signal(name=f"{name}{unit}_done")
            m.d.comb += [
                chosen.eq(state.valid & (state.index == index)),
                updated.eq(Mux(chosen, value, kept)),
            ]
            m.d.sync += kept.eq(updated)
            newest[unit] = updated
    return [newest[unit] for unit in sorted(newest)]


def padded(
    m: Module, function: Pointwise, value: Value, source: FixedPoint, cycles: int, name: str
) -> Value:
    """Add an activation that takes `cycles`, no fewer than the function's own."""
    result = function.hardware(m, value, source, name)
    return delay(m, result, cycles - function.delay_cycles(source), f"{name}_padding")


def hold(m: Module, value: Value, taken: Value, name: str) -> Signal:
    """Return a register that keeps `value` from the cycle after `taken`."""
    held = Signal(value.shape(), name=name)
    with m.If(taken):
        m.d.sync += held.eq(value)
    return held
