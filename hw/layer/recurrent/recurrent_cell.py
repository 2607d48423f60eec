"""What the cell of a recurrent layer sees: sums, the step's tag, states of the series."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from amaranth.hdl import Array, Const, Module, Mux, Signal, Value
from amaranth.lib import data

from hw.function.pointwise import Pointwise
from hw.layer.dense.dense import Dense
from hw.layer.recurrent.projection import ProjectionStore
from hw.layer.recurrent.state_access import StateAccess
from hw.layer.recurrent.state_memory import StateMemory
from hw.layer.recurrent.step import StepPlan
from hw.layer.recurrent.step_info import Info
from hw.memory_port import Memory as HostMemory
from hw.number.fixed_point import FixedPoint
from hw.pipeline import delay
from hw.product.bank import Lookup, Result
from hw.product.columns import Group
from hw.product.model_store import ModelStore, ModelTable
from hw.stream import Port


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
    @cached_property
    def hidden(self) -> FixedPoint: ...
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
    def input_bias(self) -> np.ndarray:
        """Biases of the input product in the order of its programs, on its output's grid."""
        ...

    @property
    def gate_reuse(self) -> tuple[int, ...]: ...
    @property
    def reloadable(self) -> bool: ...
    @property
    def state_kinds(self) -> tuple[str, ...]: ...
    def state_memory(self, name: str, layer: str) -> HostMemory | None: ...
    @cached_property
    def model_tables(self) -> tuple[ModelTable, ...]: ...
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
    given
        What of the unit leaves the layer, in its output's format, where that is not just `value`.
    """

    valid: Value
    index: Value
    value: Signal
    units: tuple[int, ...]
    after: int
    given: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Arrival:
    """The sums of one gate: `total` of unit ``units[index]`` while `valid`.

    Parameters
    ----------
    coming
        `index` a cycle early.
    info
        Of the step, `sum_delay` cycles after its operands.
    """

    valid: Value
    index: Value
    coming: Value
    total: Signal
    info: Info


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
    infos
        Of the step, for each recurrent program.
    projections
        Sums of the input product.
    store
        The tables of a reloadable layer.
    access
        How a host reaches the states.
    initial
        What each state begins a window with, by unit; none where it is zero.
    """

    m: Module
    spec: RecurrentSpec
    group: Group
    columns: tuple[tuple[Lookup, Result], ...]
    infos: tuple[Info, ...]
    projections: ProjectionStore
    store: ModelStore | None = None
    access: StateAccess | None = None
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
        return Arrival(valid, result.unit, result.coming, code, self.infos[program])

    def first_sums(
        self,
        lookup: Lookup,
        slots: tuple[int, ...],
        base: int,
        ranks: dict[int, int],
        name: str,
        program: int = 0,
    ) -> Value:
        """Return the input sums that a column's sums begin with.

        Parameters
        ----------
        slots
            The gates of the column.
        base
            First of the group's input sums, where they are in unit-major order.
        ranks
            Place of each gate within a unit.
        program
            Recurrent program whose sums they are.
        """
        bank = self.infos[program].at(self.sum_delay - 3).bank
        if self.spec.gate_reuse and len(ranks) > 1:
            return self._sums_by_gate(lookup, [ranks[gate] for gate in slots], bank, name)
        stride = len(ranks)
        count = stride * len(self.group.units)
        places = Array(Const(ranks[gate], range(max(stride, 2))) for gate in slots)
        address = Signal(range(max(count, 2)), name=f"{name}_address")
        self.m.d.comb += address.eq(lookup.unit * stride + places[lookup.slot])
        return self.projections.read(self.m, base, count, address, bank, name)

    def _sums_by_gate(self, lookup: Lookup, ranks: list[int], bank: Value, name: str) -> Value:
        """Return the same where input sums are in gate-major order, `ranks` by slot."""
        m, units = self.m, self.group.units
        slot = delay(m, lookup.slot, 1, f"{name}_slot")
        values = [
            self.projections.read(
                m,
                rank * self.spec.units + units[0],
                len(units),
                lookup.unit,
                bank,
                f"{name}_{place}",
            )
            for place, rank in enumerate(ranks)
        ]
        return Array(values)[slot]

    def memory(self, format: FixedPoint, name: str, kind: str = "h") -> StateMemory:
        """Add a memory of one value for each unit and series: states of `kind`."""
        initial = None
        if self.initial:
            initial = self.initial[self.spec.state_kinds.index(kind)]
        return StateMemory(self, format, f"{self.name}_{name}", kind, initial)


def gather(
    m: Module,
    states: Sequence[NewState],
    values: Sequence[Value],
    name: str,
    access: StateAccess | None = None,
) -> list[Signal]:
    """Collect `values`, one for each group, by unit; a host may write them through `access`.

    Returns
    -------
    list of Signal
        The newest value of every unit, from the cycle on in which its group is finished.
    """
    newest: dict[int, Signal] = {}
    for state, value in zip(states, values, strict=True):
        for index, unit in enumerate(state.units):
            kept = Signal(value.shape(), name=f"kept_{name}{unit}")
            chosen = Signal(name=f"{name}{unit}_done")
            m.d.comb += chosen.eq(state.valid & (state.index == index))
            if access is None and index < len(state.units) - 1:
                # Only a group's last unit is wanted in the cycle in which it is finished.
                with m.If(chosen):
                    m.d.sync += kept.eq(value)
                newest[unit] = kept
                continue
            updated = Signal(value.shape(), name=f"updated_{name}{unit}")
            m.d.comb += updated.eq(Mux(chosen, value, kept))
            if access is not None:
                with m.If(access.writes("h", (unit,))):
                    m.d.comb += updated.eq(access.bus.data)
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
