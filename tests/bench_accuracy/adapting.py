"""A last layer that learns on, reloaded into the RTL, against the same one frozen, five seeds.

``accel adapt`` on a series that drifts, ETTh1's oil temperature, and on one that hardly does, five
years of weather at Beijing: an MLP with 8-bit weights, 24 hours ahead. Forgetting and anchor are
chosen by the command itself, on validation windows. Every model goes through the registers of the
Verilated RTL, whose codes are compared with the golden model's.

    python -m tests.bench_accuracy.adapting --file ETTh1.csv
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from accel.flow.steps import convert_step, train_step
from accel.incremental.step import Adaptation, adapt_step
from accel.progress import LineProgress
from accel.runs.run import open_run
from hw.errors import ChronogateError
from tests.bench_accuracy.seeds import SEEDS, compared, spread

EVERY = 168
EPOCHS = 15

DRIFTING = """[data]
dataset = "etth1"
file = "{file}"
features = ["OT", "HUFL", "MUFL"]
targets = ["OT"]
calendar = ["day"]
split_rows = [8640, 11520, 14400]"""
STEADY = """[data]
dataset = "beijing_weather"
features = ["temperature", "dew_point", "pressure"]
targets = ["temperature"]
calendar = ["day"]"""
REST = """
[forecast]
look_back = 48
horizon = 24
[model]
family = "mlp"
hidden = [16]
normalization = "last"
[model.formats]
input = {{ bits = 8, integer = 3 }}
output_kernel = {{ bits = 8, integer = 0 }}
output = {{ bits = 10, integer = 3 }}
[model.reuse]
dense = [480, 48]
[training]
epochs = {epochs}
weight_decay = 0.05
seed = {seed}
"""


def adapted(data: str, seed: int, epochs: int) -> Adaptation:
    """Train, convert, and let the last layer learn on."""
    text = f'name = "adapting"\n{data}{REST.format(seed=seed, epochs=epochs)}'
    with TemporaryDirectory() as folder:
        config = Path(folder) / "adapting.toml"
        config.write_text(text, encoding="utf-8")
        progress = LineProgress(sys.stderr)
        with open_run(Path(folder) / "run", create=True) as run:
            train_step(run, config, progress)
            convert_step(run, progress)
            found = adapt_step(run, EVERY, None, None, rtl=True, progress=progress)
    if found.mismatches:
        raise ChronogateError(
            f"{found.mismatches} codes of the RTL differ from the golden model: run `accel adapt` "
            f"on this configuration:\n{text}"
        )
    return found


def main() -> None:
    """Print the errors of all seeds, and what they come to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, required=True, help="your copy of ETTh1.csv")
    parser.add_argument("--quick", action="store_true", help="one seed, ETTh1, two epochs")
    given = parser.parse_args()
    quick = given.quick
    series = {"ETTh1, oil temperature": DRIFTING.format(file=given.file.resolve())}
    if not quick:
        series["Beijing, temperature"] = STEADY
    print("| series | seed | forgetting, anchor | gain, validation | test windows | models loaded "
          "| frozen | learning on | gain | 95 % |\n|" + "---|" * 10, flush=True)  # fmt: skip
    try:
        for name, data in series.items():
            rows = []
            for seed in SEEDS[:1] if quick else SEEDS:
                found = adapted(data, seed, 2 if quick else EPOCHS)
                rows.append(found.figures)
                print(line(name, seed, found), flush=True)
            frozen, moved = [row.frozen for row in rows], [row.adapted for row in rows]
            print(f"| {name} | all | | | | | {spread(frozen)} | {spread(moved)} "
                  f"| {compared(frozen, moved)} | |", flush=True)  # fmt: skip
    except ChronogateError as error:
        sys.exit(str(error))


def line(name: str, seed: int, found: Adaptation) -> str:
    """Return a row of the table."""
    figures = found.figures
    assert found.validation_gain is not None
    return (
        f"| {name} | {seed} | {found.forgetting:g}, {found.anchor:g} "
        f"| {found.validation_gain:+.1%} | {figures.windows:,} | {figures.loads} "
        f"| {figures.frozen:.4f} | {figures.adapted:.4f} | {figures.gain:+.1%} "
        f"| {figures.low:+.1%} to {figures.high:+.1%} |"
    )


if __name__ == "__main__":
    main()
