"""Draws a waveform (VCD): bits as lines, numbers as boxes with what they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from accel.report.style import FORECAST, INK, MUTED, new_figure
from hw.errors import ChronogateError
from hw.number.fixed_point import FixedPoint
from sim.vcd import Signal, read_signals

TIMES_PER_CYCLE = 2
"""Of `sim.recording`: the falling edge of the clock, then the rising one."""

_HEIGHT, _LETTERS = 0.34, 8.5


@dataclass(frozen=True)
class Lane:
    """One line of a drawing.

    Parameters
    ----------
    signal
        As `sim.vcd.signal_names` has it.
    format
        The numbers it holds, which are then drawn as codes; None for plain bits, drawn in hex.
    low
        Place of the number's lowest bit in the signal.
    """

    signal: str
    format: FixedPoint | None = None
    low: int = 0


def wave_figure(wave: Path, lanes: Mapping[str, Lane | str], begin: int, end: int) -> Figure:
    """Draw signals from cycle `begin` to `end` of a file that `RecordingModel.record` wrote.

    Parameters
    ----------
    wave
        The file.
    lanes
        By the name that stands before it; a text is a signal of plain bits.
    begin, end
        Cycles.

    Raises
    ------
    ChronogateError
        When there is no such signal, or no such time.
    """
    if not 0 <= begin < end:
        raise ChronogateError(
            f"cycles {begin} to {end} are no time: begin at 0 or later, end behind"
        )
    chosen = {name: Lane(x) if isinstance(x, str) else x for name, x in lanes.items()}
    signals = read_signals(wave, {lane.signal for lane in chosen.values()})
    figure = new_figure(9.8, 0.5 + 0.42 * len(chosen))
    axes = figure.axes[0]
    # What a signal is right before the clock's rising edge is what that edge sees.
    cycles = np.arange(begin, end)
    for row, lane in enumerate(chosen.values()):
        signal = signals[lane.signal]
        values = signal.at(TIMES_PER_CYCLE * cycles)
        if signal.width == 1:
            axes.step(
                np.append(cycles, end),
                row + _HEIGHT - 2 * _HEIGHT * np.append(values, values[-1]).astype(int),
                where="post", color=FORECAST.light, linewidth=1.3,
            )  # fmt: skip
        else:
            _boxes(figure, row, _texts(values, signal, lane), begin)
    axes.set_yticks(range(len(chosen)), list(chosen))
    axes.tick_params(axis="y", colors=INK.light)
    axes.set_ylim(len(chosen) - 0.4, -0.6)
    axes.set_xlim(begin, end)
    axes.set_xlabel("clock cycles")
    axes.grid(False, axis="y")
    return figure


def _texts(values: np.ndarray, signal: Signal, lane: Lane) -> list[str]:
    if lane.format is None:
        digits = -(-signal.width // 4)
        return [f"{value:0{digits}x}" for value in values]
    width = lane.format.width
    codes = [(int(value) >> lane.low) & ((1 << width) - 1) for value in values]
    half = 1 << (width - 1)
    return [str(c - 2 * half if lane.format.signed and c >= half else c) for c in codes]


def _boxes(figure: Figure, row: int, texts: list[str], begin: int) -> None:
    """Draw a box for each run of equal values, with its text where there is room."""
    axes = figure.axes[0]
    room = figure.get_figwidth() * _LETTERS / len(texts)
    first = 0
    for place in range(1, len(texts) + 1):
        if place < len(texts) and texts[place] == texts[first]:
            continue
        left, right = begin + first, begin + place
        slant = min(0.15, (right - left) / 4)
        xs = [left, left + slant, right - slant, right, right - slant, left + slant, left]
        ys = [row, row - _HEIGHT, row - _HEIGHT, row, row + _HEIGHT, row + _HEIGHT, row]
        axes.plot(xs, ys, color=MUTED.light, linewidth=0.9)
        if len(texts[first]) <= room * (right - left):
            axes.text(
                (left + right) / 2, row, texts[first],
                ha="center", va="center", fontsize=8, color=INK.light,
            )  # fmt: skip
        first = place
