"""Several runs side by side: one table for the terminal, the page and Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from accel.report.measures import Measure, Value, measures_of
from accel.report.schema import Report
from accel.report.text import number, whole


@dataclass(frozen=True)
class Cell:
    """One value as text, and whether no run has a better one."""

    text: str
    best: bool


@dataclass(frozen=True)
class ComparedRow:
    """One measure over all runs."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Group:
    """Rows under one heading."""

    title: str
    rows: tuple[ComparedRow, ...]


def compare(reports: Sequence[Report]) -> tuple[Group, ...]:
    """Return the comparison, one column for each report; rows that no run has are left out."""
    groups = []
    for title, rows in measures_of(reports).items():
        compared = tuple(_compare(measure, reports) for measure in rows)
        kept = tuple(row for row in compared if row is not None)
        if kept:
            groups.append(Group(title, kept))
    return tuple(groups)


def run_names(reports: Sequence[Report], folders: Sequence[str]) -> list[str]:
    """Return a heading for each run: its name, with the folder where names repeat."""
    names = [report.name for report in reports]
    return [
        name if names.count(name) == 1 else f"{name} ({folder})"
        for name, folder in zip(names, folders, strict=True)
    ]


def comparison_table(names: Sequence[str], groups: Sequence[Group]) -> Table:
    """Return the comparison for the terminal."""
    table = Table("", *names, title=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for group in groups:
        table.add_section()
        table.add_row(f"[bold]{group.title}")
        for row in group.rows:
            cells = (f"[green]{cell.text}" if cell.best else cell.text for cell in row.cells)
            table.add_row(row.name, *cells)
    return table


def _compare(measure: Measure, reports: Sequence[Report]) -> ComparedRow | None:
    values = [measure.read(report) for report in reports]
    numbers = [value for value in values if isinstance(value, int | float)]
    if not any(value is not None for value in values):
        return None
    best: float | None = None
    alike = len({measure.among(report) for report in reports}) == 1
    if measure.better and alike and len(set(numbers)) > 1:
        best = min(numbers) if measure.better == "less" else max(numbers)
    cells = tuple(
        Cell(_text(value, measure.digits), best is not None and value == best) for value in values
    )
    return ComparedRow(measure.name, cells)


def _text(value: Value, digits: int) -> str:
    if isinstance(value, str):
        return value
    if digits or isinstance(value, float):
        return number(value, digits)
    return whole(value)
