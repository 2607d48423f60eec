"""The figures of the report: forecasts against truth, error by horizon, cycles of one window."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from accel.report.style import FORECAST, GRID, INK, MUTED, SERIES, legend, new_figure
from hw.network.graph import Network


@dataclass(frozen=True, eq=False)
class Example:
    """One forecast of one target, in the target's unit.

    Parameters
    ----------
    seen_times, seen
        Time stamps and values before the forecast; empty when the target is no input.
    times, forecast
        Time stamps and forecast values.
    truth
        What came true, NaN where it was not observed; None when nobody knows yet.
    label
        Name and unit of the target.
    """

    seen_times: np.ndarray
    seen: np.ndarray
    times: np.ndarray
    forecast: np.ndarray
    truth: np.ndarray | None
    label: str


@dataclass(frozen=True)
class HorizonError:
    """Mean squared error of one forecaster at each step ahead."""

    name: str
    errors: tuple[float, ...]


def forecast_figure(examples: Sequence[Example]) -> Figure:
    """Draw forecasts beside what was seen and what came true, one panel each."""
    columns = min(2, len(examples))
    rows = -(-len(examples) // columns)
    figure = new_figure(4.9 * columns, 2.5 * rows + 0.3, rows, columns)
    for axes, example in zip(figure.axes, examples, strict=False):
        axes.plot(example.seen_times, example.seen, color=MUTED.light, linewidth=1.2, label="seen")
        if example.truth is not None:
            axes.plot(example.times, example.truth, color=INK.light, linewidth=1.6, label="truth")
        axes.plot(
            example.times,
            example.forecast,
            color=FORECAST.light,
            linewidth=2.2,
            label="forecast (RTL)",
        )
        if len(example.seen_times):
            axes.axvline(example.seen_times[-1], color=GRID.light, linewidth=1.0)
        axes.set_ylabel(example.label)
        locator = AutoDateLocator(minticks=3, maxticks=7)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        axes.xaxis.get_offset_text().set_color(MUTED.light)
        axes.margins(x=0.01)
    for axes in figure.axes[len(examples) :]:
        axes.set_visible(False)
    legend(figure.axes[0])
    return figure


def horizon_figure(curves: Sequence[HorizonError], step_label: str) -> Figure:
    """Draw the error of each forecaster over the steps ahead; the first curve is the model's."""
    figure = new_figure(9.8, 3.2)
    axes = figure.axes[0]
    colours = (FORECAST, *SERIES)
    for position, curve in enumerate(curves):
        steps = np.arange(1, len(curve.errors) + 1)
        axes.plot(
            steps,
            curve.errors,
            color=colours[position % len(colours)].light,
            linewidth=2.4 if position == 0 else 1.4,
            label=curve.name,
            zorder=3 if position == 0 else 2,
        )
    axes.set_ylim(bottom=0)
    axes.set_xlabel(f"steps ahead{step_label}")
    axes.set_ylabel("mean squared error, scaled")
    axes.margins(x=0.01)
    legend(axes)
    return figure


def timeline_figure(network: Network, end: int = 0) -> Figure:
    """Draw when each layer works on one window: cycles from its first input beat.

    A bar begins with a beat's arrival at the layer. Its solid part is the interval for which the
    layer is taken; the pale part, until the result leaves, overlaps with the next beat.

    Parameters
    ----------
    network
        What is drawn.
    end
        Cycle that the axis reaches at least, so that several networks have one scale.
    """
    timing, schedule = network.timing, network.schedule
    figure = new_figure(9.8, 0.9 + 0.34 * (len(network.nodes) + 1))
    axes = figure.axes[0]
    arrivals, _ = schedule.leaves(network.input.name)
    axes.vlines(arrivals, -0.3, 0.3, color=MUTED.light, linewidth=1.0)
    for row, node in enumerate(network.nodes, start=1):
        block = node.spec.timing
        starts = max((schedule.leaves(source)[0] for source in node.inputs), key=max)
        latency = max(block.latency_cycles, 1)
        busy = max(min(block.interval_cycles, latency), 1)
        colour = FORECAST if block.multipliers else SERIES[1]
        for start in starts:
            axes.barh(row, latency, left=start, height=0.62, color=colour.light, alpha=0.25, lw=0)
            axes.barh(row, busy * 0.94, left=start, height=0.62, color=colour.light, lw=0)
    axes.axvline(timing.window_cycles, color=INK.light, linewidth=1.2)
    axes.annotate(
        f"forecast leaves at cycle {timing.window_cycles:,}",
        (timing.window_cycles, -0.6),
        xytext=(-4, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        color=INK.light,
        fontsize=9,
    )
    axes.set_yticks(
        range(len(network.nodes) + 1), ["input beats", *(n.name for n in network.nodes)]
    )
    axes.set_ylim(len(network.nodes) + 0.6, -0.9)
    axes.set_xlim(0, max(timing.window_cycles, end) * 1.02)
    axes.set_xlabel("clock cycles since the first input beat")
    axes.grid(False, axis="y")
    axes.grid(True, axis="x", color=GRID.light, linewidth=0.7)
    return figure
