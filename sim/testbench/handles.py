"""Handles of the design by name, with their kind checked once."""

from typing import SupportsInt, cast

from cocotb.handle import HierarchyObject, LogicArrayObject, LogicObject, PackedObject

Word = LogicObject | LogicArrayObject | PackedObject
"""A signal of any width; of one bit it is a `LogicObject`, from Verilator mostly `PackedObject`."""


def bit(parent: HierarchyObject, name: str) -> LogicObject:
    """Return a one-bit signal, such as a clock."""
    handle = parent[name]
    assert isinstance(handle, LogicObject), f"{name} is not one bit wide"
    return handle


def word(parent: HierarchyObject, name: str) -> Word:
    """Return a signal of any width."""
    handle = parent[name]
    assert isinstance(handle, Word), f"{name} is no signal"
    return handle


def block(parent: HierarchyObject, name: str) -> HierarchyObject:
    """Return an instance."""
    handle = parent[name]
    assert isinstance(handle, HierarchyObject), f"{name} is no instance"
    return handle


def number(signal: Word) -> int:
    """Return a signal's value; fails on X and Z."""
    return int(cast(SupportsInt, signal.value))


def inner(dut: HierarchyObject, *path: str) -> Word:
    """Return a signal inside of the design by its path, also where the netlist was flattened."""
    place = dut
    try:
        for name in path[:-1]:
            place = block(place, name)
    except KeyError:
        return word(dut, f"\\{'.'.join(path)} ")
    return word(place, path[-1])
