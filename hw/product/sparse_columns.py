"""Columns of lanes that skip zero weights, for arrays that run several programs.

A column works on one output after the other, as those of `hw.product.columns` do, but each output
takes only as many cycles as its nonzero weights need, at least one, and begins in a cycle of its
own. With one lane nothing is lost; with more, an output's last cycle may be partly empty. Operands
no longer come in the ring's order: a lane chooses among those inputs that it ever needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil
from typing import Self

import numpy as np

from hw.product.columns import EXTRA_COLUMNS, Column, Group

COLUMN_GAIN = 32
"""A column more than necessary must save one of so many cycles: each takes a cell of its own."""


@dataclass(frozen=True)
class SparseColumn(Column):
    """Lanes that work on one output after the other, each as long as its weights need.

    `stride` means nothing here and is zero.

    Parameters
    ----------
    taps
        For each output, in the order of completion, the inputs with a weight.
    """

    taps: tuple[tuple[int, ...], ...] = ()

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """For each output, the cycle behind its last product."""
        cycles = [max(ceil(len(rows) / self.lanes), 1) for rows in self.taps]
        return tuple(int(end) for end in np.cumsum(cycles))

    @property
    def busy_cycles(self) -> int:
        return self.ends[-1] if self.ends else 0

    @property
    def straddles(self) -> bool:
        return False

    def last_cycle(self, index: int) -> int:
        return self.ends[index] - 1 if index >= 0 else -1

    def products(self, n_in: int) -> int:
        return sum(len(rows) for rows in self.taps)

    def ordered(self, outputs: Sequence[int]) -> Self:
        taps = dict(zip(self.outputs, self.taps, strict=True))
        return replace(self, outputs=tuple(outputs), taps=tuple(taps[o] for o in outputs))

    def slots(self) -> list[tuple[int, int, int, int]]:
        """Return cycle, lane, output and input of every product."""
        begins = [0, *self.ends]
        return [
            (begin + place // self.lanes, place % self.lanes, output, row)
            for begin, output, rows in zip(begins, self.outputs, self.taps, strict=False)
            for place, row in enumerate(rows)
        ]


def sparse_column(
    kernel: np.ndarray, lanes: int, outputs: Sequence[int], gates: int = 1
) -> SparseColumn:
    """Return the column that computes `outputs` of a kernel ``(n_in, ...)``, in this order."""
    taps = tuple(tuple(np.flatnonzero(kernel[:, output]).tolist()) for output in outputs)
    return SparseColumn(lanes, 0, tuple(outputs), gates, taps)


def sparse_groups(kernel: np.ndarray, gates: int, units: int, lanes: int) -> tuple[Group, ...]:
    """Divide `lanes` among groups of whole units, as `hw.product.columns.unit_groups` does.

    Parameters
    ----------
    kernel
        int64 codes ``(n_in, gates * units)`` of all gates that the columns compute, by gate.
    gates
        Of a unit; how many of them a column takes in one program.
    """
    counts = np.count_nonzero(kernel, axis=0).reshape(-1, units)
    parts = _divide(_cycles_by_lanes(counts), lanes)
    groups, first = [], 0
    for size, width in parts:
        groups.append(Group(tuple(range(first, first + size)), (width,), (0,), gates))
        first += size
    return tuple(groups)


def sparse_columns(kernels: Sequence[np.ndarray], lanes: int) -> list[tuple[SparseColumn, ...]]:
    """Divide `lanes` among the outputs of the programs of a bank.

    Parameters
    ----------
    kernels
        int64 codes ``(n_in, outputs)`` of each program; the largest decides on the columns.

    Returns
    -------
    list of tuple of SparseColumn
        For each program, its outputs in ascending order on columns of the same lanes.
    """
    costs = [_cycles_by_lanes(np.count_nonzero(kernel, axis=0)[np.newaxis]) for kernel in kernels]
    largest = max(range(len(kernels)), key=lambda i: int(costs[i][0].sum()))
    widths = [width for _, width in _divide(costs[largest], lanes)]
    programs = []
    for kernel, cost in zip(kernels, costs, strict=True):
        sizes, first, columns = _fill(cost, widths), 0, []
        for size, width in zip(sizes, widths, strict=True):
            columns.append(sparse_column(kernel, width, range(first, first + size)))
            first += size
        programs.append(tuple(columns))
    return programs


def _cycles_by_lanes(counts: np.ndarray) -> np.ndarray:
    """Return the cycles of each unit on a column of 1, 2, ... lanes, int64 ``(lanes, units)``.

    Parameters
    ----------
    counts
        Nonzero weights of each gate and unit, int64 ``(gates, units)``.
    """
    widths = np.arange(1, max(int(counts.max(initial=1)), 1) + 1)[:, np.newaxis, np.newaxis]
    return np.maximum(-(-counts // widths), 1).sum(axis=1)


def _divide(costs: np.ndarray, lanes: int) -> list[tuple[int, int]]:
    """Divide units among few columns such that the slowest is about as fast as possible.

    Returns
    -------
    list of tuple of int
        Units and lanes of each column, in the order of the units.
    """
    low, high = int(costs[-1].max()), int(costs[0].sum())
    while low < high:
        middle = (low + high) // 2
        if _within(costs, lanes, middle):
            high = middle
        else:
            low = middle + 1
    # More cycles allow fewer columns, which may be too few.
    return _within(costs, lanes, low + low // COLUMN_GAIN) or _within(costs, lanes, low)


def _within(costs: np.ndarray, lanes: int, cycles: int) -> list[tuple[int, int]]:
    """Return the fewest columns that need no more than so many cycles and lanes, or none."""
    widths, units = costs.shape
    sums = np.concatenate([np.zeros((widths, 1), np.int64), np.cumsum(costs, axis=1)], axis=1)
    # reach[w][u]: the unit behind the last one of a column of w + 1 lanes that begins with u.
    reach = np.array([np.searchsorted(row, row[:-1] + cycles, side="right") - 1 for row in sums])
    never = np.iinfo(np.int64).max // 2
    # fewest[k][u]: fewest lanes for the first u units in k columns.
    fewest = [np.full(units + 1, never)]
    fewest[0][0] = 0
    for _ in range(ceil(units / max(int((reach[-1] - np.arange(units)).max()), 1)) + EXTRA_COLUMNS):
        table = np.full(units + 1, never)
        for width, ends in enumerate(reach, start=1):
            goes = ends > np.arange(units)
            np.minimum.at(table, ends[goes], fewest[-1][:-1][goes] + width)
        fewest.append(table)
        if table[units] <= lanes:
            return _traced(fewest, reach)
    return []


def _traced(fewest: Sequence[np.ndarray], reach: np.ndarray) -> list[tuple[int, int]]:
    """Return the columns that lead to the last entry of the last table."""
    parts, end = [], len(fewest[0]) - 1
    for before, table in zip(reversed(fewest[:-1]), reversed(fewest[1:]), strict=True):
        lanes = before[:-1] + np.arange(1, len(reach) + 1)[:, np.newaxis]
        width, start = np.argwhere((reach == end) & (lanes == table[end]))[0].tolist()
        parts.append((end - start, width + 1))
        end = start
    return parts[::-1]


def _fill(costs: np.ndarray, widths: Sequence[int]) -> list[int]:
    """Deal units in order to columns of given lanes such that the slowest is as early as can be."""
    rows = [costs[min(width, len(costs)) - 1] for width in widths]
    low, high = 0, int(costs[0].sum())
    while low < high:
        middle = (low + high) // 2
        if sum(_deal(rows, middle)) == costs.shape[1]:
            high = middle
        else:
            low = middle + 1
    return _deal(rows, low)


def _deal(rows: Sequence[np.ndarray], cycles: int) -> list[int]:
    sizes, first = [], 0
    for row in rows:
        size = int(np.searchsorted(np.cumsum(row[first:]), cycles, side="right"))
        sizes.append(size)
        first += size
    return sizes
