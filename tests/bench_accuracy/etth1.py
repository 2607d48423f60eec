"""ETTh1 at four horizons by one recipe: the error of the RTL's codes on the test windows.

The recipe is ``accel/examples/cases/energy_seasonal.toml``, or the first one, which
``--recipe energy_low_rank`` names: all their choices were made on validation and training rows
(docs/accuracy.md). They have no randomness, so that seeds do not matter.

    python -m tests.bench_accuracy.etth1 --file ETTh1.csv --only 96 --stride 8
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from accel.configuration.config import Config, load_config
from accel.runs.json_files import read_json, write_json
from hw.errors import ChronogateError
from tests.bench_accuracy.on_rtl import Measured, measure, measure_quantized

CASES = Path("accel/examples/cases")
RECIPES = ("energy_seasonal", "energy_low_rank")
HORIZONS = (96, 192, 336, 720)
FOLDER = Path("runs/accuracy")

HEAD = (
    "| horizon | coefficients | validation | RTL | windows through it | golden model, all "
    "| windows | float | last value | seasonal naive |\n|" + "---|" * 10
)


def configured(file: Path, horizon: int, recipe: str = RECIPES[0]) -> Config:
    """Return the recipe for a horizon."""
    config = load_config(CASES / f"{recipe}.toml")
    model = config.model
    folds = (config.forecast.look_back, horizon)  # one multiplier for each value between
    periods = (1,) * (len(model.dense_layers) - len(folds))
    reuse = model.reuse.model_copy(update={"dense": periods + folds})
    return config.model_copy(
        update={
            "data": config.data.model_copy(update={"file": file.resolve()}),
            "forecast": config.forecast.model_copy(update={"horizon": horizon}),
            "model": model.model_copy(update={"reuse": reuse}),
        }
    )


def measured(file: Path, horizon: int, stride: int, recipe: str) -> Measured:
    """Measure a horizon, or read what was measured before."""
    kept = FOLDER / f"{recipe}_{horizon}_{stride}.json"
    if not kept.exists():
        found = measure(configured(file, horizon, recipe), stride)
        FOLDER.mkdir(parents=True, exist_ok=True)
        write_json(kept, found)
    return read_json(kept, Measured)


def row(name: object, found: Measured) -> str:
    """Return a line of the table."""
    cells = (f"{v:,}" if isinstance(v, int) else f"{v:.4f}" for v in asdict(found).values())
    return f"| {name} | {' | '.join(cells)} |"


def _print_quantized(file: Path, horizons: Sequence[int], recipe: str) -> None:
    print("| horizon | coefficients | validation | test, all |\n|---|---|---|---|", flush=True)
    for horizon in horizons:
        count, validation, test = measure_quantized(configured(file, horizon, recipe))
        print(f"| {horizon} | {count:,} | {validation:.4f} | {test:.4f} |", flush=True)


def main() -> None:
    """Print the table, horizon by horizon, and the mean errors of all four."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, required=True, help="your copy of ETTh1.csv")
    parser.add_argument("--only", type=int, choices=HORIZONS, nargs="*", default=HORIZONS)
    parser.add_argument("--recipe", choices=RECIPES, default=RECIPES[0])
    parser.add_argument("--stride", type=int, default=1, help="every n-th window through the RTL")
    parser.add_argument("--without-rtl", action="store_true", help="the QKeras model alone")
    parser.add_argument("--quick", action="store_true", help="horizon 96, every 100th window")
    given = parser.parse_args()
    horizons, stride = ((96,), 100) if given.quick else (given.only, given.stride)
    if given.without_rtl:
        _print_quantized(given.file, horizons, given.recipe)
        return
    print(HEAD, flush=True)
    rows: list[Measured] = []
    try:
        for horizon in horizons:
            rows.append(measured(given.file, horizon, stride, given.recipe))
            print(row(horizon, rows[-1]), flush=True)
    except ChronogateError as error:
        sys.exit(str(error))
    if len(rows) == len(HORIZONS):
        print(f"\nmean of the RTL's errors: {np.mean([found.rtl for found in rows]):.4f}")
        print(f"mean over every test window: {np.mean([found.golden for found in rows]):.4f}")


if __name__ == "__main__":
    main()
