"""Writes reports: of one run into its folder, of several side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from accel.progress import Progress, SilentProgress
from accel.report.collect import collect
from accel.report.compare import Group, compare, run_names
from accel.report.comparison_page import Compared, render_comparison
from accel.report.markdown import render_markdown
from accel.report.page import render_page
from accel.report.schema import Report
from accel.runs.json_files import read_json, to_json, write_json
from accel.runs.run import Run, Step, atomic_file, open_run
from hw.errors import ChronogateError


@dataclass(frozen=True)
class Comparison:
    """Several runs side by side."""

    runs: tuple[Compared, ...]
    groups: tuple[Group, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Headings of the columns."""
        return tuple(run.name for run in self.runs)

    @property
    def reports(self) -> tuple[Report, ...]:
        """Their figures."""
        return tuple(run.report for run in self.runs)


def report_step(run: Run, progress: Progress | None = None) -> Report:
    """Write ``report.json``, ``report.html`` and ``report.md``."""
    (progress or SilentProgress()).step("Report")
    results = collect(run)
    report = results.report
    with run.step(Step.REPORT) as folder:
        write_json(folder / "report.json", report)
        (folder / "report.html").write_text(render_page(results), encoding="utf-8")
        text = render_markdown([report.name], compare([report]))
        (folder / "report.md").write_text(text, encoding="utf-8")
    return report


def compare_runs(
    places: Sequence[Path], outputs: Sequence[Path], progress: Progress | None = None
) -> Comparison:
    """Report each run, and write what shows them side by side.

    Parameters
    ----------
    places
        Run folders, and ``report.json`` files of runs that are not here.
    outputs
        Files to write: ``.html``, ``.md`` or ``.json``.
    """
    for output in outputs:
        if output.suffix not in (".html", ".md", ".json"):
            raise ChronogateError(
                f"--output {output}: name a file that ends in .html, .md or .json"
            )
    reports, results = [], []
    for place in places:
        if place.is_file():
            reports.append(read_json(place, Report))
            results.append(None)
            continue
        with open_run(place) as run:
            reports.append(report_step(run, progress))
            results.append(collect(run))
    names = run_names(reports, [str(place) for place in places])
    runs = tuple(Compared(*run) for run in zip(names, reports, results, strict=True))
    comparison = Comparison(runs, compare(reports))
    for output in outputs:
        with atomic_file(output) as file:
            file.write_text(_comparison(comparison, output.suffix), encoding="utf-8")
    return comparison


def _comparison(comparison: Comparison, suffix: str) -> str:
    if suffix == ".html":
        return render_comparison(comparison.runs)
    if suffix == ".md":
        return render_markdown(comparison.names, comparison.groups)
    return to_json(list(comparison.reports)) + "\n"
