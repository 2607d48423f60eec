"""Registers in a row, pulses that come later, small tables."""

from collections.abc import Iterable, Sequence

from amaranth.hdl import Array, Cat, Const, Module, Mux, Shape, Signal, Value
from amaranth.lib import data
from amaranth.lib.memory import Memory

LINE_CYCLES = 4
"""Up to this many cycles a pulse goes through registers; beyond, it is counted."""

TABLE_DEPTH = 16
"""Constants up to this number become logic: a LUT holds 16 bits."""

BLOCK_ROM_BITS = 512
"""Memories of constants from this size on go into block RAM."""


def delay(m: Module, value: Value, cycles: int, name: str) -> Value:
    """Return `value` as it was `cycles` cycles ago."""
    for stage in range(cycles):
        register = Signal(value.shape(), name=f"{name}_delay{stage}")
        m.d.sync += register.eq(value)
        value = register
    return value


def later(
    m: Module, pulse: Value, payload: Value, cycles: int, interval: int, name: str
) -> tuple[Value, Value]:
    """Return a pulse `cycles` after each `pulse`, and the payload that came with it.

    Parameters
    ----------
    pulse, payload
        High for one cycle, and what is valid in that cycle.
    cycles
        Delay.
    interval
        Fewest cycles between two pulses.

    Returns
    -------
    tuple of Value
        The later pulse, and the payload, valid in its cycle.
    """
    if cycles <= LINE_CYCLES:
        return delay(m, pulse, cycles, f"{name}_pulse"), delay(m, payload, cycles, name)
    part = min(cycles, interval)
    if part <= LINE_CYCLES:
        # Pulses come so fast that a counter would have to be restarted before it is done.
        return delay(m, pulse, cycles, f"{name}_pulse"), delay(m, payload, cycles, name)
    count = Signal(range(part + 1), name=f"{name}_count")
    held = Signal(payload.shape(), name=f"{name}_held")
    with m.If(pulse):
        m.d.sync += [count.eq(1), held.eq(payload)]
    with m.Elif((count != 0) & (count != part)):
        m.d.sync += count.eq(count + 1)
    with m.Else():
        m.d.sync += count.eq(0)
    due = Signal(name=f"{name}_due{cycles}")
    m.d.comb += due.eq(count == part)
    return later(m, due, held, cycles - part, interval, f"{name}_then")


def gathered(vector: data.View, places: Iterable[int]) -> Value:
    """Return the values of `vector` at some places, the first in the low bits."""
    return Cat(Cat(vector[int(place)]) for place in places)


def multiplexed(choices: list[Value], select: Value) -> Value:
    """Return ``choices[select]``; two by two, which takes up to half the LUTs of a case."""
    for bit in range(len(select)):
        pairs = zip(choices[::2], choices[1::2], strict=False)
        single = choices[-1:] if len(choices) % 2 else []
        choices = [*(Mux(select[bit], odd, even) for even, odd in pairs), *single]
    return choices[0]


def low_bits(*parts: tuple[Value, int]) -> Value:
    """Join the lowest bits of several values, the first one lowest; at least one bit.

    Nothing of width zero is made: Verilog has no such wires.
    """
    return (
        Cat(*(value[:bits] for value, bits in parts if bits))
        if any(bits for _, bits in parts)
        else Const(0, 1)
    )


def table(m: Module, index: Value, values: Sequence[bool], name: str) -> Signal:
    """Return a combinational table of one bit."""
    result = Signal(name=name)
    if len(set(values)) == 1:
        m.d.comb += result.eq(values[0])
    else:
        m.d.comb += result.eq(Array(Const(value, 1) for value in values)[index])
    return result


def constants(m: Module, index: Value, values: Sequence[int], shape: Shape, name: str) -> Value:
    """Return ``values[index]`` of the cycle before: a register, or a memory where it is large."""
    if len(values) <= TABLE_DEPTH:
        result = Signal(shape, name=name)
        m.d.sync += result.eq(Array(Const(value, shape) for value in values)[index])
        return result
    block = len(values) * shape.width >= BLOCK_ROM_BITS
    memory = Memory(
        shape=shape,
        depth=len(values),
        init=values,
        attrs={"rom_style": "block"} if block else {},
    )
    m.submodules[f"{name}_table"] = memory
    port = memory.read_port()
    m.d.comb += port.addr.eq(index)
    return port.data
