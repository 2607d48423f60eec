"""What the cell of a delta layer sees: the sums of a unit, and memories for its states."""

from dataclasses import dataclass

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.memory import Memory

from hw.number.fixed_point import FixedPoint
from hw.pipeline import delay


class UnitMemory:
    """A value for each unit of a cell, kept from step to step; zero where a window begins."""

    def __init__(self, cell: "DeltaCell", format: FixedPoint, name: str) -> None:
        self._cell, self._format = cell, format
        self._name = f"{cell.name}_{name}"
        self._memory = Memory(shape=format.shape, depth=max(cell.units, 2), init=[])
        cell.m.submodules[self._name] = self._memory

    def read(self, after: int) -> Signal:
        """Return the unit's value, ``after + 1`` cycles behind its sums."""
        m, port = self._cell.m, self._memory.read_port(domain="comb")
        value = Signal(self._format.shape, name=f"{self._name}_read")
        m.d.comb += port.addr.eq(delay(m, self._cell.index, after, f"{self._name}_read_index"))
        m.d.sync += value.eq(Mux(self._cell.first, 0, port.data))
        return value

    def write(self, value: Value, after: int) -> None:
        """Store the unit's value, `after` cycles behind its sums."""
        m, port = self._cell.m, self._memory.write_port()
        m.d.comb += [
            port.addr.eq(delay(m, self._cell.index, after, f"{self._name}_write_index")),
            port.en.eq(delay(m, self._cell.valid, after, f"{self._name}_write")),
            port.data.eq(value),
        ]


@dataclass(frozen=True)
class DeltaCell:
    """What the hardware of a cell sees: while `valid`, the sums of the unit numbered `index`.

    Parameters
    ----------
    m
        The block's module.
    number
        Of the cell.
    units
        Units of the cell.
    grid
        Format of the sums.
    sums, late
        Of every gate; and of the one that is kept apart, if there is one.
    first
        Whether the step is the first of its window.
    """

    m: Module
    number: int
    units: int
    grid: FixedPoint
    sums: tuple[Value, ...]
    late: Value | None
    valid: Value
    index: Value
    first: Value

    @property
    def name(self) -> str:
        """Prefix of the signals."""
        return f"cell{self.number}"

    def sum(self, gate: int, format: FixedPoint) -> Signal:
        """Return the sum of a gate, on a grid that holds it exactly."""
        return self._on_grid(self.sums[gate], format, f"{self.name}_sum{gate}")

    def late_sum(self, format: FixedPoint) -> Signal:
        """Return the sum that is kept apart."""
        assert self.late is not None
        return self._on_grid(self.late, format, f"{self.name}_late_sum")

    def memory(self, format: FixedPoint, name: str) -> UnitMemory:
        """Add a memory."""
        return UnitMemory(self, format, name)

    def _on_grid(self, value: Value, format: FixedPoint, name: str) -> Signal:
        result = Signal(format.shape, name=name)
        self.m.d.comb += result.eq(value >> (self.grid.fraction - format.fraction))
        return result
