"""The page that compares runs: the table, and the cycles of every run on one scale."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from accel.report.collect import Results
from accel.report.compare import compare
from accel.report.examples import horizon_curves
from accel.report.page import environment
from accel.report.plots import HorizonError, horizon_figure, timeline_figure
from accel.report.schema import Report
from accel.report.style import inline_svg


@dataclass(frozen=True, eq=False)
class Compared:
    """One column of the comparison.

    Parameters
    ----------
    name
        Its heading.
    report
        Its figures.
    results
        What they were made from; None where there is no more than a ``report.json``.
    """

    name: str
    report: Report
    results: Results | None


@dataclass(frozen=True)
class Timeline:
    """The cycles of one run."""

    name: str
    svg: Markup


def render_comparison(runs: Sequence[Compared]) -> str:
    """Return the page that compares runs."""
    names = [run.name for run in runs]
    return (
        environment()
        .get_template("comparison.html.j2")
        .render(
            title=" and ".join(names) if len(names) <= 3 else f"{len(names)} runs",
            runs=names,
            groups=compare([run.report for run in runs]),
            horizon=_horizon(runs),
            timelines=_timelines(runs),
        )
    )


def _timelines(runs: Sequence[Compared]) -> list[Timeline]:
    """Draw the cycles of every run that has its network, all on the scale of the longest."""
    networks = {run.name: run.results.network for run in runs if run.results is not None}
    end = max((network.timing.window_cycles for network in networks.values()), default=0)
    return [
        Timeline(name, Markup(inline_svg(timeline_figure(network, end), f"cycles of {name}")))
        for name, network in networks.items()
    ]


def _horizon(runs: Sequence[Compared]) -> Markup:
    curves = [
        HorizonError(run.name, horizon_curves(run.results)[0].errors)
        for run in runs
        if run.results is not None and run.results.windows is not None
    ]
    if not curves:
        return Markup()
    return Markup(inline_svg(horizon_figure(curves, ""), "error by step ahead"))
