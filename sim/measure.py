"""Counts cycles in the RTL, as the report defines them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hw.errors import ChronogateError
from hw.network.design import Design
from hw.network.gated import GatedNetwork
from hw.network.graph import Network
from hw.network.handshakes import extra_before
from hw.network.mode import Mode
from hw.stream import Port
from sim.rtl_model import RtlModel
from sim.verification import CycleReport

WINDOWS = 6
"""Enough for a steady state: blocks keep fixed intervals from the second window on."""


@dataclass(frozen=True)
class Counted:
    """Cycles of the handshakes of a run that began with a reset; of the best case (`counted`).

    Parameters
    ----------
    input_beats
        Of the leading input.
    beats
        Of each output.
    """

    input_beats: np.ndarray
    beats: tuple[np.ndarray, ...]


def measure_cycles(model: RtlModel) -> CycleReport:
    """Reset the model, send windows without gaps or stalls, and count.

    Where time depends on data, the cycles that the golden model's events account for are taken
    off, and what is left must be the best case (`counted`).

    Raises
    ------
    ChronogateError
        When latency or interval is not the same for every window, which the static schedule
        promises.
    """
    network = model.network
    if isinstance(network, GatedNetwork):
        raise ChronogateError(
            f"the cycles of {network.name} depend on its windows: use measure_gated"
        )
    runs = []
    for arrays in stimuli(network):
        model.reset()
        run = model.run(arrays)
        runs.append(counted(network, arrays, run.input_beats, run.beats))
    return report(network, runs)


def stimuli(network: Network) -> list[tuple[np.ndarray, ...]]:
    """Return the codes of the runs, each after a reset, of which `report` tells the figures.

    Interleaved designs run with as many series in turn as hide the recurrent part, then with one
    alone. Where time depends on data the codes are random, so that some beats take longer.
    """
    if network.mode is Mode.WINDOW and network.input.series == 1:
        return [tuple(_codes(network, port, WINDOWS) for port in network.inputs)]
    if network.input.series == 1:
        beats = replace(network.input, steps=network.look_back + WINDOWS)
        return [(_codes(network, beats, 1),)]
    rows = min(network.input.series, 2 + network.timing.step_cycles)
    length = network.look_back if network.mode is Mode.WINDOW else WINDOWS
    codes = np.zeros((rows, length, network.features), dtype=np.int64)
    return [(codes,), (codes[:1],)]


def counted(
    network: Network,
    codes: Sequence[np.ndarray],
    input_beats: np.ndarray,
    beats: Sequence[np.ndarray],
) -> Counted:
    """Return a run's handshakes without the cycles that data cost beyond the best case.

    Parameters
    ----------
    network
        The design, adaptive or not.
    codes
        What was sent to each input, from the first beat after reset on.
    input_beats, beats
        Cycles of the handshakes, in order, as of `Counted`.
    """
    if not network.is_adaptive:
        return Counted(input_beats, tuple(beats))
    extra = extra_before(network, codes[0])
    return Counted(input_beats - extra.inputs, tuple(b - extra.outputs for b in beats))


def report(network: Network, runs: Sequence[Counted]) -> CycleReport:
    """Derive the report's figures from the runs of `stimuli`."""
    run = runs[0]
    if network.mode is Mode.WINDOW and network.input.series == 1:
        entered = run.input_beats.reshape(WINDOWS, -1)
        return slowest(
            [
                cycle_report(network, entered, beats.reshape(WINDOWS, -1), output)
                for output, beats in enumerate(run.beats)
            ]
        )
    if network.input.series == 1:
        last = run.input_beats[network.look_back - 1 :]
        return slowest([_series_report(run.input_beats, last, beats) for beats in run.beats])
    return _interleaved_report(network, *runs)


def _codes(network: Network, port: Port, windows: int) -> np.ndarray:
    beats = () if port.steps is None else (port.steps,)
    shape = (windows, *beats, port.channels)
    if not network.is_adaptive:
        return np.zeros(shape, dtype=np.int64)
    lowest, highest = port.format.minimum, port.format.maximum
    return np.random.default_rng(1).integers(lowest, highest + 1, shape)


def slowest(reports: Sequence[CycleReport]) -> CycleReport:
    """Return the figures of a network from those of its outputs."""
    return replace(
        reports[0],
        latency_cycles=max(report.latency_cycles for report in reports),
        last_beat_cycles=max(report.last_beat_cycles for report in reports),
        window_cycles=max(report.window_cycles for report in reports),
    )


def _interleaved_report(network: Network, run: Counted, alone: Counted) -> CycleReport:
    length = len(alone.input_beats)
    turns = run.input_beats.reshape(length, -1)
    streaming = network.mode is not Mode.WINDOW
    pace = network.schedule.pace
    latencies = [
        _least(
            beats - turns[range(length) if streaming else steps].ravel(),
            max(pace.window - pace.step, 0),
        )
        for steps, beats in zip(map(list, network.awaited), run.beats, strict=True)
    ]
    apart = np.diff(turns[0])
    # The entry takes the second beat early and holds it: the first distance is not the steady one.
    steady = np.diff(alone.input_beats)
    steady = steady[1:] if len(steady) > 1 else steady
    return CycleReport(
        latency_cycles=max(latencies),
        last_beat_cycles=max(latencies),
        window_cycles=max(int(beats[0] - alone.input_beats[0]) for beats in alone.beats),
        interval_cycles=int(apart.min()) * network.look_back,
        step_cycles=int((steady if len(steady) else apart).min()),
    )


def _series_report(
    input_beats: np.ndarray, last: np.ndarray, output_beats: np.ndarray
) -> CycleReport:
    """Derive the figures of a design with a forecast for every beat of `last`."""
    latency = _constant(output_beats - last, "latency")
    interval = _constant(np.diff(output_beats), "interval")
    return CycleReport(
        latency_cycles=latency,
        last_beat_cycles=latency,
        window_cycles=int(output_beats[0] - input_beats[0]),
        interval_cycles=interval,
        step_cycles=_constant(np.diff(last), "step"),
    )


def cycle_report(
    network: Network, input_beats: np.ndarray, output_beats: np.ndarray, output: int = 0
) -> CycleReport:
    """Derive the figures of one output from the cycles of handshakes.

    Parameters
    ----------
    network
        Tells which input beat each output beat depends on last.
    input_beats
        Cycles ``(windows, beats)`` of the leading input's accepted beats.
    output_beats
        Cycles ``(windows, beats)`` of the output's beats.
    output
        Number of the output.
    """
    # The last beat of a window may wait for a slow layer behind; the shortest distance between
    # beats is that of the time steps.
    steady = np.diff(input_beats[1:].ravel())
    awaited = network.schedule.awaited(network.schedule.leaving[output])
    first, final = input_beats[:, awaited[0]], input_beats[:, awaited[-1]]
    return CycleReport(
        latency_cycles=_constant(output_beats[:, 0] - first, "latency"),
        last_beat_cycles=_constant(output_beats[:, -1] - final, "latency of the last beat"),
        window_cycles=int(output_beats[0, 0] - input_beats[0, 0]),
        interval_cycles=_constant(np.diff(output_beats[:, 0]), "interval"),
        step_cycles=int(steady.min()),
    )


def _least(latencies: np.ndarray, held: int) -> int:
    """Return the least latency; the entry may hold a window's last beat for `held` cycles."""
    least = int(latencies.min())
    if latencies.max() > least + held:
        return _constant(latencies, "latency")
    return least


def measure_gated(model: RtlModel, gated: GatedNetwork, codes: np.ndarray) -> CycleReport:
    """Reset the model, send windows ``(N, T, F)`` without gaps or stalls, and compare every beat.

    Raises
    ------
    ChronogateError
        When a beat does not move in the cycle that the wakes say.
    """
    model.reset()
    run = model.run(codes)
    return gated_report(gated, codes, run.input_beats, run.output_beats)


def gated_report(
    gated: GatedNetwork, codes: np.ndarray, input_beats: np.ndarray, output_beats: np.ndarray
) -> CycleReport:
    """Compare the cycles of all handshakes with those that the wakes say, and sum them up.

    Parameters
    ----------
    gated, codes
        The design, and the windows ``(N, T, F)`` that it got from reset on.
    input_beats, output_beats
        Cycles of the handshakes.

    Raises
    ------
    ChronogateError
        When one differs.
    """
    predicted = gated.gated_timing.beats(gated.wakes(codes))
    counted = [
        np.reshape(beats, wanted.shape) - input_beats.ravel()[0]
        for beats, wanted in (
            (input_beats, predicted.input),
            (output_beats, predicted.output),
        )
    ]
    for name, found, wanted in zip(
        ("input", "output"), counted, (predicted.input, predicted.output), strict=True
    ):
        wrong = np.argwhere(found != wanted)
        if len(wrong):
            window, beat = wrong[0]
            raise ChronogateError(
                f"{name} beat {beat} of window {window} moves in cycle {found[window, beat]}, not "
                f"{wanted[window, beat]}; this is a bug in the hardware, please report it"
            )
    return gated_summary(*counted)


def gated_summary(input_beats: np.ndarray, output_beats: np.ndarray) -> CycleReport:
    """Sum up a run whose windows differ: by its longest latencies and its longest interval."""
    return CycleReport(
        latency_cycles=int((output_beats[:, 0] - input_beats[:, -1]).max()),
        last_beat_cycles=int((output_beats[:, -1] - input_beats[:, -1]).max()),
        window_cycles=int(output_beats[0, 0] - input_beats[0, 0]),
        interval_cycles=int(np.diff(output_beats[:, 0]).max()),
        step_cycles=int(np.diff(input_beats.ravel()).min()),
    )


def predicted_report(network: Design, codes: np.ndarray) -> CycleReport:
    """Return the figures that the contracts of a design add up to, for the windows `codes`."""
    if isinstance(network, GatedNetwork):
        beats = network.gated_timing.beats(network.wakes(codes))
        return gated_summary(beats.input, beats.output)
    return CycleReport.predicted(network.timing)


def _constant(cycles: np.ndarray, name: str) -> int:
    found = np.unique(cycles)
    if len(found) != 1:
        raise ChronogateError(
            f"the {name} is not the same for every window: {found.tolist()} "
            "cycles; this is a bug in the hardware, please report it"
        )
    return int(found[0])
