"""``report.html``: one self-contained page for one run."""

from dataclasses import dataclass, fields

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from accel.report.board_page import describe_board
from accel.report.cases import case_lines
from accel.report.collect import Results
from accel.report.covered import coverage_rows
from accel.report.examples import horizon_curves, pick_examples
from accel.report.plots import forecast_figure, horizon_figure, timeline_figure
from accel.report.schema import Accuracy, Cycles, Report
from accel.report.style import inline_svg
from accel.report.text import duration, number, percent, step_length, whole
from accel.report.verdict import judge

SOURCES = {"rtl": "the simulated RTL", "reference": "the golden model"}
CYCLES = {
    "latency_cycles": "latency",
    "last_beat_cycles": "to last beat",
    "window_cycles": "window",
    "interval_cycles": "interval",
    "step_cycles": "step",
}


@dataclass(frozen=True)
class Tile:
    """One figure in large type."""

    label: str
    value: str
    unit: str
    note: str


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class AccuracyRow:
    """One forecaster's error."""

    name: str
    mse: str
    ratio: str


@dataclass(frozen=True)
class FileRow:
    """One file of the run."""

    name: str
    text: str


@dataclass(frozen=True)
class Plots:
    """SVG elements; empty where there is no test data."""

    forecasts: Markup
    horizon: Markup
    timeline: Markup


def environment() -> Environment:
    """Return the template environment; text is escaped, unknown names are errors."""
    return Environment(
        loader=PackageLoader("accel", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_page(results: Results) -> str:
    """Return the page of a run."""
    report = results.report
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            title=f"{report.name}: Chronogate report",
            report=report,
            subtitle=_subtitle(results),
            verdict=judge(report),
            tiles=_tiles(report),
            plots=_plots(results),
            source=SOURCES[report.accuracy.measured_on or "reference"],
            accuracy_rows=_accuracy_rows(report.accuracy),
            case_lines=case_lines(report.accuracy),
            cycle_names=list(CYCLES.values()),
            cycle_rows=_cycle_rows(report),
            layer_rows=_layer_rows(report),
            coverage=coverage_rows(report.verification.coverage or ()),
            boards=[
                describe_board(routed, results.placements.get(routed.board))
                for routed in report.implementations
            ],
            files=_files(report),
        )
    )


def _subtitle(results: Results) -> str:
    metadata, report = results.network.metadata, results.report
    if not metadata.targets:
        return f"{len(report.model.layers)} layers, {whole(report.model.parameters)} parameters"
    step = step_length(metadata.step_seconds)
    targets = ", ".join(target.name for target in metadata.targets)
    return (
        f"Forecasts {targets} {metadata.horizon} steps ahead from {metadata.look_back} steps of "
        f"{len(metadata.features)} features (one step is {step}), "
        f"{whole(report.model.parameters)} parameters"
    )


def _tiles(report: Report) -> list[Tile]:
    latency, found = report.latency, report.verification
    simulated = latency.simulated.latency_cycles
    tiles = [
        Tile(
            "mismatches", whole(found.mismatches), "",
            f"in {whole(found.values_compared)} codes" if found.vectors else "not verified yet",
        ),
        Tile(
            "latency", whole(latency.predicted.latency_cycles), "cycles",
            "not simulated yet" if simulated is None else f"{whole(simulated)} simulated",
        ),
    ]  # fmt: skip
    for routed in report.implementations[:1]:
        value, unit = duration(routed.latency_ns)
        tiles.append(
            Tile("latency on the board", value, unit, f"{routed.board} at {routed.clock_mhz:g} MHz")
        )
        tiles.append(
            Tile("routed clock", f"{routed.fmax_mhz:.1f}", "MHz", f"limit, {routed.device}")
        )
    accuracy = report.accuracy
    if accuracy.mse is not None:
        best = accuracy.baselines.ridge
        note = "scaled units" if best is None else f"ridge regression {number(best)}"
        tiles.append(Tile("mean squared error", number(accuracy.mse), "", note))
    for target in (accuracy.mae_in_units or ())[:1]:
        tiles.append(Tile("mean absolute error", number(target.mae, 2), target.unit, target.name))
    return tiles


def _plots(results: Results) -> Plots:
    timeline = _svg(inline_svg(timeline_figure(results.network), "cycles of one window"))
    examples = pick_examples(results)
    if not examples:
        return Plots(Markup(), Markup(), timeline)
    step = step_length(results.network.metadata.step_seconds)
    curves = horizon_curves(results)
    return Plots(
        forecasts=_svg(inline_svg(forecast_figure(examples), "forecasts against truth")),
        horizon=_svg(inline_svg(
            horizon_figure(curves, f" (of {step})" if step else ""), "error by step ahead")),
        timeline=timeline,
    )  # fmt: skip


def _svg(text: str) -> Markup:
    return Markup(text)  # drawn here, not by the user


def accuracy_entries(accuracy: Accuracy) -> list[tuple[str, float | None]]:
    """Return name and error of the model, its float twin and the baselines."""
    baselines = accuracy.baselines
    return [
        ("this model, quantized", accuracy.mse),
        ("the same without quantization", accuracy.float_mse),
        ("ridge regression", baselines.ridge),
        ("seasonal naive", baselines.seasonal_naive),
        ("last value", baselines.last_value),
    ]


def _accuracy_rows(accuracy: Accuracy) -> list[AccuracyRow]:
    mse = accuracy.mse
    if mse is None:
        return []
    return [
        AccuracyRow(name, number(error), f"× {error / mse:.2f}" if error is not None else "–")
        for name, error in accuracy_entries(accuracy)
        if error is not None or name != "the same without quantization"
    ]


def _cycle_rows(report: Report) -> list[Row]:
    latency = report.latency
    named = [("predicted", latency.predicted), ("simulated", latency.simulated)]
    hls = latency.hls
    if hls is not None:
        # The tool counts from the start of the top function to its end: a window.
        estimate = Cycles(window_cycles=hls.latency_cycles, interval_cycles=hls.interval_cycles)
        named.append((f"HLS estimate ({hls.tool}, {hls.part}, {hls.clock_ns:g} ns)", estimate))
    if hls is not None and hls.cosimulation is not None:
        counted = hls.cosimulation
        cycles = Cycles(
            window_cycles=counted.latency_cycles, interval_cycles=counted.interval_cycles
        )
        named.append((f"HLS cosimulation ({counted.rtl}: {counted.status})", cycles))
    return [Row(name, _cells(cycles)) for name, cycles in named]


def _cells(cycles: Cycles) -> tuple[str, ...]:
    return tuple(whole(getattr(cycles, field.name)) for field in fields(cycles))


def _layer_rows(report: Report) -> list[tuple[str, ...]]:
    return [
        (
            layer.name, layer.kind, f"{layer.channels} × {layer.output}",
            whole(layer.parameters or None), whole(layer.products_per_window or None),
            whole(timing.interval_cycles),
            _both(timing.distance_cycles, timing.counted_distance_cycles),
            _both(timing.latency_cycles, timing.counted_latency_cycles),
            whole(timing.multipliers or None), percent(timing.utilization),
        )
        for layer, timing in zip(report.model.layers, report.latency.layers, strict=True)
    ]  # fmt: skip


def _both(predicted: int | None, counted: int | None) -> str:
    """Return a predicted figure, with what was counted where that is another."""
    if counted is None:
        return whole(predicted)
    return f"{predicted} = {counted}" if predicted == counted else f"{predicted}, not {counted}"


def _files(report: Report) -> list[FileRow]:
    artifacts = report.artifacts
    rows = [FileRow("RTL", ", ".join(artifacts.verilog))]
    rows.append(FileRow("HLS project", artifacts.hls_project or f"none: {artifacts.hls_reason}"))
    rows += [FileRow(f"bitstream, {i.board}", i.bitstream) for i in report.implementations]
    for area in report.areas or ():
        text = (
            f"{area.gate_equivalents:,} gate equivalents, {area.flip_flops:,} flip-flops, about "
            f"{area.core_area_um2:,.0f} µm² of core, {area.macro_bits:,} bits of memories beside it"
        )
        rows.append(FileRow(f"chip, {area.process}, estimate", text))
    if report.verification.simulator:
        rows.append(FileRow("simulator", report.verification.simulator))
        rows.append(FileRow("seed", str(report.verification.seed)))
        pressure = ", ".join(report.verification.backpressure or ())
        rows.append(FileRow("testbench", pressure.replace("_", " ")))
    for routed in report.implementations:
        if routed.netlist_windows:
            text = f"{routed.netlist_windows} windows from UART pin to UART pin, all equal"
            rows.append(FileRow(f"netlist, {routed.board}", text))
    return rows
