"""Bring the rows of a table onto a regular grid of time, each flaw handled as the user said.

Nothing ever comes from the future: a missing value takes the last one before it, and rows at the
start, before every column was seen once, are left out.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from accel.datasets.table import FIRST_ROW, Table
from hw.errors import ChronogateError

ROW = "row"
"""The step of series whose rows follow one another without a clock."""

# A series with more holes than this is a wrong step or a wrong year, not a series with gaps.
_MOST_STEPS_PER_ROW = 20


@dataclass(frozen=True)
class Policy:
    """What to do about each flaw: refuse it by name, or mend it in the one way given.

    Parameters
    ----------
    gaps
        Missing rows or cells: refuse, or fill with the last value before them.
    duplicates
        Rows with the same time stamp: refuse, or keep the first.
    irregular
        Rows off the grid: refuse, or take the last row of each step.
    step
        Sampling step as pandas writes it; ``None`` takes the most frequent one. ``"row"``: each
        row is a step, however far apart (trading days).
    """

    gaps: Literal["refuse", "fill"]
    duplicates: Literal["refuse", "first"]
    irregular: Literal["refuse", "last"]
    step: str | None


@dataclass(frozen=True, eq=False)
class Grid:
    """Values on a regular grid of time.

    Parameters
    ----------
    times
        datetime64[ns] ``(rows,)``.
    values
        float64 ``(rows, columns)``, finite.
    observed
        bool ``(rows, columns)``; False where a value was filled.
    step
        timedelta64[ns].
    """

    times: np.ndarray
    values: np.ndarray
    observed: np.ndarray
    step: np.timedelta64


def clean(table: Table, policy: Policy) -> Grid:
    """Return the table's rows on a regular grid.

    Raises
    ------
    ChronogateError
        Naming the file, the row and the setting to change, for each flaw that is refused.
    """
    kept = _without_duplicates(table, policy)
    times, values, rows = table.times[kept], table.values[kept], kept + FIRST_ROW
    if len(times) < 2:
        raise ChronogateError(f"{table.source} has {len(times)} row: a series needs at least 2")
    step = _step(table, times, policy)
    by_row = policy.step == ROW
    slots = np.arange(len(times)) if by_row else _slots(table, times, rows, step, policy)
    if policy.gaps == "refuse":
        _refuse_gaps(table, times, values, rows, slots)
    grid = _on_grid(slots, values)
    grid_times = times if by_row else times[0] + np.arange(len(grid)) * step
    return _filled(table, grid_times, grid, step)


def _without_duplicates(table: Table, policy: Policy) -> np.ndarray:
    """Return the indices of the rows to keep, checking that time never runs backwards."""
    differences = np.diff(table.times)
    backwards = differences < np.timedelta64(0)
    if backwards.any():
        row = int(backwards.argmax()) + 1
        raise ChronogateError(
            f"{table.source}, row {row + FIRST_ROW}: the time stamp {_stamp(table.times[row])} is "
            f"before the row above ({_stamp(table.times[row - 1])}): sort the file by time, and "
            "write UTC where daylight saving time ends"
        )
    again = np.concatenate([[False], differences == np.timedelta64(0)])
    if again.any() and policy.duplicates == "refuse":
        row = int(again.argmax())
        raise ChronogateError(
            f"{table.source}, row {row + FIRST_ROW}: the time stamp {_stamp(table.times[row])} is "
            'also in the row above: remove one, or set duplicates = "first"'
        )
    return np.flatnonzero(~again)


def _step(table: Table, times: np.ndarray, policy: Policy) -> np.timedelta64:
    if policy.step is None or policy.step == ROW:
        lengths, counts = np.unique(np.diff(times), return_counts=True)
        return lengths[counts.argmax()]
    try:
        step = np.timedelta64(pd.to_timedelta(policy.step).value, "ns")
    except ValueError:
        step = np.timedelta64(0, "ns")
    if not step > np.timedelta64(0, "ns"):
        raise ChronogateError(
            f"step = {policy.step!r} for {table.source} is no length of time: write it like "
            '"15min", "1h" or "1D", or "row" where each row is a step'
        )
    return step


def _slots(
    table: Table, times: np.ndarray, rows: np.ndarray, step: np.timedelta64, policy: Policy
) -> np.ndarray:
    """Return the grid row of each row of the file; a later row overwrites an earlier one."""
    since = (times - times[0]).astype(np.int64)
    length = step.astype(np.int64)
    off_grid = since % length != 0
    if off_grid.any() and policy.irregular == "refuse":
        row = int(off_grid.argmax())
        raise ChronogateError(
            f"{table.source}, row {rows[row]}: the time stamp {_stamp(times[row])} is not a whole "
            f"number of steps of {pd.Timedelta(step)} after the first row: set `step`, or "
            'irregular = "last" to take the last row of each step'
        )
    slots = -(-since // length)  # upwards: a row is known only from its own time on
    if slots[-1] >= _MOST_STEPS_PER_ROW * len(rows):
        raise ChronogateError(
            f"{table.source}: {len(rows)} rows would become {slots[-1] + 1} steps of "
            f"{pd.Timedelta(step)}: set `step` to the series' own, and check the last time stamp"
        )
    return slots


def _on_grid(slots: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the values by grid row; an empty cell never hides an earlier one of its step."""
    grid = np.full((int(slots[-1]) + 1, values.shape[1]), np.nan)
    for column in range(values.shape[1]):
        present = ~np.isnan(values[:, column])
        grid[slots[present], column] = values[present, column]
    return grid


def _refuse_gaps(
    table: Table, times: np.ndarray, values: np.ndarray, rows: np.ndarray, slots: np.ndarray
) -> None:
    fix = 'complete the file, or set gaps = "fill" to fill forward'
    missing = np.isnan(values)
    jumps = np.concatenate([[0], np.diff(slots)]) > 1
    flawed = missing.any(axis=1) | jumps
    if not flawed.any():
        return
    row = int(flawed.argmax())
    if jumps[row]:
        lost = int(slots[row] - slots[row - 1]) - 1
        raise ChronogateError(
            f"{table.source}, row {rows[row]}: {lost} time step{'s are' if lost > 1 else ' is'} "
            f"missing between {_stamp(times[row - 1])} and {_stamp(times[row])}: {fix}"
        )
    column = table.columns[int(missing[row].argmax())]
    raise ChronogateError(
        f"{table.source}, row {rows[row]}, column {column!r}: the value is missing: {fix}"
    )


def _filled(table: Table, times: np.ndarray, grid: np.ndarray, step: np.timedelta64) -> Grid:
    """Fill forward, and begin where every column has been seen once."""
    observed = ~np.isnan(grid)
    last_seen = np.maximum.accumulate(np.where(observed, np.arange(len(grid))[:, None], -1), axis=0)
    complete = (last_seen >= 0).all(axis=1)
    if not complete.any():
        column = table.columns[int((last_seen[-1] < 0).argmax())]
        raise ChronogateError(
            f"{table.source}: column {column!r} has no values: leave it out of the configuration"
        )
    start = int(complete.argmax())
    values = np.take_along_axis(grid, np.maximum(last_seen, 0), axis=0)
    return Grid(times[start:], values[start:], observed[start:], step)


def _stamp(time: np.datetime64) -> str:
    return str(pd.Timestamp(time))
