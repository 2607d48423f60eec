"""In which order the outputs of a recurrent layer's products come, and when they are wanted."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hw.product.columns import Column, Group
from hw.product.folded import Program

if TYPE_CHECKING:
    from hw.layer.recurrent.step import StepPlan

NEVER = 1 << 40
"""The need of an input sum that a program does not use."""


def recurrent_columns(
    groups: Sequence[Group], units: int, order: tuple[int, ...]
) -> tuple[Column, ...]:
    """Return the columns of a recurrent program that computes the gates in `order`.

    Outputs are numbered as in Keras: ``gate * units + unit``.
    """
    return tuple(
        Column(
            lanes,
            stride,
            tuple(gate * units + unit for unit in group.units for gate in slots),
            max(len(slots), 1),
        )
        for group in groups
        for lanes, stride, slots in zip(group.lanes, group.stride, group.slots(order), strict=True)
    )


def begin_cycles(columns: Sequence[Column], outputs: int) -> np.ndarray:
    """Return for every output the cycle before its first product; `NEVER` where it has none."""
    result = np.full(outputs, NEVER, dtype=np.int64)
    for column in columns:
        for index, output in enumerate(column.outputs):
            result[output] = column.last_cycle(index - 1)
    return result


def in_order_of_need(program: Program, need: np.ndarray, starts: Sequence[int]) -> Program:
    """Let every column of an input program begin with what is needed first.

    Parameters
    ----------
    need
        Cycle in which every output is wanted.
    starts
        Outputs at which the order may be cut, so that few memories hold the result.
    """
    cuts = set(starts)
    columns = []
    for column in program.columns:
        pieces: list[list[int]] = []
        for output in column.outputs:
            if not pieces or output in cuts:
                pieces.append([])
            pieces[-1].append(output)
        pieces.sort(key=lambda piece: int(need[piece[0]]))
        order = tuple(output for piece in pieces for output in piece)
        columns.append(column.ordered(order))
    return Program(
        program.kernel, program.input, program.kernel_format, program.total, tuple(columns)
    )


def column_biases(plan: "StepPlan", bias: np.ndarray) -> list[tuple[list[int], list[int]]]:
    """Return what the sums of each column of the input product begin with.

    Parameters
    ----------
    plan
        Of the layer.
    bias
        In the order of the input programs' outputs.

    Returns
    -------
    list of tuple
        For each column the biases of all programs, one after the other, and where each program's
        begin.
    """
    found = []
    for index in range(len(plan.inputs[0].columns)):
        values: list[int] = []
        offsets: list[int] = []
        begin = 0
        for program in plan.inputs:
            offsets.append(len(values))
            values += [int(bias[begin + output]) for output in program.columns[index].outputs]
            begin += program.kernel.shape[1]
        found.append((values, offsets))
    return found
