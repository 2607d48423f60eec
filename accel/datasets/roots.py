"""Square roots of counts: demand whose large orders would leave few codes for the small ones.

The variance of counts grows with their mean; that of their roots does not (Bartlett, 1936). The
root of a median is the median of the roots, so a forecaster that learns by absolute errors says
the same of either. Demand is scored in its own unit again (`accel.scoring.cases`).
"""

from dataclasses import replace

import numpy as np

from accel.datasets.cleaning import Grid
from accel.datasets.table import Table
from hw.errors import ChronogateError


def square_roots(grid: Grid, table: Table) -> Grid:
    """Return the grid of the square roots.

    Raises
    ------
    ChronogateError
        When a value is below zero.
    """
    bad = grid.values < 0
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ChronogateError(
            f"{table.source}: {table.columns[column]!r} is {grid.values[row, column]:g} at "
            f'{str(grid.times[row])[:19]}, and transform = "sqrt" needs values of 0 or more: leave '
            "transform out, or the column"
        )
    return replace(grid, values=np.sqrt(grid.values))
