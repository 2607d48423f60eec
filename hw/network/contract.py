"""The cycle contract of a network: the figures of its report, from its schedule."""

from collections.abc import Sequence

from hw.network.mode import Mode
from hw.network.pace import Pace
from hw.network.schedule import Schedule
from hw.network.spread import spread_interval
from hw.network.stage import Stage
from hw.stream import Port
from hw.timing import (
    BANKED_ENTRY_CYCLES,
    EXIT_CYCLES,
    BlockTiming,
    LayerTiming,
    NetworkTiming,
    OutputTiming,
)


def network_timing(
    schedule: Schedule,
    source: Port,
    awaited: Sequence[Sequence[int]],
    mode: Mode,
    stages: Sequence[Stage],
) -> NetworkTiming:
    """Return the figures between the AXI4-Stream handshakes.

    Parameters
    ----------
    schedule
        Of the network.
    source, mode
        Leading input of the network, and how windows are cut from it.
    awaited
        For each output, the step that each beat of a window waits for.
    stages
        Its nodes, for the lines of the per-layer report.
    """
    pace, steps = schedule.pace, source.beats
    interval = max(steps * pace.step, pace.window)
    if source.series > 1:
        interval = spread_interval(pace, steps, source.series)
    outputs = tuple(
        _output_timing(schedule, leaving, source, steps[0])
        for leaving, steps in zip(schedule.leaving, awaited, strict=True)
    )
    return NetworkTiming(
        latency_cycles=max(output.latency_cycles for output in outputs),
        last_beat_cycles=max(output.last_beat_cycles for output in outputs),
        window_cycles=max(output.window_cycles for output in outputs),
        interval_cycles=interval,
        step_cycles=_step_cycles(pace, interval, source, mode),
        layers=tuple(_layer(stage, interval) for stage in stages),
        outputs=outputs,
    )


def _output_timing(schedule: Schedule, leaving: str, source: Port, step: int) -> OutputTiming:
    since_first, since_last = schedule.leaves(leaving)
    overhead = EXIT_CYCLES + (BANKED_ENTRY_CYCLES if source.series > 1 else 0)
    # With several series the schedule takes every beat as a window; a window of one alone is
    # longer by the steps before the one that its first output beat waits for.
    between = step * schedule.pace.series if source.series > 1 else 0
    return OutputTiming(
        latency_cycles=since_last[0] + overhead,
        last_beat_cycles=since_last[-1] + overhead,
        window_cycles=since_first[0] + overhead + between,
    )


def _step_cycles(pace: Pace, interval: int, source: Port, mode: Mode) -> int:
    if source.series > 1:
        return max(pace.series, pace.window) if source.beats == 1 else pace.series
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
    if timing.multipliers == 0 or timing.extra is not None:
        return None
    return beats * timing.products / (timing.multipliers * interval)
