"""A forecaster learned, converted and scored: its error is of the codes of the Verilated RTL."""

import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import accel
from accel.baselines import last_value, seasonal_naive
from accel.config import Config
from accel.datasets.windows import Windows
from accel.forecasters.build import build_float_twin, count_coefficients, hls_settings
from accel.forecasters.fit_data import FitData
from accel.forecasters.kit import Tensor
from accel.learning import Learned, learn, shape_of
from accel.progress import LineProgress
from accel.records import forecasts
from accel.scores import score
from accel.training import PreparedData, prepare
from accel.fitting import predict_float32, seed_everything
from hw.errors import ChronogateError
from hw.network.graph import Network
from sim.rtl_model import RtlModel

__all__ = ["Measured", "Tensor", "measure"]


@dataclass(frozen=True)
class Measured:
    """Errors in scaled units, over every window, step and target of a part of the series.

    Parameters
    ----------
    coefficients
        Weights and biases stored, zeros included.
    validation
        Of the quantized forecaster.
    rtl
        On the test windows, of the codes that came out of the RTL.
    windows, differing
        Test windows run, and codes in which the RTL and the golden model differ.
    float_mse
        Of the same structure in float, on the test windows.
    last_value, seasonal_naive
        Errors to beat, on the test windows.
    """

    coefficients: int
    validation: float
    rtl: float
    windows: int
    differing: int
    float_mse: float
    last_value: float
    seasonal_naive: float


def measure(config: Config, stride: int = 1) -> Measured:
    """Learn, convert, Verilate and score a forecaster.

    Parameters
    ----------
    stride
        Every n-th test window; 1 is the whole test set.

    Raises
    ------
    ChronogateError
        When a code of the RTL differs from the golden model's.
    """
    progress = LineProgress(sys.stderr)
    data = prepare(config)
    learned = learn(config, data, progress)
    test = data.test.picked(slice(None, None, stride))
    network = _converted(config, learned)
    answered, differing = _run(network, test)
    if differing:
        raise ChronogateError(
            f"{config.name}: {differing} codes of the RTL differ from the golden model: "
            "run `accel verify` on this configuration, which names the layer"
        )
    naive = data.scaled_targets
    horizon, season = config.forecast.horizon, config.forecast.season

    def error(found: np.ndarray) -> float:
        return score(found, test, data.targets).mse

    return Measured(
        count_coefficients(learned.model),
        learned.validation_mse,
        error(network.output_format.to_float(answered)),
        len(test),
        differing,
        error(_float_forecasts(config, data, learned, test)),
        error(last_value(naive, test.origins, horizon)),
        error(seasonal_naive(naive, test.origins, horizon, season)),
    )


def _converted(config: Config, learned: Learned) -> Network:
    settings = hls_settings(config.model, learned.model.layers)
    with TemporaryDirectory() as folder, redirect_stdout(sys.stderr):
        graph = accel.convert(learned.model, Path(folder), config.name, hls_config=settings)
        return graph.network


def _run(network: Network, test: Windows) -> tuple[np.ndarray, int]:
    """Return the RTL's codes, and how many differ from the golden model's."""
    codes = (network.input_format.quantize(test.inputs),)
    with TemporaryDirectory() as folder, RtlModel(network, Path(folder)) as model:
        answered = forecasts(model.run(codes).results)
    golden = network.reference(codes[0])
    return answered, int(np.count_nonzero(answered != golden))


def _float_forecasts(
    config: Config, data: PreparedData, learned: Learned, test: Windows
) -> np.ndarray:
    from accel.fitting import fit

    shape = shape_of(config)
    seed_everything(config.training.seed)
    twin = build_float_twin(config.model, shape)
    fitted = config.model.start(twin, FitData(shape, data.train, data.validation, exact=True))
    fit(twin, learned.seen, data.validation, config.training, lambda units: None, fitted)
    return predict_float32(twin, test.inputs)
