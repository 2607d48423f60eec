"""``report.json``, version 1, as frozen dataclasses.

Keys may be added, never renamed. What was not measured is ``None`` (``null``), never left out.
"""

from dataclasses import dataclass
from typing import Literal

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
    """The cycle contract of one layer; of its multipliers, `shifters` have powers of two only."""

    name: str
    interval_cycles: int
    latency_cycles: int
    multipliers: int
    utilization: float | None
    shifters: int = 0


@dataclass(frozen=True)
class Latency:
    """Cycles by closed form and by count; `hls` where a vendor report exists."""

    predicted: Cycles
    simulated: Cycles
    layers: tuple[LayerCycles, ...]
    hls: Cycles | None = None


@dataclass(frozen=True)
class Implementation:
    """The network on one board; `bitstream` is relative to the run folder."""

    board: str
    device: str
    clock_mhz: float
    fmax_mhz: float
    latency_ns: float
    lut: int
    ff: int
    dsp: int
    bram: int
    bitstream: str
    netlist_windows: int | None = None


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
    """

    mse: float | None = None
    mae: float | None = None
    baselines: Baselines = Baselines()
    measured_on: Literal["rtl", "reference"] | None = None
    float_mse: float | None = None
    windows: int | None = None
    mae_in_units: tuple["TargetError", ...] | None = None


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
    """One run, for machines and for the page; `adaptive` is None before `accel verify`, too."""

    version: int
    name: str
    model: Model
    verification: Verification
    latency: Latency
    implementations: tuple[Implementation, ...]
    accuracy: Accuracy
    artifacts: Artifacts
    adaptive: tuple[SavedProducts, ...] | None = None
