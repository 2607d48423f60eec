"""Returns: the change of the logarithm from row to row, for prices that grow by factors.

A forecaster of returns says nothing of the level, which 8 bits could not hold over ten years; the
prices are kept beside them, and the forecast is scored as prices (`accel.scoring.prices`).
"""

from dataclasses import replace

import numpy as np

from accel.datasets.cleaning import Grid
from accel.datasets.table import Table
from hw.errors import ChronogateError


def returns(grid: Grid, table: Table) -> tuple[Grid, np.ndarray]:
    """Return the grid of logarithmic returns, one row shorter, and the prices of its rows.

    A return is observed where both its prices were.

    Raises
    ------
    ChronogateError
        When a price is not above zero.
    """
    bad = grid.values <= 0
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ChronogateError(
            f"{table.source}: {table.columns[column]!r} is {grid.values[row, column]:g} at "
            f'{str(grid.times[row])[:19]}, and transform = "returns" needs prices above 0: leave '
            "transform out, or the column"
        )
    changes = np.diff(np.log(grid.values), axis=0)
    observed = grid.observed[1:] & grid.observed[:-1]
    return replace(grid, times=grid.times[1:], values=changes, observed=observed), grid.values[1:]
