"""Train, convert and verify the example of every family; print one row for each.

``make forecasters`` runs it. Each is a run in ``runs/forecasters``; steps that are there are not
done again. The errors are those of the RTL, on the test windows that went through it.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from accel.commands.console import console
from accel.configuration.config import EXAMPLES, example
from accel.flow.steps import convert_step, train_step, verify_step
from accel.progress import SilentProgress
from accel.report.schema import Report
from accel.report.text import number, whole
from accel.report.write import report_step
from accel.runs.run import Run, open_run
from accel.training.result import TrainingResult, load_training

FOLDER = Path("runs/forecasters")


def finished(family: str, folder: Path, quick: bool) -> tuple[TrainingResult, Report]:
    """Do what a family's run lacks; return its figures."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder.parent / f"{family}.toml"
    file.write_text(example(family), encoding="utf-8")
    with open_run(folder, create=True) as run:
        if _changed(run, example(family)):
            train_step(run, file, SilentProgress())
        if not run.path("conversion.json").exists():
            convert_step(run)
        if not quick and not run.path("verification.json").exists():
            verify_step(run)
        return load_training(run.folder), report_step(run)


def _changed(run: Run, text: str) -> bool:
    path = run.path("config.toml")
    return not path.exists() or path.read_text(encoding="utf-8") != text


def table(rows: Sequence[tuple[TrainingResult, Report]]) -> Table:
    """Return all families side by side, the best first."""
    result = Table(
        "family", "inputs", "MSE", "on", "float", "ridge", "season", "last", "weights", "products",
        "mult.", "latency", "interval", "RTL",
    )  # fmt: skip
    for column in result.columns[1:]:
        column.justify = "right"
    for training, report in sorted(rows, key=lambda row: row[1].accuracy.mse or 0.0):
        accuracy, found = report.accuracy, report.verification
        cycles = report.latency.predicted
        result.add_row(
            training.family,
            f"{training.look_back}x{len(training.features)}",
            number(accuracy.mse or 0.0),
            "RTL" if accuracy.measured_on == "rtl" else "golden",
            "-" if training.float_mse is None else number(training.float_mse),
            *(number(scores.mse) for scores in (
                training.baselines.ridge, training.baselines.seasonal_naive,
                training.baselines.last_value,
            )),
            whole(training.parameters),
            whole(report.model.products_per_window),
            whole(sum(layer.multipliers for layer in report.latency.layers)),
            whole(cycles.latency_cycles),
            whole(cycles.interval_cycles),
            {None: "not run", 0: "equal"}.get(found.mismatches, "DIFFERS"),
        )  # fmt: skip
    return result


def main() -> None:
    """Print the table, family by family as they are done, then the whole."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="*", default=EXAMPLES, help="default: all")
    parser.add_argument("--quick", action="store_true", help="the golden model only, no RTL")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    given = parser.parse_args()
    rows: list[tuple[TrainingResult, Report]] = []
    for family in given.families:
        rows.append(finished(family, given.folder / family, given.quick))
        console().print(table(rows[-1:]))
    console().print(table(rows))


if __name__ == "__main__":
    main()
