"""The handshakes of networks whose time depends on data: the closed form in counted events.

The entry of such a network stands still while a block takes longer than in the best case
(`hw.network.adaptive`, `hw.timing.Extra`), so its time is that of the best case plus the cycles in
which it stood still: events that the reference counts, times the cycles of each.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hw.network.mode import Mode
from hw.timing import EVENTS, EXIT_CYCLES, NetworkTiming, OutputTiming

if TYPE_CHECKING:
    from hw.network.graph import Network


@dataclass(frozen=True, eq=False)
class Handshakes:
    """For each accepted input beat and each output beat a number of cycles, int64, in order."""

    inputs: np.ndarray
    outputs: np.ndarray


def extra_cycles(network: "Network", codes: np.ndarray) -> np.ndarray:
    """Return the cycles by which each beat takes longer than in the best case.

    Parameters
    ----------
    network
        The design.
    codes
        Input codes, as `Network.reference` takes them.

    Returns
    -------
    numpy.ndarray
        int64 ``(windows, beats)``; series and samples in the streaming mode, and in the sliding
        mode the beats of each window, whether they come from the stream or from the chip.
    """
    trace: dict[str, np.ndarray] = {}
    result = network.reference(codes, trace)
    streams = network.mode is Mode.STREAMING
    windows = codes.shape[0] if streams else int(np.prod(result.shape[: _axes(network)]))
    total = np.zeros((windows, codes.shape[1] if streams else network.look_back), dtype=np.int64)
    for node in network.nodes:
        extra = node.spec.timing.extra
        if extra is None:
            continue
        cycles = trace[f"{node.name}.{EVENTS}"] * extra.cycles
        if streams:
            total += cycles
        else:
            total[:, network.schedule.arrivals[node.inputs[0]][0].step] += cycles
    return total


def _axes(network: "Network") -> int:
    """Return how many leading axes of the reference's result count windows."""
    return 2 if network.mode is Mode.SLIDING else 1


def extra_before(network: "Network", codes: np.ndarray) -> Handshakes:
    """Return how long the entry has stood still before each handshake, since the first.

    An input beat waits for what the beats before it took; an output also for its own.
    """
    extra = extra_cycles(network, codes)
    sums = np.cumsum(extra).reshape(extra.shape)
    awaited = network.schedule.awaited(network.schedule.leaving[0])
    streams = network.mode is Mode.STREAMING
    outputs = sums if streams else sums[:, awaited]
    return Handshakes(_accepted(network, codes, sums - extra), outputs.ravel())


def best_handshakes(network: "Network", codes: np.ndarray) -> Handshakes:
    """Return the cycle of each handshake since the first input beat, were every beat the best.

    Beats are offered without gaps, and output ready is held high.
    """
    timing, steps = network.timing, network.look_back
    extra = extra_cycles(network, codes)
    step = network.schedule.pace.step
    beat = np.arange(extra.size)
    window, place = np.divmod(beat, steps)
    # A window follows the last beat of the one before; its own last beat keeps the interval.
    follows = (window - 1) * timing.interval_cycles + (steps + place) * step
    closes = window * timing.interval_cycles + (steps - 1) * step
    enters = np.where(window == 0, place * step, follows)
    enters = np.where(place == steps - 1, closes, enters).reshape(extra.shape)
    since = np.array(network.schedule.leaves(network.schedule.leaving[0])[1]) + EXIT_CYCLES
    awaited = network.schedule.awaited(network.schedule.leaving[0])
    leaves = enters + since if network.mode is Mode.STREAMING else enters[:, awaited] + since
    return Handshakes(_accepted(network, codes, enters), leaves.ravel())


def predicted_handshakes(network: "Network", codes: np.ndarray) -> Handshakes:
    """Return the cycle of each handshake since the first input beat.

    Beats are offered without gaps, and output ready is held high.
    """
    best, extra = best_handshakes(network, codes), extra_before(network, codes)
    return Handshakes(best.inputs + extra.inputs, best.outputs + extra.outputs)


def _accepted(network: "Network", codes: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the values ``(windows, beats)`` of the beats that come from the stream."""
    if network.mode is not Mode.SLIDING:
        return values.ravel()
    rows = values.reshape(len(codes), -1, network.look_back)
    return np.concatenate([rows[:, 0], rows[:, 1:, -1]], axis=1).ravel()


def worst_timing(network: "Network") -> NetworkTiming:
    """Return the cycles if every beat took as long as any may."""
    steps = network.look_back
    first, later = np.zeros((2, steps), dtype=np.int64)
    for node in network.nodes:
        extra = node.spec.timing.extra
        if extra is not None:
            places = list(network.schedule.arrivals[node.inputs[0]][0].step)
            later[places] += extra.cycles * extra.most
            first[places] += extra.cycles * extra.most
            first[places[0]] += extra.cycles * (extra.first - extra.most)
    best, awaited = network.timing, network.schedule.awaited(network.schedule.leaving[0])
    window = later if network.mode is Mode.STREAMING else first
    interval = best.interval_cycles + int(window.sum())
    per_window = network.mode is Mode.SLIDING or steps == 1
    output = OutputTiming(
        latency_cycles=best.latency_cycles + int(window[awaited[0]]),
        last_beat_cycles=best.last_beat_cycles + int(window[awaited[-1]]),
        window_cycles=best.window_cycles + int(first[: awaited[0] + 1].sum()),
    )
    return replace(
        best,
        latency_cycles=output.latency_cycles,
        last_beat_cycles=output.last_beat_cycles,
        window_cycles=output.window_cycles,
        interval_cycles=interval,
        step_cycles=interval if per_window else best.step_cycles + int(window.max()),
        outputs=(output,),
    )
