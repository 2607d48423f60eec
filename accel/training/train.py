"""Train the forecaster that a configuration describes, and score it beside the baselines."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from accel.configuration.config import Config
from accel.datasets.loader import time_column
from accel.datasets.windows import Windows
from accel.forecasters.fit_data import FitData
from accel.progress import Progress, SilentProgress
from accel.runs.records import VALIDATION_WINDOWS
from accel.scoring.baselines import fit_ridge, last_value, seasonal_naive
from accel.scoring.cases import demand_of, prices_of
from accel.scoring.scores import score
from accel.training.learning import check_begun, learn, shape_of
from accel.training.prepared import PreparedData, prepare
from accel.training.result import (
    MODEL_FILE,
    VERSION,
    Baselines,
    TrainingResult,
    metadata,
    save_result,
)
from hw.network.metadata import Metadata

if TYPE_CHECKING:
    from accel.qkeras_compat import keras


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A trained QKeras model, its numbers, and the windows that it was scored and chosen on."""

    model: "keras.Model"
    result: TrainingResult
    test: Windows
    validation: Windows

    @property
    def metadata(self) -> Metadata:
        """What travels with the network: names, units and scaling, for `accel.convert`."""
        return metadata(self.result)


def train(config: Config, progress: Progress | None = None) -> TrainedModel:
    """Train a forecaster and score it on every test window.

    Parameters
    ----------
    config
        The whole configuration; its seed fixes the result on one machine, bit for bit.
    progress
        Told of the steps and of each epoch; nobody is by default.

    Returns
    -------
    TrainedModel
        With the weights of the best epoch on validation.

    Raises
    ------
    ChronogateError
        As `prepare`, or when the training diverged.
    """
    check_begun(config)
    progress = progress or SilentProgress()
    progress.step("Reading data")
    data = prepare(config)
    progress.step("Loading TensorFlow")
    from accel.forecasters.build import build_float_twin, count_coefficients
    from accel.keras_models.float64 import evaluate_float64
    from accel.training.fitting import fit, predict_float32, seed_everything

    training, forecast = config.training, config.forecast
    shape = shape_of(config)
    progress.step("Fitting the baselines")
    naive, penalty = _baseline_forecasts(config, data)
    learned = learn(config, data, progress)
    model = learned.model
    progress.step("Scoring the test windows")
    forecasts = evaluate_float64(model, data.test.inputs)
    scores = score(forecasts, data.test, data.targets)

    float_mse = None
    if training.float_twin:
        seed_everything(training.seed)
        twin = build_float_twin(config.model, shape)
        advance = progress.step("Training its float twin", training.epochs)
        fitted = config.model.start(twin, FitData(shape, data.train, data.validation, exact=True))
        fit(twin, learned.seen, data.validation, training, advance, fitted)
        in_float = predict_float32(twin, data.test.inputs)
        float_mse = score(in_float, data.test, data.targets).mse

    result = TrainingResult(
        version=VERSION,
        name=config.name,
        family=config.model.family,
        source=data.series.source,
        features=data.features,
        targets=data.targets,
        time_column=time_column(config.data),
        step_seconds=data.series.step_seconds,
        look_back=forecast.look_back,
        horizon=forecast.horizon,
        seed=training.seed,
        parameters=count_coefficients(model),
        train_windows=len(learned.seen),
        validation_windows=len(data.validation),
        test_windows=len(data.test),
        scored_values=int(data.test.mask.sum()),
        seconds=learned.seconds,
        history=learned.history,
        model=scores,
        baselines=Baselines(
            **{name: score(found, data.test, data.targets) for name, found in naive.items()},
            ridge_penalty=penalty,
            season=forecast.season,
        ),
        float_mse=float_mse,
        prices=prices_of(config, data, forecasts),
        demand=demand_of(config, data, forecasts, naive),
        compression=learned.applied,
    )
    return TrainedModel(model, result, data.test, data.validation)


def save_training(trained: TrainedModel, folder: Path) -> None:
    """Write ``model.h5``, ``training.json`` and both files of windows into an existing folder."""
    from accel.keras_models.files import save_model

    save_model(trained.model, folder / MODEL_FILE)
    save_result(trained.result, trained.test, folder)
    # Half the size is enough to choose from: a gate's threshold, how a layer is to learn on.
    validation = trained.validation
    np.savez_compressed(
        folder / VALIDATION_WINDOWS,
        inputs=validation.inputs.astype(np.float32),
        targets=validation.targets.astype(np.float32),
        mask=validation.mask,
    )


def _baseline_forecasts(config: Config, data: PreparedData) -> tuple[dict[str, np.ndarray], float]:
    """Return the forecasts to beat on the test windows, and the penalty of the ridge regression."""
    test, horizon, season = data.test, config.forecast.horizon, config.forecast.season
    ridge = fit_ridge(data.train, data.validation)
    values = data.scaled_targets
    return {
        "last_value": last_value(values, test.origins, horizon),
        "seasonal_naive": seasonal_naive(values, test.origins, horizon, season),
        "ridge": ridge.predict(test.inputs),
    }, ridge.penalty
