"""What the page and the terminal show of an estimate of power."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.figure import Figure

from accel.bitstream.power import BlockPower, PowerEstimate
from accel.boards.power import Span
from accel.report.style import FORECAST, INK, inline_svg, legend, new_figure
from accel.report.text import MISSING, number, whole

_FEW = 0.02
"""Share of the busiest block below which a block has no bar of its own."""


@dataclass(frozen=True)
class PowerPart:
    """An estimate on the page.

    Parameters
    ----------
    rows
        Names and figures.
    drawing
        What each block takes, or how often its nets change.
    sources
        A sentence for each.
    leaves_out
        What is not in it; empty where there is no energy at all.
    """

    rows: tuple[tuple[str, str], ...]
    drawing: Markup
    sources: tuple[str, ...]
    leaves_out: str


def describe_power(found: PowerEstimate, board: str) -> PowerPart:
    """Return what the page shows of an estimate."""
    drawing = Markup(inline_svg(power_figure(found), f"switching of {board} by block"))
    return PowerPart(power_rows(found), drawing, found.sources, found.leaves_out)


def power_rows(found: PowerEstimate) -> tuple[tuple[str, str], ...]:
    """Return the figures of an estimate with their names."""
    rate = f"at {found.clock_mhz:g} MHz, {found.forecasts_per_second:,.1f} forecasts/s"
    return (
        (f"core of the FPGA {rate}", span(found.total_mw, "mW")),
        ("while nothing switches", _one(found.static_mw, "mW")),
        ("clock network", _one(found.clock_mw, "mW")),
        ("nets", span(found.switching_mw, "mW")),
        ("one forecast, of all that", span(found.energy_per_forecast_uj, "µJ")),
        (
            "changes of nets for one forecast",
            f"{found.toggles_per_forecast:,.0f}, counted over {whole(found.windows)}",
        ),
    )


def power_figure(found: PowerEstimate) -> Figure:
    """Draw the energy of each block for one forecast; without one, how often its nets change."""
    blocks = _shown(found.blocks)
    figure = new_figure(9.8, 0.7 + 0.3 * len(blocks))
    axes = figure.axes[0]
    names = [block.block for block in blocks]
    spans = [block.energy_nj for block in blocks if block.energy_nj is not None]
    if spans:
        lows = [each.low for each in spans]
        rest = [each.high - each.low for each in spans]
        colour = FORECAST.light
        axes.barh(names, lows, height=0.6, color=colour, label="at least")
        axes.barh(names, rest, left=lows, height=0.6, color=colour, alpha=0.3, label="at most")
        axes.set_xlabel("energy for one forecast, nJ (estimate)")
        legend(axes)
    else:
        changes = [block.toggles for block in blocks]
        axes.barh(names, changes, height=0.6, color=FORECAST.light)
        axes.set_xlabel("changes of nets for one forecast")
    axes.invert_yaxis()
    axes.tick_params(axis="y", colors=INK.light)
    axes.grid(False, axis="y")
    return figure


def span(found: Span | None, unit: str) -> str:
    """Write what a figure lies between."""
    if found is None:
        return MISSING
    digits = _digits(found.high)
    return f"{number(found.low, digits)} to {number(found.high, digits)} {unit}"


def _one(value: float | None, unit: str) -> str:
    return MISSING if value is None else f"{number(value, _digits(value))} {unit}"


def _digits(value: float) -> int:
    """Return decimals that leave about two figures, which is what an estimate is worth."""
    return 0 if value >= 10 else 1 if value >= 1 else 2


def _shown(blocks: Sequence[BlockPower]) -> tuple[BlockPower, ...]:
    """Join the blocks that hardly switch."""
    most = max((block.toggles for block in blocks), default=0.0)
    shown = [block for block in blocks if block.toggles >= _FEW * most]
    rest = [block for block in blocks if block.toggles < _FEW * most]
    if len(rest) < 2:
        return tuple(blocks)
    spans = [block.energy_nj for block in rest if block.energy_nj is not None]
    energy = sum(spans, Span(0.0, 0.0)) if spans else None
    toggles = sum(block.toggles for block in rest)
    return (*shown, BlockPower(f"{len(rest)} others", toggles, energy))
