"""``accel report``: the report of a run, and several runs side by side."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from accel.commands.console import console, print_json
from accel.commands.options import JsonOption
from accel.progress import show_progress


def report(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Folders of runs, or report.json files of others."),
    ],
    output: Annotated[
        list[Path] | None,
        typer.Option(
            help="Where several runs are compared: a file .html, .md or .json; may be repeated. "
            "Default comparison.html."
        ),
    ] = None,
    fail_if_slower: Annotated[
        str | None,
        typer.Option(
            metavar="PERCENT",
            help="Exit with 1 if a run needs this much more cycles or routed ns than the first.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write report.json, report.html and report.md; several runs are compared side by side."""
    from accel.commands.summary import summary_table
    from accel.report.compare import comparison_table
    from accel.report.slower import parse_share, slower
    from accel.report.write import compare_runs, report_step
    from accel.runs.run import open_run
    from hw.errors import ChronogateError

    allowed = None if fail_if_slower is None else parse_share(fail_if_slower)
    if len(runs) == 1:
        if allowed is not None:
            raise ChronogateError("--fail-if-slower compares runs: name the earlier one first")
        with show_progress(json) as progress, open_run(runs[0]) as opened:
            result = report_step(opened, progress)
        if json:
            print_json(result)
        else:
            console().print(summary_table(result))
            console().print(f"report: {runs[0] / 'report.html'}")
        return
    outputs = output or [Path("comparison.html")]
    with show_progress(json) as progress:
        comparison = compare_runs(runs, outputs, progress)
    if json:
        print_json(list(comparison.reports))
    else:
        console().print(comparison_table(comparison.names, comparison.groups))
        print(f"comparison: {', '.join(map(str, outputs))}")
    found = () if allowed is None else slower(comparison.runs, allowed)
    for sentence in found:
        print(sentence, file=sys.stderr)
    if found:
        raise typer.Exit(1)
