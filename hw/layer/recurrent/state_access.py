"""How a host reaches the states of a recurrent layer.

Only while nothing moves in the core (`hw.top.state_port` sees to that), so the access shares the
ports of the state memories with the layer.
"""

from dataclasses import dataclass

from amaranth.hdl import Const, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hw.layer.recurrent.projection import within
from hw.memory_port import Memory, StateBus, StateInterface


def state_memory(
    units: int, kinds: tuple[str, ...], width: int, series: int, name: str, layer: str
) -> Memory:
    """Describe the states of a layer: unit in the low bits, then the kind, then the series."""
    bits = _unit_bits(units) + _kind_bits(kinds)
    of_series = f" of each of {series} series" if series > 1 else ""
    words = ", then ".join(f"{units} words of {kind}" for kind in kinds)
    return Memory(
        name,
        series << bits,
        width,
        f"states of {layer}: {words}{of_series}, each block of words from a multiple of "
        f"{1 << _unit_bits(units)} on, each series from a multiple of {1 << bits} on",
    )


def _unit_bits(units: int) -> int:
    return (units - 1).bit_length()


def _kind_bits(kinds: tuple[str, ...]) -> int:
    return (len(kinds) - 1).bit_length()


@dataclass(frozen=True, eq=False)
class StateAccess:
    """The address of a host's access, taken apart.

    Parameters
    ----------
    bus
        What the host asks for.
    units
        Of the layer.
    kinds
        Of states.
    """

    bus: StateInterface
    units: int
    kinds: tuple[str, ...]

    @property
    def unit(self) -> Value:
        """Which unit; at least one bit."""
        bits = _unit_bits(self.units)
        return self.bus.address[:bits] if bits else Const(0, 1)

    @property
    def series(self) -> Value:
        """Which series; meaningless where there is one."""
        return self.bus.address[_unit_bits(self.units) + _kind_bits(self.kinds) :]

    def concerns(self, kind: str) -> Value:
        """Tell whether the access is to states of `kind`."""
        place = _unit_bits(self.units)
        if len(self.kinds) == 1:
            return self.bus.active
        return self.bus.active & (self.bus.address[place] == self.kinds.index(kind))

    def writes(self, kind: str, units: tuple[int, ...]) -> Value:
        """Tell whether one of consecutive `units` is written."""
        return self.concerns(kind) & self.bus.write & within(self.unit, units[0], len(units))


def bus_members(memory: Memory | None) -> dict[str, wiring.Member]:
    """Return the member through which a block is asked for its states; none without a memory."""
    return {} if memory is None else {"state_bus": In(StateBus(memory))}
