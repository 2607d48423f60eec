"""Cycle contracts: what a block promises, and what follows for a network.

Because blocks never wait (`hw.stream`), contracts add up: latencies along the path, intervals by
their maximum. The same figures are counted in simulation and must be equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

OVERHEAD_CYCLES = 1
"""Cycles between the AXI4-Stream handshakes that no block accounts for: the output buffer."""


@dataclass(frozen=True)
class BlockTiming:
    """Closed-form cycles of one block.

    Parameters
    ----------
    latency_cycles
        From the (last) input beat of a window to the output beat.
    interval_cycles
        Fewest cycles between two input beats.
    multipliers
        Multipliers that the block occupies.
    products
        Useful products for one input beat.
    """

    latency_cycles: int
    interval_cycles: int
    multipliers: int = 0
    products: int = 0


@dataclass(frozen=True)
class LayerTiming:
    """One line of the per-layer report; utilization is products / (multipliers x interval)."""

    name: str
    interval_cycles: int
    latency_cycles: int
    multipliers: int
    utilization: float | None


@dataclass(frozen=True)
class NetworkTiming:
    """Cycles of a network between its AXI4-Stream handshakes, as the report defines them.

    Cycles are differences of the rising-edge indices of accepted handshakes, with output ready
    held high and no gaps at the input.

    Parameters
    ----------
    latency_cycles
        The last input beat that an output depends on, to its first beat.
    last_beat_cycles
        The same, to its last beat.
    window_cycles
        First input beat after reset to the first output beat.
    interval_cycles
        First beats of successive windows, in the steady state.
    step_cycles
        Successive time steps of one series, in the steady state; where a window is one beat,
        successive windows.
    """

    latency_cycles: int
    last_beat_cycles: int
    window_cycles: int
    interval_cycles: int
    step_cycles: int
    layers: tuple[LayerTiming, ...] = ()


def compose(
    steps: int,
    step_blocks: Sequence[tuple[str, BlockTiming]],
    window_blocks: Sequence[tuple[str, BlockTiming]],
    overhead: int,
) -> NetworkTiming:
    """Add up a chain of blocks.

    Parameters
    ----------
    steps
        Input beats in a window.
    step_blocks
        Names and contracts of the blocks that take a beat per time step, in order.
    window_blocks
        Those that take one beat per window.
    overhead
        Cycles of the entry and the exit together.
    """
    blocks = [*step_blocks, *window_blocks]
    step_cycles = step_interval(step_blocks)
    interval = max(steps * step_cycles, window_interval(window_blocks))
    latency = overhead + sum(timing.latency_cycles for _, timing in blocks)
    step_names = {name for name, _ in step_blocks}
    layers = tuple(
        LayerTiming(
            name,
            timing.interval_cycles,
            timing.latency_cycles,
            timing.multipliers,
            _utilization(timing, interval, steps if name in step_names else 1),
        )
        for name, timing in blocks
    )
    return NetworkTiming(
        latency_cycles=latency,
        last_beat_cycles=latency,
        window_cycles=(steps - 1) * step_cycles + latency,
        interval_cycles=interval,
        step_cycles=step_cycles if steps > 1 else interval,
        layers=layers,
    )


def step_interval(step_blocks: Sequence[tuple[str, BlockTiming]]) -> int:
    """Fewest cycles between two input beats."""
    return max((timing.interval_cycles for _, timing in step_blocks), default=1)


def window_interval(window_blocks: Sequence[tuple[str, BlockTiming]]) -> int:
    """Fewest cycles between the last beats of two windows, by the blocks that follow them."""
    return max((timing.interval_cycles for _, timing in window_blocks), default=1)


def _utilization(timing: BlockTiming, interval: int, beats: int) -> float | None:
    if timing.multipliers == 0:
        return None
    return beats * timing.products / (timing.multipliers * interval)
