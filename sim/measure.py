"""Counts cycles in the RTL, as the report defines them."""

import numpy as np

from hw.errors import ChronogateError
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
    shape = (
        (network.features,)
        if network.input.steps is None
        else (network.look_back, network.features)
    )
    model.reset()
    run = model.run(np.zeros((WINDOWS, *shape), dtype=np.int64))
    return cycle_report(run.input_beats.reshape(WINDOWS, -1), run.output_beats)


def cycle_report(input_beats: np.ndarray, output_beats: np.ndarray) -> CycleReport:
    """Derive the report's figures from the cycles of handshakes.

    Parameters
    ----------
    input_beats
        Cycles ``(windows, beats)`` of the accepted input beats.
    output_beats
        Cycles ``(windows,)`` of the output beats; one beat a forecast.
    """
    latency = _constant(output_beats - input_beats[:, -1], "latency")
    # The last beat of a window may wait for a slow layer behind; the shortest distance between
    # beats is that of the time steps.
    steady = np.diff(input_beats[1:].ravel())
    return CycleReport(
        latency_cycles=latency,
        last_beat_cycles=latency,
        window_cycles=int(output_beats[0] - input_beats[0, 0]),
        interval_cycles=_constant(np.diff(output_beats), "interval"),
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
