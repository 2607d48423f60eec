"""The step of a run: its last layer learns on over the test windows, and is loaded into the RTL."""

from dataclasses import dataclass

import numpy as np

from accel.incremental.choosing import ANCHORS, FORGETTING, Choice, choose
from accel.incremental.last_layer import LastLayer, last_layer
from accel.incremental.prequential import (
    Prequential,
    Schedule,
    Stream,
    adapt,
)
from accel.progress import Progress, SilentProgress
from accel.runs.json_files import write_json
from accel.runs.records import VALIDATION_WINDOWS, load_test_windows
from accel.runs.run import Run, Step
from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.network.serialization import load_network, save_network
from hw.top.verilog import design_verilog
from sim.reloading import Host
from sim.rtl_model import RtlModel

FOLDER = "adapted"


@dataclass(frozen=True)
class Adaptation:
    """``adapted/adaptation.json``.

    Parameters
    ----------
    layer
        The layer that learned.
    every, forgetting, anchor
        Its schedule.
    validation_gain
        Of the forgetting and anchor, where one of them was chosen on validation; else None.
    figures
        The errors.
    measured_on
        What forecast.
    mismatches
        Codes in which the RTL differs from the golden model; None where it did not run.
    """

    layer: str
    every: int
    forgetting: float
    anchor: float
    validation_gain: float | None
    figures: Prequential
    measured_on: str
    mismatches: int | None


def adapt_step(
    run: Run,
    every: int,
    forgetting: float | None,
    anchor: float | None,
    rtl: bool,
    progress: Progress | None = None,
) -> Adaptation:
    """Let the last layer learn on; keep the last model and the errors.

    Parameters
    ----------
    every
        Windows from one load to the next.
    forgetting, anchor
        As in `accel.incremental.least_squares.LeastSquares`; None is chosen on validation.
    rtl
        Whether a simulated design takes every model through its registers and forecasts.
    """
    progress = progress or SilentProgress()
    run.require(Step.CONVERT)
    network = load_network(run.folder)
    windows = load_test_windows(run)
    earlier = run.path(VALIDATION_WINDOWS)
    if windows is None or not earlier.exists():
        raise ChronogateError(
            f"{run.folder} was made from a bare model file and has no windows to learn from: train "
            "the forecaster with `accel train`"
        )
    layer = last_layer(network)
    validation = _validation(run, network)
    before = validation.codes
    stream = Stream(network.input_format.quantize(windows.inputs), windows.targets, windows.mask)
    mismatches, gain = None, None
    with run.step(Step.ADAPT) as folder:
        if forgetting is None or anchor is None:
            progress.step("Choosing on validation")
            choice = _chosen(layer, validation, every, forgetting, anchor)
            forgetting, anchor, gain = choice.forgetting, choice.anchor, choice.gain
        schedule = Schedule(every, forgetting, network.metadata.horizon, anchor)
        place = folder / FOLDER
        place.mkdir()
        advance = progress.step("Forecasting and learning", len(stream.codes))
        found = adapt(layer, stream, before, schedule, advance=advance)
        if rtl:
            progress.step("Building the simulation")
            verilog = design_verilog(layer.network, control=True)
            with RtlModel(layer.network, place / "sim", verilog=verilog) as model:
                advance = progress.step("The same in the RTL", len(stream.codes))
                loading = _Loading(model, layer.network)
                again = adapt(layer, stream, before, schedule, loading.forecast, advance)
            mismatches = int(np.count_nonzero(again.codes != found.codes))
        save_network(found.model, place)
        result = Adaptation(
            layer.name,
            every,
            forgetting,
            anchor,
            gain,
            found.figures,
            "rtl" if rtl else "reference",
            mismatches,
        )
        write_json(place / "adaptation.json", result)
    return result


def _validation(run: Run, network: Network) -> Stream:
    """Return the validation windows."""
    with np.load(run.path(VALIDATION_WINDOWS)) as arrays:
        if "targets" not in arrays:
            raise ChronogateError(
                f"{run.folder} was trained by an older version, which kept no targets of its "
                "validation windows to choose from: train the forecaster again with `accel train`"
            )
        codes = network.input_format.quantize(arrays["inputs"].astype(np.float64))
        return Stream(codes, arrays["targets"].astype(np.float64), arrays["mask"])


def _chosen(
    layer: LastLayer, validation: Stream, every: int, forgetting: float | None, anchor: float | None
) -> Choice:
    """Choose on validation what was not given."""
    schedule = Schedule(every, 1.0, layer.network.metadata.horizon)
    return choose(
        layer,
        validation,
        schedule,
        FORGETTING if forgetting is None else (forgetting,),
        ANCHORS if anchor is None else (anchor,),
    )


class _Loading:
    """Forecasts with the RTL, which it loads a model into when there is a new one."""

    def __init__(self, rtl: RtlModel, network: Network) -> None:
        self._rtl, self._host, self._loaded = rtl, Host(rtl, network), network

    def forecast(self, model: Network, codes: np.ndarray) -> np.ndarray:
        if model is not self._loaded:
            self._host.load(model)
            self._loaded = model
        return self._rtl.run(codes).outputs
