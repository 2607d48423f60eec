"""Gathers what the steps of a run left into a `Report`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace

import numpy as np

from accel.bitstream.blocks import Placement, count_blocks, read_placement
from accel.bitstream.implementation import Implementation as RoutedDesign
from accel.bitstream.power import POWER_FILE, PowerEstimate
from accel.flow.adaptive import load_adaptive
from accel.projects.asic.estimate import Estimate
from accel.report.covered import coverage_bins
from accel.report.hls_reports import read_hls_latency
from accel.report.model import describe_model
from accel.report.schema import (
    VERSION,
    Accuracy,
    Artifacts,
    Baselines,
    Cycles,
    Implementation,
    Latency,
    LayerCycles,
    Report,
    SavedProducts,
    TargetError,
    Verification,
)
from accel.runs.json_files import read_json
from accel.runs.records import TestWindows, load_conversion, load_forecasts, load_test_windows
from accel.runs.run import Run, Step
from accel.scoring.cases import measured_again
from accel.scoring.scores import score_arrays
from accel.training.result import TrainingResult
from hw.network.graph import Network
from hw.network.serialization import load_network
from hw.timing import LayerTiming
from sim.verification import Verification as Verified


@dataclass(frozen=True, eq=False)
class Results:
    """Everything that a report is made from.

    Parameters
    ----------
    report
        The figures.
    network
        The network.
    windows, forecasts
        Test windows, and the scaled forecasts for them ``(N, n_out)``; None without test data.
    training
        What training wrote; None for a model that was trained elsewhere.
    placements
        Where the cells are, by the name of the board.
    """

    report: Report
    network: Network
    windows: TestWindows | None
    forecasts: np.ndarray | None
    training: TrainingResult | None
    placements: Mapping[str, Placement] = field(default_factory=dict)


def collect(run: Run) -> Results:
    """Read the results of a run; what is missing becomes None."""
    run.require(Step.CONVERT)
    network = load_network(run.folder)
    verified = None
    if run.done(Step.VERIFY):
        verified = read_json(run.path("verification.json"), Verified)
    training = None
    if run.path("training.json").exists():
        training = read_json(run.path("training.json"), TrainingResult)
    windows, codes = load_test_windows(run), load_forecasts(run)
    measured_on = "reference" if codes is None else "rtl"
    forecasts = None
    if windows is not None:
        if codes is None:
            codes = network.reference(network.input_format.quantize(windows.inputs))
        forecasts = network.output_format.to_float(codes)
    accuracy = Accuracy()
    if windows is not None and forecasts is not None:
        accuracy = _accuracy(network, windows, forecasts, training, measured_on)
    report = Report(
        version=VERSION,
        name=network.name,
        model=describe_model(network),
        verification=_verification(verified, load_conversion(run).note),
        latency=replace(describe_latency(network, verified), hls=read_hls_latency(run.path("hls"))),
        implementations=_implementations(run),
        accuracy=accuracy,
        artifacts=_artifacts(run),
        adaptive=_adaptive(run),
        areas=_areas(run),
    )
    placements = {
        routed.board: placement
        for routed in report.implementations
        if (placement := read_placement(run.path(routed.bitstream).parent)) is not None
    }
    return Results(report, network, windows, forecasts, training, placements)


def _verification(verified: Verified | None, note: str) -> Verification:
    if verified is None:
        return Verification(note=note or None)
    wanted = {each.name for each in fields(Verification)}
    found = {key: value for key, value in vars(verified).items() if key in wanted}
    found["coverage"] = coverage_bins(verified.coverage)
    return Verification(**found, note=note or None)


def _adaptive(run: Run) -> tuple[SavedProducts, ...] | None:
    found = load_adaptive(run)
    if found is None:
        return None
    return tuple(SavedProducts(**asdict(layer), saved=layer.saved) for layer in found.layers)


def describe_latency(network: Network, verified: Verified | None = None) -> Latency:
    """Return the cycles: predicted, and counted if the network was verified."""
    timing = network.timing
    keys = [each.name for each in fields(Cycles)]
    return Latency(
        predicted=Cycles(**{key: getattr(timing, key) for key in keys}),
        simulated=Cycles() if verified is None else Cycles(**asdict(verified.simulated)),
        layers=tuple(_layer(layer, verified) for layer in timing.layers),
    )


def _layer(layer: LayerTiming, verified: Verified | None) -> LayerCycles:
    found = LayerCycles(**asdict(layer))
    if verified is None:
        return found
    pairs = zip(verified.layers_predicted, verified.layers_counted, strict=True)
    for predicted, counted in pairs:
        if counted.name == layer.name:
            return replace(
                found,
                counted_latency_cycles=counted.latency_cycles,
                distance_cycles=predicted.distance_cycles,
                counted_distance_cycles=counted.distance_cycles,
            )
    return found


def _accuracy(
    network: Network,
    windows: TestWindows,
    forecasts: np.ndarray,
    training: TrainingResult | None,
    measured_on: str,
) -> Accuracy:
    targets = network.metadata.targets
    scores = score_arrays(forecasts, windows.targets, windows.mask, targets)
    prices, demand = None, None
    if training is not None:
        prices, demand = measured_again(training, forecasts, windows.targets, windows.mask)
    return Accuracy(
        mse=scores.mse,
        mae=scores.mae,
        baselines=Baselines() if training is None else _baselines(training),
        measured_on="rtl" if measured_on == "rtl" else "reference",
        float_mse=None if training is None else training.float_mse,
        windows=len(forecasts),
        mae_in_units=tuple(TargetError(t.name, t.unit, t.mae) for t in scores.targets),
        prices=prices,
        demand=demand,
    )


def _baselines(training: TrainingResult) -> Baselines:
    found = training.baselines
    return Baselines(found.last_value.mse, found.seasonal_naive.mse, found.ridge.mse)


def _implementations(run: Run) -> tuple[Implementation, ...]:
    found = []
    for path in sorted(run.path("bitstream").glob("*/implementation.json")):
        power = path.with_name(POWER_FILE)
        estimate = read_json(power, PowerEstimate) if power.exists() else None
        found.append(replace(read_json(path, Implementation), power=estimate))
    return tuple(found)


def _areas(run: Run) -> tuple[Estimate, ...] | None:
    files = sorted(run.path("projects").glob("asic-*/estimate.json"))
    return tuple(read_json(file, Estimate) for file in files) or None


def describe_implementation(
    routed: RoutedDesign, bitstream: str, netlist_windows: int | None = None
) -> Implementation:
    """Return a routed design as the report shows it.

    Parameters
    ----------
    bitstream
        The file's path relative to the run folder.
    netlist_windows
        Windows that the synthesized netlist answered as the golden model does; None without.
    """
    placement = read_placement(routed.bitstream.parent)
    figures = {**vars(routed), "bitstream": bitstream, "netlist_windows": netlist_windows}
    return Implementation(**figures, blocks=None if placement is None else count_blocks(placement))


def _artifacts(run: Run) -> Artifacts:
    verilog = sorted(run.path("rtl").glob("*.v"))
    return Artifacts(
        verilog=tuple(str(path.relative_to(run.folder)) for path in verilog),
        hls_project="hls" if run.path("hls").is_dir() else None,
        hls_reason=load_conversion(run).hls_reason or None,
    )
