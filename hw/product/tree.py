"""Adder trees, and which output the products of a cycle belong to."""

from math import ceil

from amaranth.hdl import Const, Module, Mux, Shape, Signal, Value

from hw.pipeline import delay, table
from hw.product.columns import Column
from hw.product.folded import tree_radix


def phase_counter(m: Module, column: Column, begin: Value, name: str) -> Signal:
    """Count the cycles of a column's pattern, from zero in the cycle after `begin`."""
    phase = Signal(range(max(column.phases, 2)), name=name)
    if column.phases > 1:
        wrap = (phase == column.phases - 1) | begin
        m.d.sync += phase.eq(Mux(wrap, 0, phase + 1))
    return phase


def split(
    m: Module, column: Column, products: list[Signal], mask: Value, name: str
) -> tuple[list[Signal], list[Signal]]:
    """Part the products of a cycle by the output that they belong to."""
    if not column.straddles:
        return products, []
    phase = phase_counter(m, column, mask, f"{name}_mask_phase")
    this, following = [], []
    for lane, product in enumerate(products):
        late = [column.belongs_to_next(p, lane) for p in range(column.phases)]
        if not any(late):
            this.append(product)
            continue
        # Counted a cycle ahead, so that the products go through one gate only.
        next_output = delay(m, table(m, phase, late, f"{name}_next{lane}"), 1, f"{name}_next{lane}")
        masked = [Signal.like(product, name=f"{name}_masked{lane}_{i}") for i in range(2)]
        m.d.comb += [
            masked[0].eq(Mux(next_output, 0, product)),
            masked[1].eq(Mux(next_output, product, 0)),
        ]
        this.append(masked[0])
        following.append(masked[1])
    return this, following


def adder_tree(
    m: Module, addends: list[Signal], shape: Shape, stages: int, lanes: int, name: str
) -> Value:
    """Sum `addends` in exactly `stages` registered stages."""
    if not addends:
        return Const(0, 1)
    radix = tree_radix(lanes)
    level: list[Signal] = addends
    stage = 0
    while len(level) > 1:
        following = []
        for i in range(ceil(len(level) / radix)):
            group = level[i * radix : (i + 1) * radix]
            total = Signal(shape, name=f"{name}_{stage}_{i}")
            m.d.sync += total.eq(sum(group[1:], start=group[0]))
            following.append(total)
        level, stage = following, stage + 1
    return delay(m, level[0], stages - stage, f"{name}_pad")
