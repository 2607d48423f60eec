"""Counts the cycles of interleaved designs, whose handshakes depend on the order of the series."""

from collections.abc import Sequence

import numpy as np

from hw.network.collisions import closing_steps, held_cycles, spread_of
from hw.network.graph import Network
from hw.network.mode import Mode
from hw.network.spread import ROUNDS
from sim.beats import arrange
from sim.counted import Counted, Stimulus, constant
from sim.verification import CycleReport

ALONE = 3
"""Beats of one series after which it is known how fast others follow: the second is taken early."""


def interleaved_stimuli(network: Network) -> list[Stimulus]:
    """Return the order in which windows follow fast, and a series that is alone at first."""
    found, series = spread_of(network), network.input.series
    if network.mode is Mode.WINDOW:
        windows = -(-ALONE // network.look_back)
        first = np.repeat(np.arange(windows) * series, network.look_back)
        rows = (windows - 1) * series + 1
        others = np.setdiff1d(np.arange(rows), first)
        alone = np.concatenate([first, np.repeat(others, network.look_back)])
        return [
            Stimulus(_zeros(network, ROUNDS * found.count), found.order()),
            Stimulus(_zeros(network, rows), alone),
        ]
    return [
        Stimulus(_zeros(network, found.count, ROUNDS), found.order() % found.count),
        Stimulus(_zeros(network, 1, ALONE)),
    ]


def interleaved_report(network: Network, runs: Sequence[Counted]) -> CycleReport:
    """Derive the figures from the runs of `interleaved_stimuli`.

    The cycles for which beats are held for others are taken off the latencies, and what is left
    must be the best case.

    Raises
    ------
    ChronogateError
        When the latency of beats is not the same then.
    """
    stimuli = interleaved_stimuli(network)
    latencies = np.array(
        [_latencies(network, *pair) for pair in zip(stimuli, runs, strict=True)], dtype=np.int64
    )
    latency = max(constant(each, "latency") for each in latencies.T)
    best, alone = runs
    steady = np.diff(alone.input_beats[: max(ALONE, network.look_back)])[1:]
    return CycleReport(
        latency_cycles=latency,
        last_beat_cycles=latency,
        window_cycles=max(int(beats[0] - alone.input_beats[0]) for beats in alone.beats),
        interval_cycles=spread_of(network).interval(best.input_beats),
        step_cycles=int(steady.min()),
    )


def _latencies(network: Network, stimulus: Stimulus, run: Counted) -> list[int]:
    """Return for each output the latency without the cycles for which beats are held."""
    series = arrange(network, stimulus.arrays, stimulus.order).inputs[0].series.astype(np.int64)
    enters = run.input_beats + held_cycles(network, series)
    place = np.zeros(len(series), dtype=np.int64)
    steps = closing_steps(network)
    for number in np.unique(series):
        of = series == number
        place[of] = np.arange(of.sum()) % steps
    return [
        constant(beats - enters[np.isin(place, awaited)], "latency")
        for beats, awaited in zip(run.beats, _awaited(network), strict=True)
    ]


def _awaited(network: Network) -> Sequence[Sequence[int]]:
    """Return for each output the steps of a window that lead to its beats."""
    return network.awaited if network.mode is Mode.WINDOW else [(0,)] * len(network.outputs)


def _zeros(network: Network, rows: int, steps: int | None = None) -> tuple[np.ndarray, ...]:
    """Return codes for the one input of an interleaved design."""
    shape = [rows, *([] if network.input.steps is None else [steps or network.look_back])]
    return (np.zeros((*shape, network.features), dtype=np.int64),)
