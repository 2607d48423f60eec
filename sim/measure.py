"""Counts cycles in the RTL, as the report defines them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hw.errors import ChronogateError
from hw.network.design import Design
from hw.network.gated import GatedNetwork
from hw.network.graph import Network
from hw.network.handshakes import extra_before
from hw.network.mode import Mode
from hw.stream import Port
from sim.counted import Counted, Stimulus, constant
from sim.rtl_model import RtlModel
from sim.series_cycles import interleaved_report, interleaved_stimuli
from sim.verification import CycleReport

WINDOWS = 6
"""Enough for a steady state: blocks keep fixed intervals from the second window on."""


def measure_cycles(model: RtlModel) -> CycleReport:
    """Reset the model, send windows without gaps or stalls, and count.

    Where time depends on data, the cycles that the golden model's events account for are taken
    off, and what is left must be the best case (`counted`); so it is with the cycles for which
    beats of interleaved series are held (`sim.series_cycles`).

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
    for sent in stimuli(network):
        model.reset()
        run = model.run(sent.arrays, order=sent.order)
        runs.append(counted(network, sent.arrays, run.input_beats, run.beats))
    return report(network, runs)


def stimuli(network: Network) -> list[Stimulus]:
    """Return the runs, each after a reset, of which `report` tells the figures.

    Interleaved designs run with so many series in turn that windows follow fast, then with one
    alone. Where time depends on data the codes are random, so that some beats take longer.
    """
    if network.mode is Mode.WINDOW and network.input.series == 1:
        return [Stimulus(tuple(_codes(network, port, WINDOWS) for port in network.inputs))]
    if network.input.series == 1:
        beats = replace(network.input, steps=network.look_back + WINDOWS)
        return [Stimulus((_codes(network, beats, 1),))]
    return interleaved_stimuli(network)


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
        return slowest(
            [
                _series_report(network, run.input_beats, beats, output)
                for output, beats in enumerate(run.beats)
            ]
        )
    return interleaved_report(network, runs)


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


def _series_report(
    network: Network, input_beats: np.ndarray, output_beats: np.ndarray, output: int
) -> CycleReport:
    """Derive the figures of a design with a forecast for every beat from its last step on.

    In the sliding mode the beats before the newest come out of a memory, at the pace of the steps.
    """
    last = input_beats[network.look_back - 1 :]
    awaited = network.schedule.awaited(network.schedule.leaving[output])
    first, final = (
        last - (network.look_back - 1 - step) * network.schedule.pace.step
        for step in (awaited[0], awaited[-1])
    )
    forecasts = output_beats.reshape(len(last), -1)
    return CycleReport(
        latency_cycles=constant(forecasts[:, 0] - first, "latency"),
        last_beat_cycles=constant(forecasts[:, -1] - final, "latency of the last beat"),
        window_cycles=int(output_beats[0] - input_beats[0]),
        interval_cycles=constant(np.diff(forecasts[:, 0]), "interval"),
        step_cycles=constant(np.diff(last), "step"),
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
        latency_cycles=constant(output_beats[:, 0] - first, "latency"),
        last_beat_cycles=constant(output_beats[:, -1] - final, "latency of the last beat"),
        window_cycles=int(output_beats[0, 0] - input_beats[0, 0]),
        interval_cycles=constant(np.diff(output_beats[:, 0]), "interval"),
        step_cycles=int(steady.min()),
    )


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
