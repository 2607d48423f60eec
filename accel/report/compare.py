"""Several runs side by side: one table for the terminal and the page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from rich.table import Table

from accel.report.collect import Results
from accel.report.examples import horizon_curves
from accel.report.page import environment
from accel.report.plots import HorizonError, horizon_figure, timeline_figure
from accel.report.schema import Implementation, Report
from accel.report.style import inline_svg
from accel.report.text import number, whole

Value = float | int | str | None


@dataclass(frozen=True)
class Measure:
    """One row of the comparison.

    Parameters
    ----------
    name
        What it says.
    read
        Takes the value from a report.
    better
        Whether ``"less"`` or ``"more"`` is better; empty where neither is.
    digits
        Decimals of a number.
    """

    name: str
    read: Callable[[Report], Value]
    better: str = ""
    digits: int = 0


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


@dataclass(frozen=True)
class Timeline:
    """The cycles of one run."""

    name: str
    svg: Markup


MEASURES: dict[str, tuple[Measure, ...]] = {
    "Accuracy": (
        Measure("mean squared error", lambda r: r.accuracy.mse, "less", 4),
        Measure("mean absolute error", lambda r: r.accuracy.mae, "less", 4),
        Measure("without quantization, MSE", lambda r: r.accuracy.float_mse, "less", 4),
        Measure("ridge regression, MSE", lambda r: r.accuracy.baselines.ridge, "", 4),
        Measure("seasonal naive, MSE", lambda r: r.accuracy.baselines.seasonal_naive, "", 4),
        Measure("last value, MSE", lambda r: r.accuracy.baselines.last_value, "", 4),
    ),
    "Model": (
        Measure("parameters", lambda r: r.model.parameters, "less"),
        Measure("weight bits", lambda r: r.model.weight_bits, "less"),
        Measure("products per window", lambda r: r.model.products_per_window, "less"),
        Measure("multipliers", lambda r: sum(x.multipliers for x in r.latency.layers), "less"),
    ),
    "Cycles": (
        Measure("latency", lambda r: r.latency.predicted.latency_cycles, "less"),
        Measure("latency, simulated", lambda r: r.latency.simulated.latency_cycles, "less"),
        Measure("window", lambda r: r.latency.predicted.window_cycles, "less"),
        Measure("interval", lambda r: r.latency.predicted.interval_cycles, "less"),
        Measure("step", lambda r: r.latency.predicted.step_cycles, "less"),
    ),
    "Verification": (
        Measure("realizations", lambda r: " = ".join(r.verification.realizations or ()) or None),
        Measure("codes compared", lambda r: r.verification.values_compared),
        Measure("mismatches", lambda r: r.verification.mismatches, "less"),
    ),
}

ROUTED: tuple[tuple[str, Callable[[Implementation], float | int], str, int], ...] = (
    ("routed clock, MHz", lambda i: i.fmax_mhz, "more", 1),
    ("latency, ns", lambda i: i.latency_ns, "less", 0),
    ("LUT4", lambda i: i.lut, "less", 0),
    ("flip-flops", lambda i: i.ff, "less", 0),
    ("18 × 18 multipliers", lambda i: i.dsp, "less", 0),
    ("block RAMs", lambda i: i.bram, "less", 0),
)


def compare(reports: Sequence[Report]) -> tuple[Group, ...]:
    """Return the comparison, one column for each report; rows that no run has are left out."""
    measures = dict(MEASURES)
    for board in dict.fromkeys(i.board for report in reports for i in report.implementations):
        measures[f"On {board}"] = tuple(
            Measure(name, _on(board, read), better, digits) for name, read, better, digits in ROUTED
        )
    groups = []
    for title, rows in measures.items():
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


def render_comparison(names: Sequence[str], runs: Sequence[Results]) -> str:
    """Return the page that compares runs."""
    curves = [
        HorizonError(name, horizon_curves(results)[0].errors)
        for name, results in zip(names, runs, strict=True)
        if results.windows is not None
    ]
    title = " and ".join(names) if len(names) <= 3 else f"{len(names)} runs"
    return (
        environment()
        .get_template("comparison.html.j2")
        .render(
            title=title,
            runs=list(names),
            groups=compare([results.report for results in runs]),
            horizon=_horizon(curves),
            timelines=[
                Timeline(
                    name, Markup(inline_svg(timeline_figure(results.network), f"cycles of {name}"))
                )
                for name, results in zip(names, runs, strict=True)
            ],
        )
    )


def _horizon(curves: Sequence[HorizonError]) -> Markup:
    if not curves:
        return Markup()
    return Markup(inline_svg(horizon_figure(curves, ""), "error by step ahead"))


def _on(board: str, read: Callable[[Implementation], float | int]) -> Callable[[Report], Value]:
    def value(report: Report) -> Value:
        found = [read(i) for i in report.implementations if i.board == board]
        return found[0] if found else None

    return value


def _compare(measure: Measure, reports: Sequence[Report]) -> ComparedRow | None:
    values = [measure.read(report) for report in reports]
    numbers = [value for value in values if isinstance(value, int | float)]
    if not any(value is not None for value in values):
        return None
    best: float | None = None
    if measure.better and len(set(numbers)) > 1:
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
