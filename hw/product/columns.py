"""How the lanes of a multiplier array are divided among the outputs of a product.

An output is a sum over `n_in` operands. A column is a row of lanes that works on one output after
the other, at most one of which ends in a cycle. Two divisions of P lanes:

* `plain_columns`: full columns, one lane for each operand and an output every cycle, and one
  partial column with the lanes that remain. Needs exactly ``ceil(n_in * outputs / P)`` cycles.
* `unit_groups`: every column owns whole units of a recurrent layer, one gate after the other, so
  that a unit's cell needs the results of one column only. Lanes are given to the columns such that
  the slowest is as fast as possible, which costs a cycle or two (`tests/hw/test_limits.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from math import ceil, gcd
from typing import Self

import numpy as np

EXTRA_COLUMNS = 3
"""How many columns more than necessary are tried to save a cycle."""


@dataclass(frozen=True)
class Column:
    """Lanes that work on one output after the other.

    Parameters
    ----------
    lanes
        Multipliers, at most `stride`.
    stride
        Products from the begin of one output to the begin of the next: the vector's length, or
        that rounded up to whole cycles where time allows, so that no cycle holds parts of two.
    outputs
        Indices of the outputs, in order of completion.
    gates
        How many outputs in a row belong to one unit.
    """

    lanes: int
    stride: int
    outputs: tuple[int, ...]
    gates: int = 1

    @property
    def units(self) -> int:
        """Units, or plain outputs, of this column."""
        return len(self.outputs) // self.gates

    @property
    def busy_cycles(self) -> int:
        """Cycles in which the column multiplies."""
        return ceil(len(self.outputs) * self.stride / self.lanes)

    @property
    def phases(self) -> int:
        """Cycles after which the pattern of operands repeats."""
        return self.stride // gcd(self.lanes, self.stride)

    @property
    def straddles(self) -> bool:
        """Tell whether a cycle may hold the end of one output and the begin of the next."""
        return self.stride % self.lanes != 0

    def last_cycle(self, index: int) -> int:
        """Return the cycle, counted from the first, of the last product of output `index`."""
        return ceil((index + 1) * self.stride / self.lanes) - 1

    def products(self, n_in: int) -> int:
        """Return the useful products with vectors of `n_in` operands."""
        return len(self.outputs) * n_in

    def ordered(self, outputs: Sequence[int]) -> Self:
        """Return the column with its outputs in another order."""
        return replace(self, outputs=tuple(outputs))

    def ends_output(self, phase: int) -> bool:
        """Tell whether an output's last product falls into `phase`."""
        return (phase * self.lanes) % self.stride + self.lanes >= self.stride

    def belongs_to_next(self, phase: int, lane: int) -> bool:
        """Tell whether the lane's product already counts for the output after the ending one."""
        return (phase * self.lanes) % self.stride + lane >= self.stride


def best_stride(n_in: int, lanes: int, outputs: int, cycles: int) -> int:
    """Return `n_in` rounded up to whole cycles if the outputs still fit into `cycles`."""
    whole = ceil(n_in / lanes)
    return whole * lanes if whole * outputs <= cycles else n_in


def plain_columns(n_in: int, counts: tuple[int, ...], lanes: int) -> list[tuple[Column, ...]]:
    """Divide `lanes` into full columns and a partial one.

    Parameters
    ----------
    n_in
        Length of the vector.
    counts
        Outputs of each program that uses these columns.
    lanes
        Multipliers.

    Returns
    -------
    list of tuple of Column
        For each program, its outputs in ascending order on the same columns.
    """
    lanes = min(lanes, n_in * max(counts))
    full, rest = divmod(lanes, n_in)
    cycles = [ceil(n_in * count / lanes) for count in counts]
    left = [max(0, count - full * c) for count, c in zip(counts, cycles, strict=True)]
    stride = n_in
    if rest:
        whole = ceil(n_in / rest)
        if all(whole * outputs <= c for outputs, c in zip(left, cycles, strict=True)):
            stride = whole * rest
    programs = []
    for count, length in zip(counts, cycles, strict=True):
        ends = [min((c + 1) * length, count) for c in range(full)] + [count] * (rest > 0)
        rows = [tuple(range(a, b)) for a, b in pairwise([0, *ends])]
        shapes = [(n_in, n_in)] * full + [(rest, stride)] * (rest > 0)
        programs.append(tuple(Column(*s, row) for s, row in zip(shapes, rows, strict=True)))
    used = [any(p[c].outputs for p in programs) for c in range(len(programs[0]))]
    return [tuple(c for c, use in zip(p, used, strict=True) if use) for p in programs]


@dataclass(frozen=True)
class Group:
    """Units that share one cell, and the columns that compute their sums.

    Parameters
    ----------
    units
        The units, in order.
    lanes
        Lanes of each column: one that takes all gates in turn, or, where a step has fewer cycles
        than a unit has gates, several that share the gates of a single unit.
    stride
        Products for one output in each column.
    gates
        Most gates of a unit that a full column takes.
    """

    units: tuple[int, ...]
    lanes: tuple[int, ...]
    stride: tuple[int, ...]
    gates: int

    @property
    def is_serial(self) -> bool:
        """Tell whether one column takes all gates in turn."""
        return len(self.lanes) == 1

    def slots(self, order: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        """Divide a unit's gates, given in order of need, among the columns."""
        if self.is_serial:
            return (order,)
        full = max(1, len(order) // self.gates)
        early, late = order[: full * self.gates], order[full * self.gates :]
        dealt = tuple(early[column::full] for column in range(full))
        rest = (late,) if late else ()
        return (dealt + rest + ((),) * len(self.lanes))[: len(self.lanes)]


@lru_cache(maxsize=256)
def unit_groups(n_in: int, gates: int, units: int, lanes: int) -> tuple[Group, ...]:
    """Divide `lanes` among groups of whole units such that the slowest is as fast as possible.

    Of the divisions that need the fewest cycles, one with few columns is taken.
    """
    lanes = min(lanes, n_in * gates * units)
    cycles = ceil(n_in * gates * units / lanes)
    while True:
        groups = _groups(n_in, gates, units, lanes, cycles)
        if groups:
            return groups
        cycles += 1


def _groups(n_in: int, gates: int, units: int, lanes: int, cycles: int) -> tuple[Group, ...]:
    """Return groups that need `cycles`, or none if there are too few lanes."""
    if cycles < gates:
        full, rest = divmod(gates, cycles)
        columns = [n_in] * full + [ceil(rest * n_in / cycles)] * (rest > 0)
        if sum(columns) * units > lanes:
            return ()
        # Padded so that the gates which are needed last also come last.
        strides = [n_in] * full + [columns[-1] * cycles // rest for _ in range(rest > 0)]
        return tuple(Group((u,), tuple(columns), tuple(strides), cycles) for u in range(units))
    sizes = np.arange(1, min(cycles // gates, units) + 1)
    # Columns in which every output takes whole cycles need half of the adders: tried first.
    whole = -(-n_in // np.maximum(cycles // (sizes * gates), 1))
    parts = _split(units, lanes, whole) or _split(units, lanes, -(-sizes * gates * n_in // cycles))
    groups, first = [], 0
    for size, count in parts:
        stride = best_stride(n_in, count, size * gates, cycles)
        members = tuple(range(first, first + size))
        groups.append(Group(members, (count,), (stride,), gates))
        first += size
    return tuple(groups)


def _split(units: int, lanes: int, need: np.ndarray) -> list[tuple[int, int]]:
    """Divide `units` into parts that need at most `lanes`, large parts first.

    Parameters
    ----------
    need
        Lanes for a part of 1, 2, ... units; as many as a part may have.

    Returns
    -------
    list of tuple of int
        Units and lanes of each part, the fewest parts possible; empty where there are too few
        lanes.
    """
    # fewest[k][u]: fewest lanes for u units in k parts.
    fewest = [np.full(units + 1, np.iinfo(np.int64).max // 2)]
    fewest[0][0] = 0
    for _ in range(ceil(units / len(need)) + EXTRA_COLUMNS):
        table = np.full(units + 1, np.iinfo(np.int64).max // 2)
        for size, cost in enumerate(need.tolist(), start=1):
            np.minimum(table[size:], fewest[-1][: units + 1 - size] + cost, out=table[size:])
        fewest.append(table)
        if table[units] <= lanes:
            break
    else:
        return []
    result, left = [], units
    for parts in range(len(fewest) - 1, 0, -1):
        previous = fewest[parts - 1]
        for size in range(min(len(need), left), 0, -1):
            if previous[left - size] + need[size - 1] == fewest[parts][left]:
                result.append((size, int(need[size - 1])))
                left -= size
                break
    return sorted(result, reverse=True)
