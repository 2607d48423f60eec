"""When the beats of interleaved series move: the closed form in counted collisions.

A series may have a beat in the recurrent part of the network only when its last one has left a
state there, and windows may not end faster than what follows takes their results. The entry holds
a beat that comes too early (`hw.top.banked_entry`), and all beats behind it. So with beats offered
without gaps and output ready held high, and with ``held[i]`` the cycles for which beat i is held::

    beat i is accepted in cycle   i * step + held[0] + ... + held[i - 1]
    it leads to an output in      that cycle + latency_cycles + held[i]

since the first handshake. ``held[i]`` is what `Pace.series` is more than the distance from the
last beat of the series, or `Pace.window` more than that from the last beat that closed a window:
at least nothing, at most ``max(series, window) - step`` (`most_held`). In which order windows
follow fast is a matter of `hw.network.spread`.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hw.errors import ChronogateError
from hw.network.mode import Mode
from hw.network.spread import Spread, held_beats, spread
from hw.timing import NetworkTiming

if TYPE_CHECKING:
    from hw.network.graph import Network


def held_cycles(network: "Network", series: np.ndarray) -> np.ndarray:
    """Return for how many cycles the entry holds each beat of complete windows.

    Parameters
    ----------
    network
        An interleaved design.
    series
        Of every beat since reset, in order of arrival, int ``(beats,)``.

    Returns
    -------
    numpy.ndarray
        int64 ``(beats,)``.

    Raises
    ------
    ChronogateError
        When the network has one series, whose beats do not collide.
    """
    if network.input.series == 1:
        raise ChronogateError(f"{network.name} has one series: no beats of others collide with it")
    return held_beats(network.schedule.pace, closing_steps(network), series)


def closing_steps(network: "Network") -> int:
    """Return how many beats of a series the entry takes as a window."""
    return network.look_back if network.mode is Mode.WINDOW else 1


def spread_of(network: "Network") -> Spread:
    """Return the order in which the windows of an interleaved design follow fast."""
    return spread(network.schedule.pace, closing_steps(network), network.input.series)


def most_held(network: "Network") -> int:
    """Return for how many cycles a beat may be held."""
    pace = network.schedule.pace
    return max(pace.series, pace.window) - pace.step


def predicted_beats(
    network: "Network", series: np.ndarray, output: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cycles of all handshakes since the first.

    Parameters
    ----------
    network, series
        As of `held_cycles`.
    output
        Number of the output.

    Returns
    -------
    tuple of numpy.ndarray
        Of the input beats, and of the output's beats, int64, in order.
    """
    held = held_cycles(network, series)
    before = np.cumsum(held) - held
    accepted = np.arange(len(held)) * network.schedule.pace.step + before
    leaves = accepted + held + network.timing.outputs[output].latency_cycles
    if network.mode is not Mode.WINDOW:
        return accepted, leaves
    place = _place(np.asarray(series), network.input.series) % network.look_back
    return accepted, leaves[np.isin(place, network.awaited[output])]


def worst_interleaved(network: "Network") -> NetworkTiming:
    """Return the cycles if all beats come from one series, or windows close right behind another.

    Latencies are the longest that a beat can have. No order has a longer interval; one series alone
    has it where windows may end as fast as a series may bring beats, and else many series come near
    that bring all of their windows but the last beats, then these.
    """
    best, held = network.timing, most_held(network)
    pace = network.schedule.pace
    steps = closing_steps(network)
    outputs = tuple(
        replace(
            output,
            latency_cycles=output.latency_cycles + held,
            last_beat_cycles=output.last_beat_cycles + held,
        )
        for output in best.outputs
    )
    return replace(
        best,
        latency_cycles=best.latency_cycles + held,
        last_beat_cycles=best.last_beat_cycles + held,
        interval_cycles=(steps - 1) * pace.series + max(pace.series, pace.window),
        outputs=outputs,
    )


def _place(series: np.ndarray, count: int) -> np.ndarray:
    """Return for each beat how many of its series came before."""
    seen = np.zeros(count, dtype=np.int64)
    place = np.zeros(len(series), dtype=np.int64)
    for beat, number in enumerate(series.tolist()):
        place[beat] = seen[number]
        seen[number] += 1
    return place
