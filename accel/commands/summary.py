"""Short tables for the terminal."""

from collections.abc import Iterable, Sequence

from rich.table import Table

from accel.boards import Board
from accel.datasets.dataset import Dataset
from accel.flow.gating import GateReport
from accel.incremental.step import Adaptation
from accel.report.cases import case_lines
from accel.report.examples import label
from accel.report.page import accuracy_entries
from accel.report.schema import Implementation, Report
from accel.report.text import duration, number, whole
from accel.report.verdict import NAMES
from accel.training.result import TrainingResult
from sim.coverage.bins import Bin, State, summary
from sim.verification import Verification

Rows = Iterable[tuple[str, str]]

SHOWN_TARGETS = 4
"""Most targets whose own errors have room for a column."""


def summary_table(report: Report) -> Table:
    """Return the whole of a run in one table."""
    table = _two_columns(report.name)
    for rows in (
        _verification_rows(report),
        _latency_rows(report),
        *(_implementation_rows(routed) for routed in report.implementations),
        _accuracy_rows(report),
    ):
        table.add_section()
        for row in rows:
            table.add_row(*row)
    return table


def verification_table(found: Verification) -> Table:
    """Return what was compared, and the cycles."""
    table = _two_columns("verification")
    realizations = " = ".join(NAMES.get(name, name) for name in found.realizations)
    table.add_row("realizations", realizations)
    table.add_row("test windows", whole(found.vectors))
    table.add_row("codes compared", whole(found.values_compared))
    table.add_row("mismatches", _mark(whole(found.mismatches), found.mismatches == 0))
    table.add_row("testbench", ", ".join(found.backpressure).replace("_", " "))
    table.add_row("simulator", f"{found.simulator}, seed {found.seed}")
    table.add_section()
    for key, value in vars(found.predicted).items():
        counted = getattr(found.simulated, key)
        text = f"{value:,} predicted, {counted:,} simulated"
        table.add_row(key.replace("_", " "), _mark(text, value == counted))
    for predicted, counted in zip(found.layers_predicted, found.layers_counted, strict=True):
        if counted.latency_cycles is not None:
            text = f"latency {counted.latency_cycles:,}, a beat every {counted.distance_cycles}"
            if predicted != counted:
                text += f", predicted {predicted.latency_cycles} and {predicted.distance_cycles}"
            table.add_row(counted.name, _mark(f"{text} cycles", predicted == counted))
    return table


def coverage_table(found: Verification) -> Table:
    """Return what the testbench met: a line for each group of bins, one for each that was not."""
    table = Table("functional coverage", "bins", "hit", "and else", title_justify="left")
    for group in dict.fromkeys(b.group for b in found.coverage):
        bins = [b for b in found.coverage if b.group == group]
        hit = sum(b.state is State.HIT for b in bins)
        others = [b for b in bins if b.state is not State.HIT]
        table.add_row(group, str(len(bins)), str(hit), "\n".join(map(_not_hit, others)))
    table.caption = summary(found.coverage)
    return table


def _not_hit(bin: Bin) -> str:
    if bin.state is State.MISSING:
        return f"[red]{bin.name}: missing"
    if bin.state is State.EXCLUDED:
        return f"[dim]{bin.name}: impossible, {bin.excluded}"
    return f"{bin.name}: {bin.state}"


def gate_table(found: GateReport) -> Table:
    """Return what a gate saves, what it costs, and whether all agree."""
    table = _two_columns(f"{found.cheap} wakes {found.large}")
    steps = " or ".join(found.channels)
    table.add_row("wakes at", f"a step of {found.threshold} input codes of {steps}")
    table.add_row("woken", f"{whole(found.wakes)} of {whole(found.windows)} test windows")
    saved = f"{found.products_saved / found.products:.1%} of the large one's"
    table.add_row("products saved", saved)
    for name, error in (
        ("this design", found.mse), (found.cheap, found.cheap_mse), (found.large, found.large_mse),
    ):  # fmt: skip
        table.add_row(f"MSE, {name}", number(error))
    table.add_section()
    table.add_row("realizations", " = ".join(NAMES[name] for name in found.realizations))
    table.add_row("codes compared", whole(found.values_compared))
    table.add_row("mismatches", _mark(whole(found.mismatches), found.mismatches == 0))
    table.add_row("testbench", ", ".join(found.testbench).replace("_", " "))
    for key, value in vars(found.predicted).items():
        counted = getattr(found.simulated, key)
        text = f"{value:,} predicted, {counted:,} simulated"
        table.add_row(key.replace("_", " "), _mark(text, value == counted))
    return table


def adaptation_table(found: Adaptation) -> Table:
    """Return the errors of a forecaster that learns on, beside the frozen one."""
    figures = found.figures
    table = _two_columns(f"{found.layer} learns on")
    table.add_row("test windows", whole(figures.windows))
    table.add_row("models loaded", f"{figures.loads}, one every {found.every} windows")
    table.add_row("forgetting, anchor", f"{found.forgetting:g}, {found.anchor:g}")
    if found.validation_gain is not None:
        table.add_row("chosen on validation, gain", f"{found.validation_gain:+.2%}")
    table.add_row("MSE, frozen", number(figures.frozen))
    table.add_row("MSE, learning", number(figures.adapted))
    verdict = "; it may be chance" if figures.low < 0 < figures.high else ""
    gain = f"{figures.gain:+.2%} (95 %: {figures.low:+.2%} to {figures.high:+.2%}{verdict})"
    table.add_row("gain", gain)
    tenths = (f"{1 - new / old:+.1%}" for old, new in figures.parts)
    table.add_row("gain in each tenth", " ".join(tenths))
    if found.mismatches is not None:
        text = f"{whole(found.mismatches)} codes differ from the golden model"
        table.add_row("RTL", _mark(text, found.mismatches == 0))
    return table


def implementation_table(routed: Implementation) -> Table:
    """Return clock and resources on a board."""
    table = _two_columns(routed.board)
    for row in _implementation_rows(routed):
        table.add_row(*row)
    return table


def training_table(result: TrainingResult) -> Table:
    """Return the errors of the forecaster beside those of the baselines, on all test windows."""
    table = Table("forecaster", "MSE", "MAE", title=result.name, title_justify="left")
    shown = len(result.model.targets) <= SHOWN_TARGETS
    for target in result.model.targets if shown else ():
        table.add_column(f"MAE, {label(target.name, target.unit)}")
    baselines = result.baselines
    for name, scores in (
        (f"this {result.family}", result.model),
        ("last value", baselines.last_value),
        (f"seasonal naive ({baselines.season})", baselines.seasonal_naive),
        (f"ridge regression (penalty {baselines.ridge_penalty:g})", baselines.ridge),
    ):
        own = (target.mae for target in scores.targets) if shown else ()
        errors = (scores.mse, scores.mae, *own)
        table.add_row(name, *(number(error) for error in errors))
    for column in table.columns[1:]:
        column.justify = "right"
    table.caption = (
        f"{result.test_windows:,} test windows of {result.look_back} steps, {result.horizon} ahead"
    )
    return table


def case_tables(result: TrainingResult) -> list[Table]:
    """Return errors as prices, and of intermittent demand, where the data are such."""
    tables: list[Table] = []
    prices, demand = result.prices, result.demand
    if prices is not None:
        table = _two_columns("scored as prices, squared per cent of the last price")
        table.add_row(f"this {result.family}", number(prices.model))
        table.add_row("last price (a return of zero)", number(prices.last_price))
        interval = f"95 %: {prices.low:+.2%} to {prices.high:+.2%}, blocks of {prices.block}"
        verdict = "" if prices.significant else "; it may be chance"
        table.add_row("gain on the last price", f"{prices.gain:+.2%} ({interval}{verdict})")
        tables.append(table)
    if demand is not None:
        table = Table("forecaster", "MASE", title="intermittent demand", title_justify="left")
        for name, error in (
            (f"this {result.family}", demand.model),
            ("zero", demand.zero),
            (f"Croston (smoothing {demand.smoothing:g})", demand.croston),
            ("last value", demand.last_value),
            (f"seasonal naive ({result.baselines.season})", demand.seasonal_naive),
            ("ridge regression", demand.ridge),
        ):
            table.add_row(name, number(error))
        tables.append(table)
    return tables


def boards_table(boards: Sequence[Board]) -> Table:
    """Return the boards and what their devices have."""
    table = Table(
        *("board", "family", "device", "oscillator", "LUT4", "flip-flops", "multipliers"),
        *("block RAMs", "description"),
    )
    for column in table.columns[3:8]:
        column.justify = "right"
    for board in boards:
        device = board.device
        table.add_row(
            board.name, board.family.name, device.name, f"{board.oscillator_mhz:g} MHz",
            whole(device.lut), whole(device.ff), whole(device.dsp), whole(device.bram),
            board.description,
        )  # fmt: skip
    return table


def datasets_table(datasets: Sequence[Dataset]) -> Table:
    """Return the data sets, their columns and licences."""
    table = Table("data set", "columns", "step", "bundled", "description and licence")
    for dataset in datasets:
        columns = ", ".join(
            f"{column.name} ({column.unit})" if column.unit else column.name
            for column in dataset.columns
        )
        about = f"{dataset.description} [dim]{dataset.licence}; {dataset.source}[/dim]"
        table.add_row(
            dataset.name, columns, dataset.step, "yes" if dataset.bundled else "no", about
        )
    return table


def _two_columns(title: str) -> Table:
    table = Table(show_header=False, title=title, title_justify="left", title_style="bold")
    table.add_column(style="dim")
    table.add_column()
    return table


def _mark(text: str, good: bool) -> str:
    return f"[green]{text}" if good else f"[red]{text}"


def _verification_rows(report: Report) -> Rows:
    found = report.verification
    if found.realizations is None:
        return [("verification", "none yet: accel verify")]
    return [
        ("realizations", " = ".join(NAMES.get(name, name) for name in found.realizations)),
        ("test windows", whole(found.vectors)),
        ("codes compared", whole(found.values_compared)),
        ("mismatches", _mark(whole(found.mismatches), found.mismatches == 0)),
        *(
            (f"products saved, {layer.name}", f"{layer.saved:.1%} of {layer.products:,}")
            for layer in report.adaptive or ()
        ),
    ]


def _latency_rows(report: Report) -> Rows:
    latency = report.latency
    rows = []
    for key, name in (("latency_cycles", "latency"), ("interval_cycles", "interval")):
        predicted, simulated = getattr(latency.predicted, key), getattr(latency.simulated, key)
        text = f"{whole(predicted)} cycles predicted"
        if simulated is not None:
            text = _mark(f"{text}, {whole(simulated)} simulated", predicted == simulated)
        rows.append((name, text))
    return rows


def _implementation_rows(routed: Implementation) -> Rows:
    value, unit = duration(routed.latency_ns)
    rows = [
        ("board", f"{routed.board}, {routed.device}"),
        ("clock", f"{routed.clock_mhz:g} MHz, routed up to {routed.fmax_mhz:.1f} MHz"),
        ("latency at that clock", f"{value} {unit}"),
        *_rate_rows(routed),
        ("LUT4 / flip-flops", f"{whole(routed.lut)} / {whole(routed.ff)}"),
        ("multipliers / block RAMs", f"{whole(routed.dsp)} / {whole(routed.bram)}"),
    ]
    if routed.netlist_windows:
        rows.append(("netlist simulation", f"{routed.netlist_windows} windows, all equal"))
    return rows


def _rate_rows(routed: Implementation) -> Rows:
    rate = routed.forecasts_per_second
    return [] if rate is None else [("forecasts per second", whole(round(rate)))]


def _accuracy_rows(report: Report) -> Rows:
    accuracy = report.accuracy
    if accuracy.mse is None:
        return []
    return [
        *(
            (f"MSE, {name}", number(error))
            for name, error in accuracy_entries(accuracy)
            if error is not None
        ),
        *case_lines(accuracy),
    ]
