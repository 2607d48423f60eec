"""Sums of many numbers in a few registered stages."""

from collections.abc import Sequence
from math import ceil

from amaranth.hdl import Const, Module, Shape, Signal, Value

from hw.pipeline import delay

RADIX = 4
"""Addends summed between two registers: two carry chains deep."""


def tree_stages(addends: int) -> int:
    """Return the registers of a tree that takes `RADIX` addends a stage."""
    stages = 0
    while addends > 1:
        addends, stages = ceil(addends / RADIX), stages + 1
    return stages


def adder_tree(m: Module, addends: Sequence[Signal], shape: Shape, stages: int, name: str) -> Value:
    """Sum `addends` into `shape`, which must hold every partial sum, in exactly `stages` stages."""
    if not addends:
        return Const(0, 1)
    level = list(addends)
    for stage in range(tree_stages(len(level))):
        totals: list[Signal] = []
        for first in range(0, len(level), RADIX):
            group = level[first : first + RADIX]
            total = Signal(shape, name=f"{name}_{stage}_{first}")
            m.d.sync += total.eq(sum(group[1:], start=group[0]))
            totals.append(total)
        level = totals
    return delay(m, level[0], stages - tree_stages(len(addends)), f"{name}_pad")
