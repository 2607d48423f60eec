"""A forecaster learned, converted and scored: its error is of the codes of the Verilated RTL."""

import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import accel
from accel.configuration.config import Config
from accel.datasets.windows import Windows
from accel.forecasters.build import (
    build_float_twin,
    build_forecaster,
    count_coefficients,
    hls_settings,
)
from accel.forecasters.fit_data import FitData
from accel.forecasters.shape import Shape
from accel.forecasters.solving import layer_of
from accel.keras_models.float64 import evaluate_float64
from accel.progress import LineProgress
from accel.qkeras_compat import keras
from accel.runs.records import forecasts
from accel.scoring.baselines import last_value, seasonal_naive
from accel.scoring.scores import score
from accel.training.fitting import fit, predict_float32, seed_everything
from accel.training.learning import Learned, learn, shape_of
from accel.training.prepared import PreparedData, prepare
from hw.errors import ChronogateError
from hw.network.graph import Network
from sim.rtl_model import RtlModel

__all__ = ["Measured", "measure", "measure_quantized"]


@dataclass(frozen=True)
class Measured:
    """Errors in scaled units.

    Parameters
    ----------
    coefficients
        Weights and biases stored, zeros included, and those of the course of the year.
    validation
        Of the quantized forecaster, over every validation window.
    rtl, rtl_windows
        Of the codes that came out of the RTL, and for how many test windows of all targets.
    golden, windows
        Of the golden model's codes, over every test window, and their number.
    floating
        Of the same structure in float, over every test window.
    last_value, seasonal_naive
        Errors to beat, over every test window, of the series as it is.
    """

    coefficients: int
    validation: float
    rtl: float
    rtl_windows: int
    golden: float
    windows: int
    floating: float
    last_value: float
    seasonal_naive: float


def measure(config: Config, stride: int = 1) -> Measured:
    """Learn, convert, Verilate and score a forecaster whose targets share their weights.

    Parameters
    ----------
    stride
        Every n-th test window goes through the RTL; 1 is the whole test set.

    Raises
    ------
    ChronogateError
        When a code of the RTL differs from the golden model's.
    """
    data = prepare(config)
    learned = learn(config, data, LineProgress(sys.stderr))
    test, targets = data.test, len(data.targets)
    sample = test.picked(slice(None, None, stride))
    network = _converted(config, of_one_series(config, learned))
    answered, differing = _run(network, one_by_one(sample))
    if differing:
        raise ChronogateError(
            f"{config.name}: {differing} codes of the RTL differ from the golden model: "
            "run `accel verify` on this configuration, which names the layer"
        )
    golden = network.reference(network.input_format.quantize(one_by_one(test)))

    def error(codes: np.ndarray, windows: Windows) -> float:
        found = side_by_side(network.output_format.to_float(codes), targets)
        return score(found, windows, data.targets).mse

    floating = _float_forecasts(config, data, learned)
    return Measured(
        _coefficients(config, learned),
        learned.validation_error,
        error(answered, sample),
        len(sample),
        error(golden, test),
        len(test),
        score(floating, test, data.targets).mse,
        *naive_errors(config),
    )


def measure_quantized(config: Config) -> tuple[int, float, float]:
    """Return coefficients, validation error and test error of the quantized QKeras model alone."""
    data = prepare(config)
    learned = learn(config, data, LineProgress(sys.stderr))
    found = score(evaluate_float64(learned.model, data.test.inputs), data.test, data.targets)
    return _coefficients(config, learned), learned.validation_error, found.mse


def _coefficients(config: Config, learned: Learned) -> int:
    curve, targets = config.data.annual, len(learned.seen.targets[0]) // config.forecast.horizon
    taken = 0 if curve is None else 2 * curve.harmonics * targets
    return count_coefficients(learned.model) + taken


def naive_errors(config: Config) -> tuple[float, float]:
    """Return the errors of the last value and of the last season, the year left in the series."""
    forecast = config.forecast
    plain = config.data.model_copy(update={"annual": None})
    data = prepare(config.model_copy(update={"data": plain}))
    values, origins = data.scaled_targets, data.test.origins
    return (
        score(last_value(values, origins, forecast.horizon), data.test, data.targets).mse,
        score(
            seasonal_naive(values, origins, forecast.horizon, forecast.season),
            data.test,
            data.targets,
        ).mse,
    )


def of_one_series(config: Config, learned: Learned) -> keras.Model:
    """Return the forecaster of one series that has the weights which all targets share.

    Its windows are those of the targets one after the other, so that the hardware is as wide as
    one series and not as all of them.
    """
    forecast = config.forecast
    alone = ("series",)
    shape = Shape(forecast.look_back, forecast.horizon, forecast.season, alone, alone)
    model = build_forecaster(config.model, shape)
    for name in config.model.dense_layers:
        layer_of(model, name).set_weights(layer_of(learned.model, name).get_weights())
    return model


def one_by_one(windows: Windows) -> np.ndarray:
    """Return the windows ``(targets * N, look_back, 1)``, those of the first target first."""
    return np.moveaxis(windows.inputs, 2, 0).reshape(-1, windows.inputs.shape[1], 1)


def side_by_side(forecasts: np.ndarray, targets: int) -> np.ndarray:
    """Return forecasts ``(N, horizon * targets)`` of those of `one_by_one`'s windows."""
    each = forecasts.reshape(targets, -1, forecasts.shape[1])
    return each.transpose(1, 2, 0).reshape(each.shape[1], -1)


def _converted(config: Config, model: keras.Model) -> Network:
    settings = hls_settings(config.model, model.layers)
    with TemporaryDirectory() as folder, redirect_stdout(sys.stderr):
        graph = accel.convert(model, Path(folder), config.name, hls_config=settings)
        return graph.network


def _run(network: Network, inputs: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the RTL's codes, and how many differ from the golden model's."""
    codes = (network.input_format.quantize(inputs),)
    with TemporaryDirectory() as folder, RtlModel(network, Path(folder)) as model:
        answered = forecasts(model.run(codes).results)
    golden = network.reference(codes[0])
    return answered, int(np.count_nonzero(answered != golden))


def _float_forecasts(config: Config, data: PreparedData, learned: Learned) -> np.ndarray:
    shape = shape_of(config)
    seed_everything(config.training.seed)
    twin = build_float_twin(config.model, shape)
    fitted = config.model.start(twin, FitData(shape, data.train, data.validation, exact=True))
    fit(twin, learned.seen, data.validation, config.training, lambda units: None, fitted)
    return predict_float32(twin, data.test.inputs)
