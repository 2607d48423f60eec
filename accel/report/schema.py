"""``report.json``, version 1, as frozen dataclasses.

Keys may be added, never renamed. What was not measured is ``None`` (``null``), never left out.
"""

from dataclasses import dataclass
from typing import Literal

from accel.projects.asic.estimate import Estimate
from accel.report.covered import CoverageBin
from accel.report.implementation import Implementation
from accel.scoring.demand import DemandScores
from accel.scoring.prices import PriceScores

VERSION = 1


@dataclass(frozen=True)
class ModelLayer:
    """One node of the network.

    Parameters
    ----------
    name, kind
        Its name and the name of its block.
    output
        Format of its results, as ``ap_fixed<...>``.
    channels
        Values in one of its output beats.
    parameters
        Weights and biases.
    products_per_window
        Useful products for one forecast.
    """

    name: str
    kind: str
    output: str
    channels: int
    parameters: int
    products_per_window: int


@dataclass(frozen=True)
class Model:
    """What is computed."""

    layers: tuple[ModelLayer, ...]
    parameters: int
    nonzero_parameters: int
    weight_bits: int
    products_per_window: int
    look_back: int
    horizon: int | None


@dataclass(frozen=True)
class Verification:
    """What was compared; all None before `accel verify`.

    The note says why QKeras is not among the realizations; None where it is.
    """

    vectors: int | None = None
    values_compared: int | None = None
    mismatches: int | None = None
    seed: int | None = None
    backpressure: tuple[str, ...] | None = None
    simulator: str | None = None
    realizations: tuple[str, ...] | None = None
    note: str | None = None
    coverage: tuple[CoverageBin, ...] | None = None


@dataclass(frozen=True)
class Cycles:
    """Cycles between accepted handshakes (`hw.timing.NetworkTiming`)."""

    latency_cycles: int | None = None
    last_beat_cycles: int | None = None
    window_cycles: int | None = None
    interval_cycles: int | None = None
    step_cycles: int | None = None


@dataclass(frozen=True)
class LayerCycles:
    """The cycle contract of one layer, and what simulation counted of it.

    Parameters
    ----------
    name, interval_cycles, latency_cycles, multipliers, utilization
        The contract.
    shifters
        Of the multipliers, those that have powers of two only.
    counted_latency_cycles
        Counted inside of the design (`sim.layer_cycles`); None where it is not seen.
    distance_cycles, counted_distance_cycles
        Fewest cycles between two beats that come to it, predicted and counted.
    """

    name: str
    interval_cycles: int
    latency_cycles: int
    multipliers: int
    utilization: float | None
    shifters: int = 0
    counted_latency_cycles: int | None = None
    distance_cycles: int | None = None
    counted_distance_cycles: int | None = None


@dataclass(frozen=True)
class HlsLayer:
    """One layer in the vendor's estimate; None where the tool gives no number.

    Parameters
    ----------
    name
        Of the layer, as the project's ``parameters.h`` says; of the function where it says nothing.
    latency_cycles, interval_cycles
        In the worst case.
    """

    name: str
    latency_cycles: int | None
    interval_cycles: int | None


@dataclass(frozen=True)
class HlsCosimulation:
    """What the vendor's C/RTL cosimulation counted at most; None where it says NA."""

    rtl: str
    status: str
    latency_cycles: int | None
    interval_cycles: int | None


@dataclass(frozen=True)
class HlsLatency:
    """What the vendor's tool says of the HLS project.

    Its latency runs from the start of the top function to its end, so it is to be compared with
    `Cycles.window_cycles`; both are worst cases, None where the tool gives no number.

    Parameters
    ----------
    tool, part
        Version of the tool, and the device.
    clock_ns, estimated_clock_ns
        The period that was asked for, and the tool's estimate of the shortest.
    latency_cycles, interval_cycles
        Estimated for the whole design.
    lut, ff, dsp, bram
        Estimated resources; block RAMs of 18 Kbit.
    layers
        The same of each layer, in the tool's order.
    cosimulation
        None where none was run.
    """

    tool: str
    part: str
    clock_ns: float
    estimated_clock_ns: float
    latency_cycles: int | None
    interval_cycles: int | None
    lut: int | None
    ff: int | None
    dsp: int | None
    bram: int | None
    layers: tuple[HlsLayer, ...] = ()
    cosimulation: HlsCosimulation | None = None


@dataclass(frozen=True)
class Latency:
    """Cycles by closed form and by count; `hls` where a vendor report exists."""

    predicted: Cycles
    simulated: Cycles
    layers: tuple[LayerCycles, ...]
    hls: HlsLatency | None = None


@dataclass(frozen=True)
class Baselines:
    """Mean squared errors on the same windows, scaled units."""

    last_value: float | None = None
    seasonal_naive: float | None = None
    ridge: float | None = None


@dataclass(frozen=True)
class Accuracy:
    """Errors over all test windows, targets and steps that were observed, in scaled units.

    Parameters
    ----------
    mse, mae
        Of the quantized forecaster, as the hardware computes it.
    baselines
        Errors to beat.
    measured_on
        Whether the forecasts came from the simulated RTL or from the golden model.
    float_mse
        Of the same forecaster without quantization, where one was trained.
    windows
        Test windows.
    mae_in_units
        `mae` of each target in its own unit.
    prices, demand
        Errors of the same forecasts as `accel.scoring.cases` has them; None for other data.
    """

    mse: float | None = None
    mae: float | None = None
    baselines: Baselines = Baselines()
    measured_on: Literal["rtl", "reference"] | None = None
    float_mse: float | None = None
    windows: int | None = None
    mae_in_units: tuple["TargetError", ...] | None = None
    prices: PriceScores | None = None
    demand: DemandScores | None = None


@dataclass(frozen=True)
class TargetError:
    """Mean absolute error of one target in its own unit."""

    name: str
    unit: str
    mae: float


@dataclass(frozen=True)
class Artifacts:
    """Files of the run, relative to its folder."""

    verilog: tuple[str, ...]
    hls_project: str | None
    hls_reason: str | None = None


@dataclass(frozen=True)
class SavedProducts:
    """What delta updates saved in one layer, over the windows of the verification.

    Parameters
    ----------
    name
        The layer.
    input_threshold, state_threshold
        In codes.
    products, done
        Products with weights, and those that values moved for.
    saved
        The share that was not computed.
    """

    name: str
    input_threshold: int
    state_threshold: int
    products: int
    done: int
    saved: float


@dataclass(frozen=True)
class Report:
    """One run, for machines and for the page; `adaptive` is None before `accel verify`, too.

    Of chips, ``areas`` has what `accel asic` estimated for each process; None before.
    """

    version: int
    name: str
    model: Model
    verification: Verification
    latency: Latency
    implementations: tuple[Implementation, ...]
    accuracy: Accuracy
    artifacts: Artifacts
    adaptive: tuple[SavedProducts, ...] | None = None
    areas: tuple[Estimate, ...] | None = None
