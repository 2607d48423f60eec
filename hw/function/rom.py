"""A table read by one index: what every tabulated function ends in."""

from collections.abc import Sequence

from amaranth.hdl import Array, Const, Module, Shape, Signal, Value
from amaranth.lib.memory import Memory

BLOCK_ROM_BITS = 2048
"""Tables from this size on are memories, which synthesis may put into block RAM; smaller ones are
multiplexers of constants, which it minimizes."""


def choose(index: Value, table: Sequence[int], shape: Shape) -> Value:
    """Return ``table[index]``, combinational; `index` is read as an unsigned number."""
    if len(table) == 1:
        return Const(table[0], shape)
    return Array(Const(entry, shape) for entry in table)[index.as_unsigned()]


def lookup(m: Module, index: Value, table: Sequence[int], shape: Shape, name: str) -> Signal:
    """Return ``table[index]`` one cycle later.

    Parameters
    ----------
    index
        Read as an unsigned number below ``len(table)``.
    table
        Codes that fit `shape`.
    name
        Prefix of the signals.
    """
    result = Signal(shape, name=f"{name}_found")
    if len(table) * shape.width < BLOCK_ROM_BITS:
        m.d.sync += result.eq(choose(index, table, shape))
        return result
    m.submodules[f"{name}_rom"] = memory = Memory(shape=shape, depth=len(table), init=table)
    port = memory.read_port()
    m.d.comb += [port.addr.eq(index.as_unsigned()), result.eq(port.data)]
    return result


def in_raw_order(width: int, signed: bool) -> range | list[int]:
    """Return the codes of a format in the order of their bits read as unsigned numbers."""
    if not signed:
        return range(1 << width)
    half = 1 << (width - 1)
    return [*range(half), *range(-half, 0)]
