"""Transfer against training from scratch with 50, 200 and 1,000 rows, five seeds.

A station that has measured its temperature for years gets a sensor of the dew point: the dew point
twelve hours ahead from the last twenty-four, by an MLP with 8-bit weights, from random weights or
from those of the same MLP trained on the temperature's training rows. Both ways have as many trials
of the learning rate (with another seed, by the error on the dew point's validation windows) and as
many epochs. Rows are the last ones of the training part, so that seeds differ in weights and order
only. Errors are in the square of degrees, as scaled units differ with the rows.

    python -m tests.bench_accuracy.transfer
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from accel.compression.methods.transfer import Transfer
from accel.configuration.config import Config, parse_config
from accel.datasets.windows import Windows
from accel.keras_models.files import save_model
from accel.progress import SilentProgress
from accel.scoring.baselines import fit_ridge, seasonal_naive
from accel.training.fitting import mean_error, predict_float32
from accel.training.learning import learn
from accel.training.prepared import PreparedData, prepare
from accel.training.result import MODEL_FILE
from tests.bench_accuracy.seeds import SEEDS, TUNING_SEED, compared, spread

ROWS = (50, 200, 1000)
EPOCHS, SOURCE_EPOCHS = 60, 15
RATES = (0.001, 0.003, 0.01)
SEASON = 24

TEXT = """
name = "transfer"
[data]
dataset = "beijing_weather"
features = ["{column}"]
targets = ["{column}"]
{rows}
[forecast]
look_back = 24
horizon = 12
season = 24
[model]
family = "mlp"
hidden = [16]
normalization = "last"
[model.formats]               # few rows have small deviations: later values are many of them
input = {{ bits = 12, integer = 5 }}
level = {{ bits = 12, integer = 5 }}
normalized = {{ bits = 8, integer = 2 }}
output_kernel = {{ bits = 8, integer = 0 }}
output = {{ bits = 12, integer = 5 }}
[training]
epochs = {epochs}
patience = {epochs}
batch_size = {batch}
learning_rate = 0.004
window_stride = 1
seed = {seed}
"""


def configured(column: str, seed: int, epochs: int, batch: int, rows: int | None = None) -> Config:
    """Return the configuration of a training."""
    some = "" if rows is None else f"train_rows = {rows}"
    text = TEXT.format(column=column, seed=seed, epochs=epochs, batch=batch, rows=some)
    return parse_config(text, "transfer")


def tried(
    config: Config, data: PreparedData, rate: float, source: Path | None
) -> tuple[float, ...]:
    """Return validation and test errors of a training, from scratch without a `source`."""
    training = config.training.model_copy(update={"learning_rate": rate})
    compress: tuple[Transfer, ...] = ()
    if source is not None:
        method = Transfer(method="transfer", run=source, epochs=training.epochs, learning_rate=rate)
        compress, training = (method,), training.model_copy(update={"epochs": 0})
    changed = config.model_copy(update={"training": training, "compress": compress})
    model = learn(changed, data, SilentProgress()).model
    return tuple(
        error(predict_float32(model, part.inputs), part, data)
        for part in (data.validation, data.test)
    )


def error(forecasts: np.ndarray, part: Windows, data: PreparedData) -> float:
    """Return the mean squared error in the square of the target's unit."""
    return mean_error(forecasts, part) * data.targets[0].scale ** 2


@contextmanager
def source_of(seed: int, data: PreparedData, epochs: int) -> Iterator[Path]:
    """Yield a folder with the MLP trained on the temperature."""
    learned = learn(configured("temperature", seed, epochs, batch=256), data, SilentProgress())
    print(f"temperature, seed {seed}: validation {learned.validation_error:.4f}", file=sys.stderr)
    with TemporaryDirectory() as folder:
        save_model(learned.model, Path(folder) / MODEL_FILE)
        yield Path(folder)


def main() -> None:
    """Print the errors of all seeds, and what they come to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two seeds, 50 rows, two epochs")
    quick = parser.parse_args().quick
    seeds, sizes = (SEEDS[:2], ROWS[:1]) if quick else (SEEDS, ROWS)
    rates, epochs = (RATES[:1], 2) if quick else (RATES, EPOCHS)
    known = prepare(configured("temperature", TUNING_SEED, 1, 256))
    few = {rows: prepare(configured("dew_point", 1, 1, 16, rows)) for rows in sizes}
    results: dict[tuple[int, str], list[tuple[float, ...]]] = {}
    best: dict[tuple[int, str], float] = {}
    for seed in (TUNING_SEED, *seeds):
        with source_of(seed, known, 1 if quick else SOURCE_EPOCHS) as folder:
            for rows, data in few.items():
                config = configured("dew_point", seed, epochs, 16, rows)
                for way, source in (("scratch", None), ("transfer", folder)):
                    key = (rows, way)
                    if seed == TUNING_SEED:
                        errors = {rate: tried(config, data, rate, source)[0] for rate in rates}
                        best[key] = min(errors, key=errors.__getitem__)
                        print(f"{key}: {errors}", file=sys.stderr)
                    else:
                        found = tried(config, data, best[key], source)
                        results.setdefault(key, []).append(found)
    print("| rows | windows | part | seasonal naive | ridge | from scratch | transferred | gain "
          "| rates |\n|" + "---|" * 9)  # fmt: skip
    for rows, data in few.items():
        ridge = fit_ridge(data.train, data.validation)
        for place, (name, part) in enumerate(
            (("validation", data.validation), ("test", data.test))
        ):
            naive = seasonal_naive(data.scaled_targets, part.origins, 12, SEASON)
            scratch, moved = (
                [found[place] for found in results[rows, way]] for way in ("scratch", "transfer")
            )
            print(f"| {rows} | {len(data.train)} | {name} | {error(naive, part, data):.3f} "
                  f"| {error(ridge.predict(part.inputs), part, data):.3f} | {spread(scratch)} "
                  f"| {spread(moved)} | {compared(scratch, moved)} "
                  f"| {best[rows, 'scratch']:g}, {best[rows, 'transfer']:g} |")  # fmt: skip


if __name__ == "__main__":
    main()
