"""Colours and figures that follow the page: SVG drawn once, light or dark as the reader likes.

matplotlib draws with stand-in colours; `inline_svg` replaces them with the page's CSS variables,
so that one drawing serves both themes. A file for elsewhere (PNG) is drawn in the light colours.
"""

import re
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import cast

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure


@dataclass(frozen=True)
class Colour:
    """One role: its CSS variable, and its colour in a light file of its own."""

    variable: str
    light: str


INK = Colour("--ink", "#1c2128")
MUTED = Colour("--muted", "#6b7280")
GRID = Colour("--grid", "#d9dee5")
FORECAST = Colour("--forecast", "#1f6fd0")
SERIES = (
    Colour("--series-1", "#b45309"),
    Colour("--series-2", "#0f8a5f"),
    Colour("--series-3", "#8b5cf6"),
    Colour("--series-4", "#be185d"),
)

_CSS_COLOURS = {colour.light: colour.variable for colour in (INK, MUTED, GRID, FORECAST, *SERIES)}

_SETTINGS = {
    "svg.fonttype": "none",  # text stays text: selectable, and in the page's font
    "svg.hashsalt": "chronogate",  # the same figure gives the same file
    "font.family": "sans-serif",
    "font.size": 10,
}


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1) -> Figure:
    """Return an empty figure of `rows` x `columns` panels, in inches, without a background."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.patch.set_alpha(0.0)
    for axes in figure.subplots(rows, columns, squeeze=False).flat:
        _plain(axes)
    return figure


def legend(axes: Axes) -> None:
    """Add a legend without a box."""
    axes.legend(
        frameon=False,
        labelcolor=INK.light,
        fontsize=9,
        handlelength=1.6,
    )


def inline_svg(figure: Figure, title: str) -> str:
    """Return the figure as an SVG element that takes its colours from the page."""
    buffer = StringIO()
    with mpl.rc_context(cast("dict", {**_SETTINGS, "svg.hashsalt": title})):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    for light, variable in _CSS_COLOURS.items():
        text = text.replace(light, f"var({variable})")
    text = re.sub(r"font: ([^;\"]*?)'[^;\"]*", r"font: \1inherit", text)
    text = re.sub(r'<svg [^>]*viewBox="([^"]+)"[^>]*>', _opening(title), text, count=1)
    return re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG or SVG on white."""
    figure.patch.set_alpha(1.0)
    figure.patch.set_facecolor("white")
    with mpl.rc_context(cast("dict", _SETTINGS)):
        metadata = {"Date": None} if path.suffix == ".svg" else {}
        figure.savefig(path, dpi=150, metadata=metadata)


def _opening(title: str) -> str:
    return rf'<svg viewBox="\1" role="img" aria-label="{title}" xmlns:xlink="http://www.w3.org/1999/xlink">'


def _plain(axes: Axes) -> None:
    axes.patch.set_alpha(0.0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GRID.light)
    axes.tick_params(colors=MUTED.light, length=0, labelsize=9)
    axes.xaxis.label.set_color(MUTED.light)
    axes.yaxis.label.set_color(MUTED.light)
    axes.title.set_color(INK.light)
    axes.grid(True, axis="y", color=GRID.light, linewidth=0.7)
    axes.set_axisbelow(True)
