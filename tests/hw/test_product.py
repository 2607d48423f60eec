"""The schedule of folded products: every product once, as few cycles as the lanes allow."""

from math import ceil

import numpy as np
import pytest

from hw import ChronogateError, FixedPoint
from hw.product.array import weight_table
from hw.product.columns import Column, plain_columns, unit_groups
from hw.product.folded import (
    ArrayPlan,
    Program,
    exact_matmul,
    lanes_for,
    plain_programs,
    product_sum_format,
    tree_radix,
    tree_stages,
)

GRID = FixedPoint(8, 4)


def check_program(program: Program, plan: ArrayPlan) -> None:
    """Every weight stands once in the memory, in front of its operand's place in the ring."""
    table = weight_table(plan, program)
    kernel = program.kernel
    assert sorted(table[table != 0]) == sorted(kernel.ravel())
    lane = 0
    for column in program.columns:
        for cycle in range(program.busy_cycles):
            for place in range(column.lanes):
                weight = table[cycle, lane + place]
                if weight:
                    row = (cycle * column.lanes + place) % column.stride
                    assert weight in kernel[row]
        lane += column.lanes


@pytest.mark.parametrize("n_in", [1, 2, 5, 6])
@pytest.mark.parametrize("outputs", [1, 3, 4, 7])
def test_every_product_is_scheduled_once(n_in: int, outputs: int) -> None:
    kernel = np.arange(1, n_in * outputs + 1).reshape(n_in, outputs)
    for reuse in range(1, n_in * outputs + 4):
        lanes = lanes_for(kernel.size, reuse)
        (program,) = plain_programs([kernel], GRID, FixedPoint(16, 8), GRID, lanes)
        plan = ArrayPlan(((program,),))
        assert plan.multipliers <= lanes == ceil(n_in * outputs / reuse)
        assert program.busy_cycles == ceil(n_in * outputs / lanes) <= reuse
        done = [output for column in program.columns for output in column.outputs]
        assert sorted(done) == list(range(outputs))
        check_program(program, plan)


@pytest.mark.parametrize(("counts", "lanes"), [((7, 3), 5), ((2, 9), 8), ((12, 4), 40)])
def test_programs_of_a_bank_have_the_same_columns(counts: tuple[int, int], lanes: int) -> None:
    n_in = 4
    rows = plain_columns(n_in, counts, lanes)
    shapes = [[(c.lanes, c.stride) for c in row] for row in rows]
    assert shapes[0] == shapes[1]
    for row, count in zip(rows, counts, strict=True):
        assert sorted(o for c in row for o in c.outputs) == list(range(count))
        assert max(c.busy_cycles for c in row) <= ceil(
            n_in * count / min(lanes, n_in * max(counts))
        )


@pytest.mark.parametrize("gates", [1, 2, 3, 4])
@pytest.mark.parametrize("units", [1, 5, 8, 20])
def test_units_stay_whole(gates: int, units: int) -> None:
    for lanes in [*range(1, 40), 100, 400, gates * units * units]:
        groups = unit_groups(units, gates, units, lanes)
        assert sum(sum(group.lanes) for group in groups) <= lanes
        assert [u for group in groups for u in group.units] == list(range(units))
        busy = 0
        for group in groups:
            slots = group.slots(tuple(range(gates)))
            assert sorted(gate for column in slots for gate in column) == list(range(gates))
            for count, stride, gates_of in zip(group.lanes, group.stride, slots, strict=True):
                assert units <= stride
                assert count <= stride
                outputs = tuple(range(len(group.units) * len(gates_of)))
                busy = max(busy, Column(count, stride, outputs).busy_cycles)
        assert busy <= ceil(gates * units * units / min(lanes, gates * units**2)) + 3


def test_tree_stages() -> None:
    assert [tree_stages(n) for n in (1, 2, 4, 5, 16, 17, 64, 65, 128)] == [
        0,
        1,
        1,
        2,
        2,
        3,
        3,
        3,
        3,
    ]
    assert [tree_radix(n) for n in (64, 65, 125, 126)] == [4, 5, 5, 6]


def test_reuse_below_one_is_refused() -> None:
    with pytest.raises(ChronogateError, match="use 1 or more"):
        lanes_for(4, 0)


def test_wide_sums_do_not_go_through_float64() -> None:
    codes = np.array([[2**40 + 1, 1]])
    kernel = np.array([[2**20 + 1], [1]])
    assert exact_matmul(codes, kernel, FixedPoint(63, 63)).item() == (2**40 + 1) * (2**20 + 1) + 1


def test_sums_beyond_63_bits_are_refused() -> None:
    with pytest.raises(ChronogateError, match="63"):
        product_sum_format(np.full((4, 1), 2**38), FixedPoint(30, 30), FixedPoint(40, 40))
