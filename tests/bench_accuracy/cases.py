"""Weather, retail, finance and energy in 8, 6 and 4 bits: errors of the RTL's codes, all windows.

Of each case's few forecasters the one is taken that is best on validation with 4-bit weights and
8-bit values. In few bits it is fine-tuned from the float weights; learning rates are chosen on
validation too. Test windows are looked at once, at the end.

    python -m tests.bench_accuracy.cases --only weather --seed 1
    python -m tests.bench_accuracy.cases --only energy --file ETTh1.csv
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from accel.configuration.config import Config
from accel.forecasters.registry import FAMILIES
from accel.qkeras_compat import keras
from accel.runs.json_files import read_json, write_json
from accel.search.point import hardware_of
from accel.training.fitting import predict_float32
from accel.training.prepared import PreparedData, prepare
from hw.errors import ChronogateError
from sim.rtl_model import RtlModel
from tests.bench_accuracy.case_studies import NAMES, case_of
from tests.bench_accuracy.narrowed import (
    WIDTHS,
    InFloat,
    Tuning,
    Width,
    floating,
    lesson_of,
    narrowed,
)
from tests.bench_accuracy.scoring import Judge

FOLDER = Path("runs/accuracy")
CHOSEN_AT = Width(4, 8)
"""Forecasters are chosen as they are to be deployed."""


@dataclass(frozen=True)
class Row:
    """A forecaster in few bits, with errors as `Judge` measures them.

    Parameters
    ----------
    width
        Its bits.
    validation
        Mean error on validation, squared or absolute as the training's.
    rtl, windows
        Of the codes that the RTL gave, over every test window; all are equal to the golden model's.
    kept
        Of the float forecaster's gain on the best naive forecast; None if it has no gain.
    """

    width: str
    validation: float
    rtl: float
    windows: int
    kept: float | None


@dataclass(frozen=True)
class Found:
    """Of one case and seed, the rows; and the errors to compare with, by name.

    Parameters
    ----------
    forecaster, measure
        Which was chosen, and what errors on test windows are.
    candidates
        Errors with few bits on validation, by forecasters with both their errors.
    validation, floating
        Of the chosen one in float.
    others
        On test windows.
    """

    forecaster: str
    measure: str
    candidates: dict[str, float]
    validation: float
    floating: float
    others: dict[str, float]
    rows: tuple[Row, ...]


def measured(name: str, seed: int, quick: bool, file: Path | None) -> Found:
    """Choose, train, narrow, convert, run and score."""
    case = case_of(name, file)
    training = case.training | {"seed": seed} | ({"epochs": 2} if quick else {})
    base = case.config.model_copy(
        update={"training": case.config.training.model_copy(update=training)}
    )
    data = prepare(base)
    tuning = Tuning(2, case.tuning.rates[:1], (1.0,)) if quick else case.tuning
    tried: list[_Tried] = []
    for settings in case.models[:1] if quick else case.models:
        model = FAMILIES[str(settings["family"])].model_validate(settings, strict=False)
        config = base.model_copy(update={"model": model})
        found = floating(config, data, tuning)
        narrow = narrowed(config, data, found, CHOSEN_AT, tuning)
        error = lesson_of(config, data).error
        tried.append(_Tried(config, found, narrow, error(found.twice), error(narrow)))
        print(f"{name}: {tried[-1]}", file=sys.stderr)
    best = min(tried, key=lambda each: each.error)
    config, in_float = best.config, best.floating
    models = {CHOSEN_AT: best.narrow}
    for width in () if quick else WIDTHS:
        if width != CHOSEN_AT:
            models[width] = narrowed(config, data, in_float, width, tuning)
    judge = Judge(config, data)
    float_error = judge.error(predict_float32(in_float.twice, data.test.inputs))
    naive = judge.best_naive
    rows: list[Row] = []
    for width in sorted(
        models, key=lambda each: (each.values, each.weights, each.forecasts), reverse=True
    ):
        rows.append(_row(config, data, judge, width, models[width], 1 - float_error / naive))
        print(f"{name}: {rows[-1]}", file=sys.stderr)
    return Found(
        _named(config),
        judge.measure,
        {str(each): each.error for each in tried},
        best.float_error,
        float_error,
        judge.others,
        tuple(rows),
    )


@dataclass(frozen=True, eq=False)
class _Tried:
    """A forecaster in float and in few bits, with both errors on validation."""

    config: Config
    floating: InFloat
    narrow: keras.Model
    float_error: float
    error: float

    def __str__(self) -> str:
        return f"{_named(self.config)} {self.float_error:.4f} and {self.error:.4f}"


def _row(
    config: Config,
    data: PreparedData,
    judge: Judge,
    width: Width,
    model: keras.Model,
    gain: float,
) -> Row:
    network = hardware_of(model, config)
    codes = network.input_format.quantize(data.test.inputs)
    golden = network.reference(codes)
    with TemporaryDirectory() as folder, RtlModel(network, Path(folder)) as rtl:
        answered = rtl.run(codes).outputs
    differing = int(np.count_nonzero(answered != golden))
    if differing:
        raise ChronogateError(
            f"{config.name} {width}: {differing} codes of the RTL differ from the golden model: "
            "run `accel verify` on this configuration, which names the layer"
        )
    error = judge.error(network.output_format.to_float(answered))
    kept = (1 - error / judge.best_naive) / gain if gain > 0 else None
    return Row(str(width), lesson_of(config, data).error(model), error, len(answered), kept)


def _named(config: Config) -> str:
    hidden = getattr(config.model, "hidden", ())
    level = config.model.normalization
    words = (config.model.family, "-".join(map(str, hidden)), "" if level == "none" else level)
    return " ".join(word for word in words if word)


def printed(name: str, seed: int, found: Found) -> str:
    """Return the tables of a case."""
    tried = ", ".join(found.candidates)
    others = ", ".join(f"{each} {error:.4f}" for each, error in found.others.items())
    lines = [
        f"\n{name}, seed {seed}, {found.measure}; validation in float and W4A8: {tried}.",
        f"Float {found.forecaster} {found.floating:.4f}; {others}.\n",
        "| bits | validation | RTL | windows | of float's gain |\n|" + "---|" * 5,
        f"| float | {found.validation:.4f} | {found.floating:.4f} | | 100.0 % |",
        *(
            f"| {row.width} | {row.validation:.4f} | {row.rtl:.4f} | {row.windows:,} "
            f"| {'no gain' if row.kept is None else f'{100 * row.kept:.1f} %'} |"
            for row in found.rows
        ),
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the tables, case by case; what was measured before is read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=NAMES, nargs="*", default=NAMES)
    parser.add_argument("--file", type=Path, help="your copy of ETTh1.csv, for energy")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="retail, W4A8, two epochs")
    given = parser.parse_args()
    if given.file is None and "energy" in given.only and not given.quick:
        parser.error("energy needs --file ETTh1.csv (docs/datasets.md): or name others with --only")
    try:
        for name in ("retail",) if given.quick else given.only:
            kept = FOLDER / f"case_{name}_{given.seed}{'_quick' if given.quick else ''}.json"
            if not kept.exists():
                found = measured(name, given.seed, given.quick, given.file)
                FOLDER.mkdir(parents=True, exist_ok=True)
                write_json(kept, found)
            print(printed(name, given.seed, read_json(kept, Found)), flush=True)
    except ChronogateError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
