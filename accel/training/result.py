"""What a training leaves behind, readable without TensorFlow."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from accel.compression.method import Applied
from accel.datasets.windows import Windows
from accel.scoring.demand import DemandScores
from accel.scoring.prices import PriceScores
from accel.scoring.scores import Scores
from hw.errors import ChronogateError
from hw.network.metadata import Feature, Metadata

RESULT_FILE = "training.json"
WINDOWS_FILE = "test_windows.npz"
MODEL_FILE = "model.h5"


@dataclass(frozen=True)
class Epoch:
    """Errors after one pass over the training windows, in scaled units.

    Parameters
    ----------
    loss
        Mean error over the epoch's training batches, while the weights changed: squared, or
        absolute where ``training.loss`` says so.
    validation_error
        The same over every validation window, step and target that was observed.
    """

    loss: float
    validation_error: float


@dataclass(frozen=True)
class Baselines:
    """Scores of the forecasts to beat, on the same test windows.

    Parameters
    ----------
    ridge_penalty
        The penalty that did best on validation.
    season
        Period of the seasonal naive forecast, in steps.
    """

    last_value: Scores
    seasonal_naive: Scores
    ridge: Scores
    ridge_penalty: float
    season: int


@dataclass(frozen=True)
class TrainingResult:
    """A trained forecaster in numbers.

    Parameters
    ----------
    name, family
        As in the configuration.
    source
        The data file.
    features, targets
        Columns with their units and their scaling, which comes from the training rows only.
    time_column, step_seconds, look_back, horizon
        What a deployer needs to know of the data.
    seed
        Of the training.
    parameters
        Weights and biases that the model stores.
    train_windows, validation_windows, test_windows
        How many windows each part gave (training: after its stride).
    scored_values
        Test values that were observed and scored.
    seconds
        Wall time of the fit.
    history
        One entry for each epoch; the first may be a fit in closed form.
    model
        Scores of the quantized model on every test window, computed in float64 by its own layers.
    baselines
        Scores of the forecasts to beat.
    float_mse
        Scaled test error of the same structure trained in float, or ``None``.
    prices
        Of forecasts of returns: their errors as prices.
    demand
        Of intermittent demand: mean absolute scaled errors.
    compression
        What each method of ``[[compress]]`` did, in order.
    """

    version: int
    name: str
    family: str
    source: str
    features: tuple[Feature, ...]
    targets: tuple[Feature, ...]
    time_column: str
    step_seconds: float
    look_back: int
    horizon: int
    seed: int
    parameters: int
    train_windows: int
    validation_windows: int
    test_windows: int
    scored_values: int
    seconds: float
    history: tuple[Epoch, ...]
    model: Scores
    baselines: Baselines
    float_mse: float | None
    prices: PriceScores | None = None
    demand: DemandScores | None = None
    compression: tuple[Applied, ...] = ()

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights were kept, from 1."""
        errors = [epoch.validation_error for epoch in self.history]
        return errors.index(min(errors)) + 1


VERSION = 2


def metadata(result: TrainingResult) -> Metadata:
    """Return what travels with the network."""
    return Metadata(
        features=result.features,
        targets=result.targets,
        step_seconds=result.step_seconds,
        look_back=result.look_back,
        horizon=result.horizon,
        time_column=result.time_column,
    )


def save_result(result: TrainingResult, test: Windows, folder: Path) -> None:
    """Write ``training.json`` and ``test_windows.npz``."""
    text = json.dumps(asdict(result), indent=2, ensure_ascii=False)
    (folder / RESULT_FILE).write_text(text + "\n", encoding="utf-8")
    np.savez_compressed(
        folder / WINDOWS_FILE,
        inputs=test.inputs,
        targets=test.targets,
        mask=test.mask,
        times=test.times,
        origins=test.origins,
    )


def load_training(folder: Path) -> TrainingResult:
    """Read ``training.json``.

    Raises
    ------
    ChronogateError
        When it is missing, damaged or of another version.
    """
    path = folder / RESULT_FILE
    if not path.is_file():
        raise ChronogateError(f"{folder} has no {RESULT_FILE}: run `accel train` first")
    try:
        result = TypeAdapter(TrainingResult).validate_json(path.read_bytes())
    except ValidationError as error:
        raise ChronogateError(f"{path} is damaged: run `accel train` again") from error
    if result.version != VERSION:
        raise ChronogateError(
            f"{path} has version {result.version}, this program reads version {VERSION}: run "
            "`accel train` again"
        )
    return result


def load_test_windows(folder: Path) -> Windows:
    """Read ``test_windows.npz``.

    Raises
    ------
    ChronogateError
        When it is missing or damaged.
    """
    path = folder / WINDOWS_FILE
    if not path.is_file():
        raise ChronogateError(f"{folder} has no {WINDOWS_FILE}: run `accel train` first")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Windows(
                arrays["inputs"],
                arrays["targets"],
                arrays["mask"],
                arrays["times"],
                arrays["origins"],
            )
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise ChronogateError(f"{path} is damaged: run `accel train` again") from error
