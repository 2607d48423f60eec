"""The cycle contract of a network: the figures of its report, from its schedule."""

from collections.abc import Sequence

from hw.network.mode import Mode
from hw.network.pace import Pace
from hw.network.schedule import Schedule, Stage
from hw.stream import Port
from hw.timing import (
    BANKED_ENTRY_CYCLES,
    EXIT_CYCLES,
    BlockTiming,
    LayerTiming,
    NetworkTiming,
)


def network_timing(
    schedule: Schedule, source: Port, mode: Mode, stages: Sequence[Stage]
) -> NetworkTiming:
    """Return the figures between the AXI4-Stream handshakes.

    Parameters
    ----------
    schedule
        Of the network.
    source, mode
        Input of the network, and how windows are cut from it.
    stages
        Its nodes, for the lines of the per-layer report.
    """
    pace, steps = schedule.pace, source.beats
    interval = max(steps * pace.step, pace.window)
    since_first, since_last = schedule.leaves(schedule.output)
    overhead = EXIT_CYCLES + (BANKED_ENTRY_CYCLES if source.series > 1 else 0)
    per_window = any(s.output.steps is None for s in stages if s.name == schedule.output)
    # With several series the schedule takes every beat as a window; a window of one alone is
    # longer by its other steps.
    between = (steps - 1) * pace.series if source.series > 1 and per_window else 0
    return NetworkTiming(
        latency_cycles=since_last[0] + overhead,
        last_beat_cycles=since_last[-1] + overhead,
        window_cycles=since_first[0] + overhead + between,
        interval_cycles=interval,
        step_cycles=_step_cycles(pace, interval, source, mode),
        layers=tuple(_layer(stage, interval) for stage in stages),
    )


def _step_cycles(pace: Pace, interval: int, source: Port, mode: Mode) -> int:
    if source.series > 1:
        return pace.series
    if mode is Mode.SLIDING or source.beats == 1:
        return interval
    return pace.step


def _layer(stage: Stage, interval: int) -> LayerTiming:
    timing, beats = stage.timing, max(port.beats for port in stage.inputs)
    return LayerTiming(
        stage.name,
        timing.interval_cycles,
        timing.latency_cycles,
        timing.multipliers,
        _utilization(timing, interval, beats),
        timing.shifters,
    )


def _utilization(timing: BlockTiming, interval: int, beats: int) -> float | None:
    if timing.multipliers == 0:
        return None
    return beats * timing.products / (timing.multipliers * interval)
