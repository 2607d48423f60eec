"""Two trained runs as one gated design: its threshold, its verification, what it saves."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from accel.progress import Progress
from accel.runs.json_files import write_json
from accel.runs.records import VALIDATION_WINDOWS, TestWindows, load_conversion, load_test_windows
from accel.runs.run import Run, Step, open_run
from accel.scoring.scores import score_arrays
from hw.errors import ChronogateError
from hw.network.gated import GatedNetwork
from hw.network.gated_serialization import save_gated
from hw.network.graph import Network
from hw.network.serialization import load_network
from hw.top.gated import gated_verilog
from sim.cocotb_runner import run_testbench
from sim.coverage.bins import sentence
from sim.measure import measure_gated, predicted_report
from sim.rtl_model import RtlModel
from sim.verification import CycleReport

AUTO = "auto"
COUNTED_WINDOWS = 64
"""Windows of which every handshake's cycle is compared."""

REPORT = "gate_report.json"


@dataclass(frozen=True)
class GateReport:
    """``gate_report.json``.

    Parameters
    ----------
    cheap, large
        The runs.
    threshold
        Input codes of the step that wakes.
    channels
        Features whose steps count.
    windows, wakes
        Test windows, and those that woke the large forecaster.
    values_compared, mismatches
        Output codes of the RTL against the golden model, test windows and testbench together.
    products, products_saved
        Of all windows: those that the large forecaster alone would need, and how many fewer the
        design computed.
    mse, cheap_mse, large_mse
        Mean squared errors over the test windows, scaled units: of what the RTL answered, and of
        each forecaster alone (golden model).
    predicted, simulated
        Cycles over the windows that were counted.
    testbench
        Tests that cocotb ran.
    realizations
        What agrees; each part was compared with QKeras when it was converted.
    """

    cheap: str
    large: str
    threshold: int
    channels: tuple[str, ...]
    windows: int
    wakes: int
    values_compared: int
    mismatches: int
    products: int
    products_saved: int
    mse: float
    cheap_mse: float
    large_mse: float
    predicted: CycleReport
    simulated: CycleReport
    testbench: tuple[str, ...]
    realizations: tuple[str, ...] = ("reference", "rtl")

    @property
    def passed(self) -> bool:
        """Whether every code and every cycle agrees."""
        return self.mismatches == 0 and self.predicted == self.simulated


def gate_runs(
    run: Run, cheap: Path, large: Path, threshold: str, wakes: float, progress: Progress
) -> GateReport:
    """Write the gated design of two runs into `run`, verified.

    Parameters
    ----------
    threshold
        ``auto``, or a number of input codes.
    wakes
        With ``auto``: the share of the validation windows that may wake the large forecaster.

    Raises
    ------
    ChronogateError
        When the runs do not belong together, or cannot stand behind a gate.
    """
    with ExitStack() as stack:
        runs = [stack.enter_context(open_run(folder)) for folder in (cheap, large)]
        networks = _network(runs[0]), _network(runs[1])
        windows = _windows(runs)
        channels = _channels(networks[0])
        level = _given(threshold)
        if level is None:
            progress.step("Threshold from validation windows")
            level = _quantile(runs[0], networks[0], channels, wakes)
        name = f"{networks[0].name}_or_{networks[1].name}"
        gated = GatedNetwork(name, networks[0], networks[1], level, channels)
        with run.step(Step.GATE) as folder:
            found = _verified(gated, windows, folder, load_conversion(runs[0]).seed, progress)
            save_gated(gated, folder)
            write_json(folder / REPORT, found)
    return found


def _network(run: Run) -> Network:
    run.require(Step.CONVERT)
    return load_network(run.folder)


def _windows(runs: list[Run]) -> TestWindows:
    """Return the test windows, which both runs must share."""
    cheap, large = (load_test_windows(run) for run in runs)
    if cheap is None or large is None:
        bare = runs[0 if cheap is None else 1].folder
        raise ChronogateError(
            f"{bare} was made from a bare model file, without test windows: train the forecaster "
            "with `accel train`"
        )
    if cheap.inputs.shape != large.inputs.shape or (cheap.inputs != large.inputs).any():
        raise ChronogateError(
            f"{runs[0].folder} and {runs[1].folder} have other test windows: train both on the "
            "same data, look-back and horizon"
        )
    return cheap


def _channels(network: Network) -> tuple[int, ...]:
    """Return the features that are targets; the first one where none is."""
    targets = {target.name for target in network.metadata.targets}
    features = network.metadata.features
    found = tuple(n for n, feature in enumerate(features) if feature.name in targets)
    return found or (0,)


def _given(threshold: str) -> int | None:
    if threshold == AUTO:
        return None
    if not threshold.isdecimal():
        raise ChronogateError(
            f"--threshold {threshold!r} is no number of input codes: write one, or auto"
        )
    return int(threshold)


def _quantile(run: Run, network: Network, channels: tuple[int, ...], wakes: float) -> int:
    """Return the least threshold that at most the share `wakes` of validation windows reach."""
    if not 0 <= wakes <= 1:
        raise ChronogateError(f"--wakes {wakes} is no share of windows: write 0 to 1")
    path = run.path(VALIDATION_WINDOWS)
    if not path.exists():
        raise ChronogateError(
            f"{run.folder} has no {path.name}, from which a threshold could be chosen: run "
            "`accel train` again, or write --threshold"
        )
    with np.load(path) as arrays:
        inputs = arrays["inputs"]
    codes = network.input_format.quantize(inputs)[..., list(channels)]
    rough = np.sort(np.abs(np.diff(codes, axis=1)).max(axis=(1, 2)))
    asleep = len(rough) - int(wakes * len(rough))
    return 0 if asleep == 0 else int(rough[asleep - 1]) + 1


def _verified(
    gated: GatedNetwork, windows: TestWindows, folder: Path, seed: int, progress: Progress
) -> GateReport:
    codes = gated.input_format.quantize(windows.inputs)
    expected = gated.reference(codes)
    progress.step("Building the simulation")
    verilog = gated_verilog(gated)
    (folder / "rtl").mkdir()
    (folder / "rtl" / "accelerator.v").write_text(verilog, encoding="utf-8")
    few = codes[np.linspace(0, len(codes) - 1, min(COUNTED_WINDOWS, len(codes))).astype(int)]
    with RtlModel(gated, folder / "sim" / "model", verilog=verilog) as model:
        simulated = measure_gated(model, gated, few)
        tick = progress.step("Test windows through the RTL", len(codes))
        outputs = model.run(codes, seed=seed, tick=tick).outputs
    tick = progress.step("cocotb testbench", 2)
    bench = run_testbench(gated, few, folder / "sim" / "testbench", seed, tick=tick)
    if bench.agrees and not bench.passed:
        raise ChronogateError(f"{sentence(bench.coverage)}: give it more windows, or another seed")
    woken = int(expected.wakes.sum())

    def error(results: np.ndarray) -> float:
        forecasts = gated.output_format.to_float(results)
        targets = gated.metadata.targets
        return score_arrays(forecasts, windows.targets, windows.mask, targets).mse

    features = gated.metadata.features
    return GateReport(
        cheap=gated.cheap.name,
        large=gated.large.name,
        threshold=gated.threshold,
        channels=tuple(features[channel].name for channel in gated.channels),
        windows=len(codes),
        wakes=woken,
        values_compared=expected.outputs.size + bench.values_compared,
        mismatches=int((outputs != expected.outputs).sum()) + bench.mismatches,
        products=len(codes) * gated.products[1],
        products_saved=gated.products_saved(len(codes), woken),
        mse=error(outputs),
        cheap_mse=error(gated.cheap.reference(codes)),
        large_mse=error(gated.large.reference(codes)),
        predicted=predicted_report(gated, few),
        simulated=simulated,
        testbench=bench.backpressure,
    )
