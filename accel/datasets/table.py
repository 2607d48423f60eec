"""Read a CSV file into time stamps and numbers, naming the row of whatever is neither.

Rows are counted as a text editor counts lines: the header is row 1, the first data row is row 2.
"""

import lzma
import re
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from hw.errors import ChronogateError

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "-")
"""Cells that mean that a value is missing."""

FIRST_ROW = 2
"""Row number of the first data row."""


@dataclass(frozen=True, eq=False)
class Table:
    """The rows of a file as they stand, neither sorted nor completed.

    Parameters
    ----------
    times
        datetime64[ns] ``(rows,)``.
    values
        float64 ``(rows, columns)``; NaN where a cell is missing.
    columns
        Names of the value columns.
    source
        The file, for messages.
    """

    times: np.ndarray
    values: np.ndarray
    columns: tuple[str, ...]
    source: str


def read_table(
    path: Path, time_column: str, time_format: str | None, columns: tuple[str, ...]
) -> Table:
    """Read the time column and the value columns of a CSV file (compressed ones too).

    Parameters
    ----------
    time_format
        As for ``strptime``; ``None`` for ISO 8601. Time stamps with an offset become UTC.

    Raises
    ------
    ChronogateError
        Naming the file, and the row, column and value where there is one.
    """
    text = _read_text(path, (time_column, *columns))
    cells = dict(text.items())
    times = _parse_times(cells[time_column], time_column, time_format, str(path))
    values = [_parse_numbers(cells[column], column, str(path)) for column in columns]
    return Table(times, np.stack(values, axis=1), columns, str(path))


def _read_text(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    try:
        # Everything as text: pandas would otherwise turn a whole column into text for one bad
        # cell, and the row of that cell would be lost.
        # (index_col=False and the warning: a first row with too many cells is no index column.)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                path,
                dtype=str,
                keep_default_na=False,
                skipinitialspace=True,
                skip_blank_lines=False,
                index_col=False,
                encoding="utf-8-sig",
            )
    except FileNotFoundError:
        raise ChronogateError(f"there is no data file {path}: check its name") from None
    except pd.errors.EmptyDataError:
        raise ChronogateError(f"{path} is empty: it needs a header row and data rows") from None
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise ChronogateError(f"{path} is not a CSV file: {_first_line(error)}") from None
    except (OSError, UnicodeDecodeError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise ChronogateError(f"{path} cannot be read: {_first_line(error)}") from error
    table = table.rename(columns=str.strip)
    for column in columns:
        if column not in table.columns:
            there = ", ".join(table.columns)
            raise ChronogateError(f"{path} has no column {column!r}: its columns are {there}")
    table = _without_trailing_blank_rows(table)
    if len(table) == 0:
        raise ChronogateError(f"{path} has a header and no data rows: add some")
    return table


def _without_trailing_blank_rows(table: pd.DataFrame) -> pd.DataFrame:
    # Blank lines inside the file stay, so that rows keep their numbers; they have no time stamp
    # and are refused with their row named.
    filled = (table.fillna("") != "").any(axis=1).to_numpy()
    rows = int(filled.nonzero()[0][-1]) + 1 if filled.any() else 0
    return table.iloc[:rows].fillna("")


def _parse_times(cells: pd.Series, column: str, form: str | None, source: str) -> np.ndarray:
    cells = cells.str.strip()
    if form is None:
        # ISO 8601 only: a guess between day and month first would be silent when wrong.
        times = pd.to_datetime(cells, format="ISO8601", errors="coerce", utc=True)
    else:
        times = pd.to_datetime(cells, format=form, errors="coerce", utc=True)
    bad = times.isna().to_numpy()
    if bad.any():
        row = int(bad.argmax())
        wanted = "2024-01-31 13:00" if form is None else f"{form!r}"
        raise ChronogateError(
            f"{source}, row {row + FIRST_ROW}, column {column!r}: {_shown(cells.iloc[row])} is not "
            f"a time stamp like {wanted}: mend the row, or set `time_format`"
        )
    return times.dt.tz_localize(None).to_numpy().astype("datetime64[ns]")


def _parse_numbers(cells: pd.Series, column: str, source: str) -> np.ndarray:
    cells = cells.str.strip()
    missing = cells.isin(MISSING).to_numpy()
    numbers = pd.Series(pd.to_numeric(cells.where(~missing, "nan"), errors="coerce"))
    values = numbers.astype(np.float64).to_numpy()
    bad = ~np.isfinite(values) & ~missing
    if bad.any():
        row = int(bad.argmax())
        cell = str(cells.iloc[row])
        comma = re.fullmatch(r"-?\d+,\d+", cell)
        fix = "write a decimal point" if comma else "write a number, or leave the cell empty"
        raise ChronogateError(
            f"{source}, row {row + FIRST_ROW}, column {column!r}: {_shown(cell)} is not a finite "
            f"number: {fix}"
        )
    return values


def _shown(cell: object) -> str:
    text = str(cell)
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
