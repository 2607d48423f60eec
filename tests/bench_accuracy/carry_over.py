"""ETTh1's recipe on two series that it was not made for: weather and retail, on the RTL.

Everything is as in ``accel/examples/cases/energy_seasonal.toml`` but season, horizon and look-back,
which is chosen on validation from 7, 14, 21 and 28 seasons. Ridge regression of the same level and
formats gets the same choice.

    python -m tests.bench_accuracy.carry_over --only retail
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from accel.configuration.config import Config, load_config
from accel.forecasters.build import count_coefficients
from accel.forecasters.registry import FAMILIES
from accel.keras_models.float64 import evaluate_float64
from accel.progress import SilentProgress
from accel.runs.json_files import read_json, write_json
from accel.scoring.scores import score
from accel.training.learning import Learned, learn
from accel.training.prepared import prepare
from hw.errors import ChronogateError
from tests.bench_accuracy.etth1 import CASES, FOLDER, RECIPES
from tests.bench_accuracy.on_rtl import Measured, measure

SEASONS = (7, 14, 21, 28)

HEAD = (
    "| series | look-back | horizon | coefficients | RTL | windows through it | golden model, all "
    "| float | ridge | its coefficients | last value | seasonal naive |\n|" + "---|" * 12
)


@dataclass(frozen=True)
class Case:
    """A series, and how far it is forecast."""

    dataset: str
    targets: tuple[str, ...]
    horizon: int
    season: int


SERIES = {
    "weather": Case("beijing_weather", ("temperature", "dew_point", "pressure", "wind"), 96, 24),
    "retail": Case(
        "retail_demand",
        ("item_15036", "item_17003", "item_21213", "item_21980", "item_21982", "item_21984",
         "item_22197", "item_22492", "item_84077", "item_84568", "item_84755", "item_84992"),
        14, 7,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Carried:
    """A row of the table: what was chosen, and the errors beside ridge regression's."""

    look_back: int
    horizon: int
    recipe: Measured
    ridge: float
    ridge_coefficients: int


def with_look_backs(case: Case, name: str) -> Iterator[Config]:
    """Yield the recipe for a series with each look-back."""
    config = load_config(CASES / f"{RECIPES[0]}.toml")
    data = {"dataset": case.dataset, "file": None, "targets": case.targets, "split_rows": None}
    for seasons in SEASONS:
        look_back = seasons * case.season
        forecast = {"look_back": look_back, "horizon": case.horizon, "season": case.season}
        reuse = config.model.reuse.model_copy(update={"dense": (1, look_back, case.horizon)})
        yield config.model_copy(
            update={
                "name": name,
                "data": config.data.model_copy(update=data),
                "forecast": config.forecast.model_copy(update=forecast),
                "model": config.model.model_copy(update={"reuse": reuse}),
            }
        )


def as_ridge(config: Config) -> Config:
    """Return full ridge regression with a configuration's formats, the year left in the series."""
    model = FAMILIES["ridge"](
        family="ridge", shared=True, normalization="mean", formats=config.model.formats
    )
    plain = config.data.model_copy(update={"annual": None})
    return config.model_copy(update={"model": model, "data": plain})


def best(configs: Iterator[Config]) -> tuple[Config, Learned]:
    """Return the configuration with the lowest error on validation, and its forecaster."""
    tried = [(config, learn(config, prepare(config), SilentProgress())) for config in configs]
    return min(tried, key=lambda pair: pair[1].validation_error)


def carried(name: str, stride: int) -> Carried:
    """Choose look-backs and measure, or read what was measured before."""
    kept = FOLDER / f"carry_over_{name}_{stride}.json"
    if not kept.exists():
        case = SERIES[name]
        config, _ = best(with_look_backs(case, name))
        ridge, fitted = best(as_ridge(each) for each in with_look_backs(case, name))
        data = prepare(ridge)
        forecasts = evaluate_float64(fitted.model, data.test.inputs)
        found = Carried(
            config.forecast.look_back,
            case.horizon,
            measure(config, stride),
            score(forecasts, data.test, data.targets).mse,
            count_coefficients(fitted.model),
        )
        FOLDER.mkdir(parents=True, exist_ok=True)
        write_json(kept, found)
    return read_json(kept, Carried)


def row(name: str, found: Carried) -> str:
    """Return a line of the table."""
    of = found.recipe
    cells = (
        name, found.look_back, found.horizon, of.coefficients, of.rtl, of.rtl_windows, of.golden,
        of.floating, found.ridge, found.ridge_coefficients, of.last_value, of.seasonal_naive,
    )  # fmt: skip
    texts = (f"{cell:.4f}" if isinstance(cell, float) else f"{cell:,}" for cell in cells[1:])
    return f"| {name} | {' | '.join(texts)} |"


def main() -> None:
    """Print the table, series by series."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=SERIES, nargs="*", default=tuple(SERIES))
    parser.add_argument("--stride", type=int, default=1, help="every n-th window through the RTL")
    parser.add_argument("--quick", action="store_true", help="retail, every 10th window")
    given = parser.parse_args()
    names, stride = (("retail",), 10) if given.quick else (given.only, given.stride)
    print(HEAD, flush=True)
    try:
        for name in names:
            print(row(name, carried(name, stride)), flush=True)
    except ChronogateError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
