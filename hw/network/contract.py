"""The cycle contract of a network: the figures of its report, from its schedule."""

from collections.abc import Sequence

from hw.network.schedule import Schedule, Stage
from hw.timing import OVERHEAD_CYCLES, BlockTiming, LayerTiming, NetworkTiming


def network_timing(schedule: Schedule, steps: int, stages: Sequence[Stage]) -> NetworkTiming:
    """Return the figures between the AXI4-Stream handshakes.

    Parameters
    ----------
    schedule
        Of the network.
    steps
        Input beats in a window.
    stages
        Its nodes, for the lines of the per-layer report.
    """
    pace = schedule.pace
    interval = max(steps * pace.step, pace.window)
    since_first, since_last = schedule.leaves(schedule.output)
    return NetworkTiming(
        latency_cycles=since_last[0] + OVERHEAD_CYCLES,
        last_beat_cycles=since_last[-1] + OVERHEAD_CYCLES,
        window_cycles=since_first[0] + OVERHEAD_CYCLES,
        interval_cycles=interval,
        step_cycles=pace.step if steps > 1 else interval,
        layers=tuple(_layer(stage, interval) for stage in stages),
    )


def _layer(stage: Stage, interval: int) -> LayerTiming:
    timing, beats = stage.timing, max(port.beats for port in stage.inputs)
    return LayerTiming(
        stage.name,
        timing.interval_cycles,
        timing.latency_cycles,
        timing.multipliers,
        _utilization(timing, interval, beats),
    )


def _utilization(timing: BlockTiming, interval: int, beats: int) -> float | None:
    if timing.multipliers == 0:
        return None
    return beats * timing.products / (timing.multipliers * interval)
