"""Where the states of a recurrent layer wait for the next step of their series."""

from typing import TYPE_CHECKING

from amaranth.hdl import Array, Const, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.memory import Memory, ReadPort

from hw.layer.recurrent.projection import within
from hw.layer.recurrent.state_access import StateAccess
from hw.layer.recurrent.step_info import StepInfo
from hw.number.fixed_point import FixedPoint
from hw.pipeline import delay, low_bits

if TYPE_CHECKING:
    from hw.layer.recurrent.recurrent_cell import Arrival, Cell

REGISTERED_DEPTH = 64
"""State memories beyond this depth may become block RAM, which reads with the clock."""


class StateMemory:
    """One value for each unit of a group and each series.

    Where a series begins it is zero, or `initial`, the values of all units.
    """

    def __init__(
        self,
        cell: "Cell",
        format: FixedPoint,
        name: str,
        kind: str,
        initial: data.View | None = None,
    ) -> None:
        self._cell = cell
        self._initial = initial
        self._kind = kind
        self._name = name
        self._format = format
        self._bits = (len(cell.group.units) - 1).bit_length()
        depth = cell.spec.series << self._bits
        self._memory = Memory(shape=format.shape, depth=max(depth, 2), init=[])
        self._reads_with_clock = depth > REGISTERED_DEPTH
        cell.m.submodules[name] = self._memory

    def read(self, arrival: "Arrival", cycles: int, name: str) -> Signal:
        """Return a register with the old value of the unit of `arrival`, so many `cycles` later.

        Block RAM is slow to answer, so it is asked a cycle earlier than distributed RAM.
        """
        cell, m = self._cell, self._cell.m
        name = f"{self._name}_{name}"
        value = Signal(self._format.shape, name=name)
        now = cell.sum_delay + cycles - 1
        index = delay(m, arrival.index, cycles - 1, f"{name}_index")
        if self._reads_with_clock:
            port = self._memory.read_port()
            coming = delay(m, arrival.coming, cycles - 1, f"{name}_coming")
            m.d.comb += port.addr.eq(self._address(coming, arrival.info.at(now - 1)))
        else:
            port = self._memory.read_port(domain="comb")
            m.d.comb += port.addr.eq(self._address(index, arrival.info.at(now)))
        first = arrival.info.at(now).tag.first
        m.d.sync += value.eq(Mux(first, self._begins_with(index), port.data))
        if cell.access is not None and cell.access.kinds[0] != self._kind:
            self._show(cell.access, port)
        return value

    def _begins_with(self, index: Value) -> Value:
        if self._initial is None:
            return Const(0, self._format.shape)
        units = self._cell.group.units
        return Array(self._initial[unit] for unit in units)[index[: max(self._bits, 1)]]

    def _show(self, access: StateAccess, port: ReadPort) -> None:
        """Give a host's access the port, and its answer. States h are shown by the layer."""
        m, units = self._cell.m, self._cell.group.units
        here = Signal(name=f"{self._name}_shown")
        m.d.comb += here.eq(access.concerns(self._kind) & within(access.unit, units[0], len(units)))
        with m.If(here):
            m.d.comb += port.addr.eq(self._address_of(access))
        found: Value = port.data
        if not self._reads_with_clock:
            found = delay(m, port.data, 1, f"{self._name}_found")
        with m.If(here):
            m.d.comb += access.bus.result.eq(found)

    def write(self, valid: Value, index: Value, value: Value, step: StepInfo) -> None:
        """Store the `value` of unit `index` of the group."""
        port = self._memory.write_port()
        self._cell.m.d.comb += [
            port.addr.eq(self._address(index, step)),
            port.data.eq(value),
            port.en.eq(valid),
        ]
        access = self._cell.access
        if access is not None:
            with self._cell.m.If(access.writes(self._kind, self._cell.group.units)):
                self._cell.m.d.comb += [
                    port.addr.eq(self._address_of(access)),
                    port.data.eq(access.bus.data),
                    port.en.eq(1),
                ]

    def _address_of(self, access: StateAccess) -> Value:
        series = self._cell.spec.series
        index = (access.unit - self._cell.group.units[0], self._bits)
        return low_bits(index, (access.series, (series - 1).bit_length()))

    def _address(self, index: Value, step: StepInfo) -> Value:
        series = self._cell.spec.series
        if series == 1:
            return low_bits((index, self._bits))
        return low_bits((index, self._bits), (step.tag.series, (series - 1).bit_length()))
