"""ETTh1, 96 hours ahead: validation errors against coefficients, from a hundred to 100,000.

Each is as built, at 8 bits. Test windows are not looked at.

    python -m tests.bench_accuracy.front --file ETTh1.csv --plot front.png
"""

import argparse
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from accel.configuration.config import Config
from accel.forecasters.build import count_coefficients
from accel.forecasters.family import Family
from accel.forecasters.registry import FAMILIES
from accel.progress import SilentProgress
from accel.report.style import FORECAST, INK, SERIES
from accel.runs.json_files import read_json, write_json
from accel.training.learning import learn
from accel.training.prepared import prepare
from hw.errors import ChronogateError
from tests.bench_accuracy.etth1 import FOLDER, RECIPES, configured

HORIZON = 96
SEASON = 24
FAMILY_COLOURS = dict(
    zip(("seasonal", "sparse_tsf", "low_rank", "ridge"), (FORECAST, *SERIES[:3]), strict=True)
)


@dataclass(frozen=True)
class Point:
    """A forecaster of the front."""

    name: str
    family: str
    annual: bool
    coefficients: int
    validation: float


def forecasters(file: Path) -> Iterator[tuple[str, Config]]:
    """Yield names and configurations, from few coefficients to many."""
    seasonal, low_rank = (configured(file, HORIZON, recipe) for recipe in RECIPES)
    plain = seasonal.model_copy(update={"data": low_rank.data})
    common = {"normalization": "mean", "formats": seasonal.model.formats}
    sparse = FAMILIES["sparse_tsf"](family="sparse_tsf", neighbours=False, **common)
    ridge = FAMILIES["ridge"](family="ridge", shared=True, **common)
    yield "SparseTSF", _seen(plain, sparse, 21)
    yield "SparseTSF, year", _seen(seasonal, sparse, 21)
    for rank in (1, 2, 4, 6, 8, 16):
        model = seasonal.model.model_copy(update={"rank": rank})
        yield f"seasonal {rank}, year", _seen(seasonal, model, 21)
    yield "seasonal 6", _seen(plain, seasonal.model, 21)
    yield "seasonal 6, 7 days, year", _seen(seasonal, seasonal.model, 7)
    for rank in (1, 2, 4, 9, 16, 32):
        model = low_rank.model.model_copy(update={"rank": rank})
        yield f"low rank {rank}", _seen(low_rank, model, 18)
    for days in (7, 14, 21, 42):
        yield f"ridge, {days} days", _seen(plain, ridge, days)


def measured(name: str, config: Config) -> Point:
    """Return a point, or read what was measured before."""
    told = hashlib.sha256(config.model_dump_json().encode()).hexdigest()[:16]
    kept = FOLDER / f"front_{told}.json"
    if not kept.exists():
        data = prepare(config)
        learned = learn(config, data, SilentProgress())
        curve = config.data.annual
        taken = 0 if curve is None else 2 * curve.harmonics * len(data.targets)
        count = count_coefficients(learned.model) + taken
        family, error = config.model.family, learned.validation_error
        FOLDER.mkdir(parents=True, exist_ok=True)
        write_json(kept, Point(name, family, curve is not None, count, error))
    return read_json(kept, Point)


def plot(points: list[Point], path: Path) -> None:
    """Draw errors against coefficients; hollow marks are without the course of the year."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.axvline(5_000, color=INK.light, linewidth=0.8, linestyle=":")
    for family, colour in FAMILY_COLOURS.items():
        for annual in (False, True):
            of = [p for p in points if (p.family, p.annual) == (family, annual)]
            if not of:
                continue
            axes.plot(
                [p.coefficients for p in of],
                [p.validation for p in of],
                "o",
                color=colour.light,
                markerfacecolor="white" if annual else colour.light,
                label=f"{family}, year taken away" if annual else family,
            )
    axes.set_xscale("log")
    axes.set_xlabel("coefficients stored")
    axes.set_ylabel("mean squared error on validation, scaled")
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=120)


def _seen(config: Config, model: Family, days: int) -> Config:
    """Return a configuration with a family that looks back so many days, unfolded."""
    forecast = config.forecast.model_copy(update={"look_back": days * SEASON})
    model = model.model_copy(update={"reuse": model.reuse.model_copy(update={"dense": 1})})
    return config.model_copy(update={"forecast": forecast, "model": model})


def main() -> None:
    """Print the front, row by row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, required=True, help="your copy of ETTh1.csv")
    parser.add_argument("--only", nargs="*", help="names of rows; default: all")
    parser.add_argument("--plot", type=Path, help="also draw it into this PNG file")
    parser.add_argument("--quick", action="store_true", help="SparseTSF alone")
    given = parser.parse_args()
    wanted = ["SparseTSF"] if given.quick else given.only
    print("| forecaster | coefficients | validation |\n|---|---|---|", flush=True)
    points: list[Point] = []
    try:
        for name, config in forecasters(given.file):
            if wanted is None or name in wanted:
                points.append(measured(name, config))
                point = points[-1]
                print(f"| {name} | {point.coefficients:,} | {point.validation:.4f} |", flush=True)
    except ChronogateError as error:
        sys.exit(str(error))
    if given.plot is not None:
        plot(points, given.plot)


if __name__ == "__main__":
    main()
