"""The chronological split: training rows, then validation rows, then test rows."""

from dataclasses import dataclass, replace
from fractions import Fraction

from accel.configuration.config import Config
from accel.datasets.series import Series
from hw.errors import ChronogateError


@dataclass(frozen=True)
class Split:
    """Where the three parts end, in rows, and where the first begins.

    Parameters
    ----------
    train, validation, test, start
        Training rows are ``[start, train)``, validation rows ``[train, validation)``, test rows
        ``[validation, test)``. Targets lie in their own part; the windows of validation and test
        may look back into the part before.
    """

    train: int
    validation: int
    test: int
    start: int = 0


def split_rows(series: Series, config: Config) -> Split:
    """Return the split of a series, checked to leave a window in each part.

    Raises
    ------
    ChronogateError
        When the series is too short for the look-back, the horizon or the rows named.
    """
    look_back, horizon = config.forecast.look_back, config.forecast.horizon
    if look_back + horizon > series.rows:
        raise ChronogateError(
            f"{series.source} has {series.rows} time steps, too few for one window of look_back "
            f"{look_back} and horizon {horizon}: shorten them, or bring a longer series"
        )
    split = _with_few_rows(_rows(series, config), config.data.train_rows)
    windows = {
        "training": split.train - split.start - look_back - horizon + 1,
        "validation": split.validation - max(split.train, look_back) - horizon + 1,
        "test": split.test - max(split.validation, look_back) - horizon + 1,
    }
    for part, count in windows.items():
        if count < 1:
            raise ChronogateError(
                f"{series.source} has {series.rows} time steps, and its {part} part is too short "
                f"for one window of look_back {look_back} and horizon {horizon}: shorten them, or "
                "change data.split"
            )
    return split


def _with_few_rows(split: Split, rows: int | None) -> Split:
    """Keep the last training rows only, if so many are wanted."""
    return split if rows is None else replace(split, start=max(0, split.train - rows))


def _rows(series: Series, config: Config) -> Split:
    rows = config.data.split_rows
    if rows is not None:
        if rows[2] > series.rows:
            raise ChronogateError(
                f"data.split_rows ends at row {rows[2]}, and {series.source} has {series.rows} "
                "time steps: lower it"
            )
        return Split(*rows)
    train, validation, _ = (Fraction(str(part)) for part in config.data.split)
    return Split(int(series.rows * train), int(series.rows * (train + validation)), series.rows)
