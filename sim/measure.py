"""Counts cycles in the RTL, as the report defines them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.network.mode import Mode
from hw.stream import Port
from sim.rtl_model import RtlModel
from sim.verification import CycleReport

WINDOWS = 6
"""Enough for a steady state: blocks keep fixed intervals from the second window on."""


def measure_cycles(model: RtlModel) -> CycleReport:
    """Reset the model, send windows without gaps or stalls, and count.

    Raises
    ------
    ChronogateError
        When latency or interval is not the same for every window, which the static schedule
        promises.
    """
    network = model.network
    model.reset()
    series = network.input.series
    if network.mode is Mode.WINDOW and series == 1:
        run = model.run([_zeros(port, WINDOWS) for port in network.inputs])
        entered = run.input_beats.reshape(WINDOWS, -1)
        return slowest(
            [
                cycle_report(network, entered, beats.reshape(WINDOWS, -1), output)
                for output, beats in enumerate(run.beats)
            ]
        )
    if network.mode is not Mode.WINDOW and series == 1:
        length = network.look_back + WINDOWS
        run = model.run(np.zeros((1, length, network.features), dtype=np.int64))
        last = run.input_beats[network.look_back - 1 :]
        return slowest([_series_report(run.input_beats, last, beats) for beats in run.beats])
    return _interleaved_report(model)


def _zeros(port: Port, windows: int) -> np.ndarray:
    beats = () if port.steps is None else (port.steps,)
    return np.zeros((windows, *beats, port.channels), dtype=np.int64)


def slowest(reports: Sequence[CycleReport]) -> CycleReport:
    """Return the figures of a network from those of its outputs."""
    return replace(
        reports[0],
        latency_cycles=max(report.latency_cycles for report in reports),
        last_beat_cycles=max(report.last_beat_cycles for report in reports),
        window_cycles=max(report.window_cycles for report in reports),
    )


def _interleaved_report(model: RtlModel) -> CycleReport:
    """Count with as many series in turn as hide the recurrent part, then with one alone."""
    network = model.network
    rows = min(network.input.series, 2 + network.timing.step_cycles)
    length = network.look_back if network.mode is Mode.WINDOW else WINDOWS
    codes = np.zeros((rows, length, network.features), dtype=np.int64)
    run = model.run(codes)
    turns = run.input_beats.reshape(length, rows)
    model.reset()
    alone = model.run(codes[:1])
    report = slowest(
        [
            _series_report(
                alone.input_beats, turns[-1] if port.steps is None else turns.ravel(), beats
            )
            for port, beats in zip(network.output_ports, run.beats, strict=True)
        ]
    )
    # The second beat is let in early, to wait for its turn in the entry.
    steps = np.diff(alone.input_beats)
    steps = steps[1:] if len(steps) > 1 else steps
    return replace(
        report,
        window_cycles=max(int(beats[0] - alone.input_beats[0]) for beats in alone.beats),
        interval_cycles=int(np.diff(turns[0]).min()) * (network.look_back),
        step_cycles=int(steps.min()) if len(steps) else report.step_cycles,
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


def _constant(cycles: np.ndarray, name: str) -> int:
    found = np.unique(cycles)
    if len(found) != 1:
        raise ChronogateError(
            f"the {name} is not the same for every window: {found.tolist()} "
            "cycles; this is a bug in the hardware, please report it"
        )
    return int(found[0])
