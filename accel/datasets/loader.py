"""From a configuration's ``[data]`` to a clean `Series` with its calendar features."""

from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from accel.configuration.sections import DataConfig
from accel.datasets.calendar import calendar_features
from accel.datasets.cleaning import Policy, clean
from accel.datasets.dataset import Dataset
from accel.datasets.registry import find_dataset
from accel.datasets.returns import returns
from accel.datasets.roots import square_roots
from accel.datasets.series import Series
from accel.datasets.table import Table, read_table
from hw.errors import ChronogateError


def load_series(data: DataConfig, file: Path | None = None) -> Series:
    """Read and clean the columns that a configuration names.

    Parameters
    ----------
    data
        Which columns, and what to do about flaws.
    file
        Another CSV file with the same columns, as in ``accel forecast RUN --csv FILE``.

    Returns
    -------
    Series
        The features first (columns of the file, then calendar features), then those targets that
        are not features; see `feature_names` and `target_names`.

    Raises
    ------
    ChronogateError
        Naming the file, row, column, value and what to do.
    """
    dataset = None if data.dataset is None else find_dataset(data.dataset)
    measured = _measured(data)
    columns = (*measured, *(name for name in target_names(data) if name not in measured))
    table = _read(data, dataset, file, columns)
    grid = clean(table, _policy(data, dataset))
    cyclic_names, cyclic = calendar_features(grid.times, data.calendar)
    for name in cyclic_names:
        if name in columns:
            raise ChronogateError(
                f"{table.source}: the column {name!r} has the name of a calendar feature: "
                "rename it, or leave that cycle out of `calendar`"
            )
    prices = None
    if data.transform == "returns":
        grid, prices = returns(grid, table)
        cyclic = cyclic[1:]
    elif data.transform == "sqrt":
        grid = square_roots(grid, table)
    split = len(measured)
    known = np.ones(cyclic.shape, dtype=bool)
    names = (*columns[:split], *cyclic_names, *columns[split:])
    return Series(
        names=names,
        units=tuple(_unit(name, data, dataset) for name in names),
        values=np.concatenate([grid.values[:, :split], cyclic, grid.values[:, split:]], axis=1),
        observed=np.concatenate(
            [grid.observed[:, :split], known, grid.observed[:, split:]], axis=1
        ),
        times=grid.times.astype("datetime64[s]"),
        step_seconds=float(grid.step / np.timedelta64(1, "s")),
        source=table.source,
        prices=None if prices is None else _beside(prices, split, cyclic.shape[1]),
    )


def _beside(prices: np.ndarray, split: int, width: int) -> np.ndarray:
    """Return the prices in the order of the series' columns, NaN where the calendar's are."""
    gap = np.full((len(prices), width), np.nan)
    return np.concatenate([prices[:, :split], gap, prices[:, split:]], axis=1)


def feature_names(data: DataConfig) -> tuple[str, ...]:
    """Return the names of the model's inputs, in order: measured columns, then the calendar's."""
    cyclic = tuple(name for cycle in data.calendar for name in cycle.columns)
    return _measured(data) + cyclic


def target_names(data: DataConfig) -> tuple[str, ...]:
    """Return the names of the columns to forecast, in order."""
    if data.targets or data.dataset is None:
        return data.targets
    return find_dataset(data.dataset).default_targets


def time_column(data: DataConfig) -> str:
    """Return the name of the column of time stamps."""
    if data.time_column is not None:
        return data.time_column
    if data.dataset is None:
        raise ChronogateError("data.time_column is missing: name the column of time stamps")
    return find_dataset(data.dataset).time_column


def _measured(data: DataConfig) -> tuple[str, ...]:
    return data.features or target_names(data)


def _read(
    data: DataConfig, dataset: Dataset | None, file: Path | None, columns: tuple[str, ...]
) -> Table:
    path = file or data.file
    if path is not None:
        return read_table(path, time_column(data), data.time_format, columns)
    if dataset is None or dataset.file is None:
        raise ChronogateError("data.file is missing: name a CSV file")
    with as_file(files("accel").joinpath("data", dataset.file)) as bundled:
        table = read_table(bundled, time_column(data), data.time_format, columns)
    return replace(table, source=dataset.file)  # its name, not where this machine installed it


def _policy(data: DataConfig, dataset: Dataset | None) -> Policy:
    step = data.step or (None if dataset is None else dataset.step)
    return Policy(data.gaps, data.duplicates, data.irregular, step)


def _unit(name: str, data: DataConfig, dataset: Dataset | None) -> str:
    if data.transform == "returns":
        return ""
    known = {} if dataset is None else {column.name: column.unit for column in dataset.columns}
    unit = data.units.get(name, known.get(name, ""))
    measured = name in (*_measured(data), *target_names(data))
    return f"√{unit}" if data.transform == "sqrt" and measured else unit
