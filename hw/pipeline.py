"""Registers in a row."""

from amaranth.hdl import Module, Signal, Value


def delay(m: Module, value: Value, cycles: int, name: str) -> Value:
    """Return `value` as it was `cycles` cycles ago."""
    for stage in range(cycles):
        register = Signal(value.shape(), name=f"{name}_delay{stage}")
        m.d.sync += register.eq(value)
        value = register
    return value
