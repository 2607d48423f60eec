"""What runs are compared by: one entry for each row of the comparison."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from accel.bitstream.power import PowerEstimate
from accel.report.power_page import span
from accel.report.schema import HlsCosimulation, HlsLatency, Implementation, Report

Value = float | int | str | None


@dataclass(frozen=True)
class Measure:
    """One row of the comparison.

    Parameters
    ----------
    name
        What it says.
    read
        Takes the value from a report.
    better
        Whether ``"less"`` or ``"more"`` is better; empty where neither is.
    digits
        Decimals of a number.
    among
        What runs must have in common for one of them to be better; by default nothing.
    """

    name: str
    read: Callable[[Report], Value]
    better: str = ""
    digits: int = 0
    among: Callable[[Report], object] = lambda report: None


def _hls(read: Callable[[HlsLatency], Value]) -> Callable[[Report], Value]:
    return lambda report: None if report.latency.hls is None else read(report.latency.hls)


def _cosimulated(read: Callable[[HlsCosimulation], Value]) -> Callable[[Report], Value]:
    return _hls(lambda hls: None if hls.cosimulation is None else read(hls.cosimulation))


def _hls_ns(hls: HlsLatency) -> float | None:
    """Return the tool's own figure: cycles of the period that was asked for."""
    return None if hls.latency_cycles is None else hls.latency_cycles * hls.clock_ns


def _price_gain(report: Report) -> Value:
    prices = report.accuracy.prices
    return None if prices is None else 100 * prices.gain


def _scaled_error(report: Report) -> Value:
    demand = report.accuracy.demand
    return None if demand is None else demand.model


def _task(report: Report) -> object:
    """Tell forecasts of other things apart: as far ahead, and as hard for the simplest method."""
    return report.model.horizon, report.accuracy.baselines.last_value


MEASURES: dict[str, tuple[Measure, ...]] = {
    "Accuracy": (
        Measure("mean squared error", lambda r: r.accuracy.mse, "less", 4, _task),
        Measure("mean absolute error", lambda r: r.accuracy.mae, "less", 4, _task),
        Measure("without quantization, MSE", lambda r: r.accuracy.float_mse, "less", 4, _task),
        Measure("ridge regression, MSE", lambda r: r.accuracy.baselines.ridge, "", 4),
        Measure("seasonal naive, MSE", lambda r: r.accuracy.baselines.seasonal_naive, "", 4),
        Measure("last value, MSE", lambda r: r.accuracy.baselines.last_value, "", 4),
        Measure("gain on the last price, %", _price_gain, "more", 2, _task),
        Measure("mean absolute scaled error", _scaled_error, "less", 4, _task),
    ),
    "Model": (
        Measure("look-back, steps", lambda r: r.model.look_back),
        Measure("horizon, steps", lambda r: r.model.horizon),
        Measure("parameters", lambda r: r.model.parameters, "less"),
        Measure("weight bits", lambda r: r.model.weight_bits, "less"),
        Measure("products per window", lambda r: r.model.products_per_window, "less"),
        Measure("multipliers", lambda r: sum(x.multipliers for x in r.latency.layers), "less"),
    ),
    "Cycles": (
        Measure("latency", lambda r: r.latency.predicted.latency_cycles, "less"),
        Measure("latency, simulated", lambda r: r.latency.simulated.latency_cycles, "less"),
        Measure("window", lambda r: r.latency.predicted.window_cycles, "less"),
        Measure("interval", lambda r: r.latency.predicted.interval_cycles, "less"),
        Measure("interval, simulated", lambda r: r.latency.simulated.interval_cycles, "less"),
        Measure("step", lambda r: r.latency.predicted.step_cycles, "less"),
    ),
    # The tool's latency is that of a whole window.
    "HLS": (
        Measure("tool", _hls(lambda hls: f"{hls.tool}, {hls.part}")),
        Measure("window, estimated", _hls(lambda hls: hls.latency_cycles), "less"),
        Measure("window, cosimulated", _cosimulated(lambda found: found.latency_cycles), "less"),
        Measure("interval, estimated", _hls(lambda hls: hls.interval_cycles), "less"),
        Measure("interval, cosimulated", _cosimulated(lambda found: found.interval_cycles), "less"),
        Measure("cosimulation", _cosimulated(lambda found: f"{found.rtl}: {found.status}")),
        Measure("window at its clock, ns", _hls(_hls_ns), "less"),
        Measure("clock, ns", _hls(lambda hls: hls.clock_ns), "", 2),
        Measure("LUT", _hls(lambda hls: hls.lut), "less"),
        Measure("DSP", _hls(lambda hls: hls.dsp), "less"),
    ),
    "Verification": (
        Measure("realizations", lambda r: " = ".join(r.verification.realizations or ()) or None),
        Measure("codes compared", lambda r: r.verification.values_compared),
        Measure("mismatches", lambda r: r.verification.mismatches, "less"),
    ),
}


@dataclass(frozen=True)
class _Routed:
    """A report with one of its boards."""

    report: Report
    board: Implementation

    def ns(self, cycles: int | None) -> float | None:
        """Return cycles of the routed clock in nanoseconds."""
        return None if cycles is None else cycles * 1e3 / self.board.fmax_mhz


def _power(read: Callable[[PowerEstimate], Value]) -> Callable[[_Routed], Value]:
    return lambda routed: None if routed.board.power is None else read(routed.board.power)


ROUTED: tuple[tuple[str, Callable[[_Routed], Value], str, int], ...] = (
    ("routed clock, MHz", lambda r: r.board.fmax_mhz, "more", 1),
    ("latency at it, ns", lambda r: r.ns(r.report.latency.predicted.latency_cycles), "less", 0),
    ("window at it, ns", lambda r: r.ns(r.report.latency.predicted.window_cycles), "less", 0),
    ("interval at it, ns", lambda r: r.ns(r.report.latency.predicted.interval_cycles), "less", 0),
    ("the board's clock, MHz", lambda r: r.board.clock_mhz, "", 2),
    ("forecasts/s at the board's clock", lambda r: r.board.forecasts_per_second, "more", 0),
    ("latency at the board's clock, ns", lambda r: r.board.latency_ns, "less", 0),
    ("LUT4", lambda r: r.board.lut, "less", 0),
    ("flip-flops", lambda r: r.board.ff, "less", 0),
    ("multipliers", lambda r: r.board.dsp, "less", 0),
    ("block RAMs", lambda r: r.board.bram, "less", 0),
    ("power of the core (estimate)", _power(lambda p: span(p.total_mw, "mW")), "", 0),
    ("one forecast (estimate)", _power(lambda p: span(p.energy_per_forecast_uj, "µJ")), "", 0),
    ("changes of nets for it", _power(lambda p: round(p.toggles_per_forecast)), "less", 0),
)


def measures_of(reports: Sequence[Report]) -> dict[str, tuple[Measure, ...]]:
    """Return all rows by their group: the fixed ones, those of each layer and of each board."""
    return {
        **MEASURES,
        "Layers: latency, cycles": tuple(_layers(reports)),
        **{f"On {b.board} ({b.device})": _board(b.board) for b in _boards(reports)},
    }


def _layers(reports: Sequence[Report]) -> Iterator[Measure]:
    """Yield for each layer what was predicted, and below it what was counted and HLS estimates."""
    names = [layer.name for report in reports for layer in report.latency.layers]
    for name in dict.fromkeys(names):
        yield Measure(name, _layer(name), "less")
        yield Measure(f"{name}, simulated", _counted(name), "less")
        yield Measure(f"{name}, HLS estimate", _hls(_hls_layer(name)), "less")


def _layer(name: str) -> Callable[[Report], Value]:
    def value(report: Report) -> Value:
        found = (layer for layer in report.latency.layers if layer.name == name)
        return next((layer.latency_cycles for layer in found), None)

    return value


def _counted(name: str) -> Callable[[Report], Value]:
    def value(report: Report) -> Value:
        found = (layer for layer in report.latency.layers if layer.name == name)
        return next((layer.counted_latency_cycles for layer in found), None)

    return value


def _hls_layer(name: str) -> Callable[[HlsLatency], Value]:
    def value(hls: HlsLatency) -> Value:
        return next((layer.latency_cycles for layer in hls.layers if layer.name == name), None)

    return value


def _boards(reports: Sequence[Report]) -> Iterable[Implementation]:
    """Return one entry for each board that some run has."""
    return {i.board: i for report in reports for i in report.implementations}.values()


def _board(board: str) -> tuple[Measure, ...]:
    return tuple(
        Measure(name, _on(board, read), better, digits) for name, read, better, digits in ROUTED
    )


def _on(board: str, read: Callable[[_Routed], Value]) -> Callable[[Report], Value]:
    def value(report: Report) -> Value:
        found = (routed for routed in report.implementations if routed.board == board)
        return next((read(_Routed(report, routed)) for routed in found), None)

    return value
