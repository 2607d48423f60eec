"""Where the registers of an adder graph go: the fewest bits for a given number of stages.

A linear program in the manner of Leiserson and Saxe, "Retiming synchronous circuitry" (1991):
every sum gets a stage, no stage holds a path of more adders than allowed, and the cost is the
registers that carry values from their stage to the last one that uses them. All constraints are
differences, so the optimum is whole by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np

from hw.errors import ChronogateError
from hw.product.adder_graph import AdderGraph, width_of


@dataclass(frozen=True, eq=False)
class StagedGraph:
    """An adder graph and the number of registers on every path through it.

    Parameters
    ----------
    graph
        What is computed.
    registers
        Registers between an input and an output; the interval is one cycle whatever they are.
    registered_output
        Whether the last of them is at the outputs. Otherwise the outputs are combinational.
    input_levels, output_levels
        What the logic in front of the inputs, and behind combinational outputs, counts as: adders.

    Raises
    ------
    ChronogateError
        When there is no register for a registered output.
    """

    graph: AdderGraph
    registers: int
    registered_output: bool = True
    input_levels: int = 0
    output_levels: int = 1

    def __post_init__(self) -> None:
        if self.registers < self.registered_output:
            raise ChronogateError(
                f"an unrolled product cannot have {self.registers} registers: use at least one, "
                "or none and no registered output"
            )

    @property
    def levels(self) -> int:
        """Most adders between two registers: the depth, spread evenly over the stages."""
        depth = self.graph.depth + self.input_levels
        if self.registered_output:
            return max(ceil(depth / self.registers), 1)
        return max(ceil((depth + self.output_levels) / (self.registers + 1)), 1)

    @cached_property
    def stages(self) -> tuple[int, ...]:
        """For each value, inputs first, the registers in front of it."""
        n_in = len(self.graph.inputs)
        if self.registers <= self.registered_output:
            return (0,) * (n_in + len(self.graph.sums))
        return (0,) * n_in + _place(self)

    @cached_property
    def last_uses(self) -> tuple[int, ...]:
        """For each value, the last stage that takes it; `registers` for an output."""
        last = list(self.stages)
        for index in range(len(self.graph.inputs), len(last)):
            for term in self.graph.terms_of(index):
                last[term.source] = max(last[term.source], self.stages[index])
        for term in self.graph.outputs:
            last[term.source] = self.registers
        return tuple(last)

    @property
    def register_bits(self) -> int:
        """Flip-flops of all registers."""
        return sum(
            width_of(ends) * (last - stage)
            for ends, stage, last in zip(
                self.graph.ranges, self.stages, self.last_uses, strict=True
            )
            if ends[0] != ends[1]
        )


def registers_for(depth: int, levels: int, registered_output: bool = True) -> int:
    """Return the fewest registers that leave at most `levels` adders between two of them."""
    if registered_output:
        return max(1, ceil(depth / levels))
    return max(0, ceil((depth + 1) / levels) - 1)


def _place(staged: StagedGraph) -> tuple[int, ...]:
    """Solve the linear program; returns the stage of every sum."""
    # Only here, since it takes a fraction of a second and folded designs never need it.
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    graph, n_in = staged.graph, len(staged.graph.inputs)
    count = n_in + len(graph.sums)
    # Variables: the stage of each value, then its last use. A row says second >= first + gap.
    rows: list[tuple[int, int, int]] = []
    for index in range(n_in, count):
        for term in graph.terms_of(index):
            rows.append((term.source, index, 0))
            rows.append((index, count + term.source, 0))
    rows += [(index, count + index, 0) for index in range(count)]
    rows += [(early, late, 1) for early, late in _apart(staged)]
    first, second, gaps = np.array(rows).T
    lines = np.arange(len(rows))
    differences = coo_array(
        (
            np.concatenate([np.ones(len(rows)), -np.ones(len(rows))]),
            (np.concatenate([lines, lines]), np.concatenate([first, second])),
        ),
        shape=(len(rows), 2 * count),
    )
    widths = np.array([width_of(ends) * (ends[0] != ends[1]) for ends in graph.ranges])
    result = linprog(
        np.concatenate([-widths, widths]),
        A_ub=differences.tocsr(),
        b_ub=-gaps,
        bounds=_bounds(staged),
        method="highs",
    )
    if result.x is None:
        raise RuntimeError(f"no place for {staged.registers} registers: {result.message}")
    return tuple(int(stage) for stage in np.rint(result.x[n_in:count]))


def _bounds(staged: StagedGraph) -> np.ndarray:
    """Return the earliest and the latest stage of each value, and of its last use."""
    graph, n_in = staged.graph, len(staged.graph.inputs)
    final = staged.registers - staged.registered_output
    count = n_in + len(graph.sums)
    bounds = np.tile(np.array([[0, final]]), (2 * count, 1))
    bounds[:n_in, 1] = 0
    levels = np.array(graph.levels)
    from_start = levels + staged.input_levels - 1
    bounds[:count, 0] = np.where(levels > 0, from_start // staged.levels, 0)
    bounds[count:, 1] = staged.registers
    for term in graph.outputs:
        bounds[count + term.source, 0] = staged.registers
    if not staged.registered_output:
        left = _levels_to_output(graph)
        to_end = np.array(left[n_in:]) + staged.output_levels - 1
        bounds[n_in:count, 1] = final - to_end // staged.levels
    return bounds


def _levels_to_output(graph: AdderGraph) -> list[int]:
    """Return for every value the adders behind it and itself, on the longest path to an output."""
    n_in = len(graph.inputs)
    behind = [0] * (n_in + len(graph.sums))
    for index in reversed(range(n_in, len(behind))):
        behind[index] += graph.is_adder(index)
        for term in graph.terms_of(index):
            behind[term.source] = max(behind[term.source], behind[index])
    return behind


def _apart(staged: StagedGraph) -> Sequence[tuple[int, int]]:
    """Return pairs of sums that no stage can hold both, for the path between them is too long."""
    graph, n_in = staged.graph, len(staged.graph.inputs)
    users: list[list[int]] = [[] for _ in range(n_in + len(graph.sums))]
    for index in range(n_in, len(users)):
        for source in {term.source for term in graph.terms_of(index)}:
            users[source].append(index)
    weights = [int(graph.is_adder(index)) for index in range(len(users))]
    pairs: list[tuple[int, int]] = []
    for start in range(n_in, len(users)):
        # Sums only use earlier ones, so the lowest number waiting has its longest path complete.
        longest = {start: weights[start]}
        waiting = [start]
        while waiting:
            index = min(waiting)
            waiting.remove(index)
            if longest[index] > staged.levels:
                pairs.append((start, index))
                continue
            for user in users[index]:
                if user not in longest:
                    waiting.append(user)
                longest[user] = max(longest.get(user, 0), longest[index] + weights[user])
    return pairs
