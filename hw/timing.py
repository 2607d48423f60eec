"""Cycle contracts: what a block promises, and what a network's figures are called.

Because blocks never wait (`hw.stream`), contracts add up (`hw.network.schedule`): latencies along
a path, intervals by their maximum. The same figures are counted in simulation and must be equal.
"""

from dataclasses import dataclass

EXIT_CYCLES = 1
"""Cycles between the AXI4-Stream handshakes that no block accounts for: the output buffer."""

BANKED_ENTRY_CYCLES = 1
"""Cycles for which the entry of an interleaved design holds a beat while it reads its state."""


@dataclass(frozen=True)
class Emission:
    """When the beats of a window leave a block whose output does not follow its input one to one.

    Output beat k leaves ``latency_cycles + delay[k]`` cycles after input beat ``trigger[k]``.

    Parameters
    ----------
    trigger
        For each output beat of a window, the input beat it waits for; never descending.
    delay
        For each output beat, the cycles by which it follows the block's latency.
    """

    trigger: tuple[int, ...]
    delay: tuple[int, ...]


@dataclass(frozen=True)
class Extra:
    """Cycles that a beat may take beyond its block's latency and interval, by its data.

    A beat with e events takes ``e * cycles`` more. The block's ``hold`` (`hw.stream`) is high for
    just as many cycles, the first of them `lead` cycles after the beat, and the entry of the
    network stands still meanwhile: to everything that is paced from there a held cycle has not
    happened. How many events each beat has is a matter of the reference: its trace `EVENTS`.

    Parameters
    ----------
    cycles
        Of one event.
    first, most
        Events at most of the first beat of a window, and of any other one.
    lead
        From the beat to ``hold``.
    """

    cycles: int
    first: int
    most: int
    lead: int


EVENTS = "extra_events"
"""Under this name an adaptive block's reference traces the events of every beat, ``(N, T)``."""


@dataclass(frozen=True)
class BlockTiming:
    """Closed-form cycles of one block.

    Parameters
    ----------
    latency_cycles
        From the input beat that an output beat depends on last, to that output beat.
    interval_cycles
        Fewest cycles between two input beats.
    multipliers
        Multipliers that the block occupies.
    products
        Useful products for one input beat, on average over a window.
    emission
        When output beats leave; by default each follows the input beat of the same number, or
        the window's last one where the output is one beat a window.
    series_cycles
        Fewest cycles between two beats of the same series, where that is more than
        `interval_cycles`.
    shifters
        How many of the multipliers only shift, because all their weights are powers of two: they
        are folded like the others but take no DSP block.
    span_cycles
        Where set, two beats must be a multiple of `interval_cycles` apart, or this many at least.
    extra
        Where time depends on data: what comes on top of latency and interval, which are then
        those of the best case, and `products` those of the worst.
    """

    latency_cycles: int
    interval_cycles: int
    multipliers: int = 0
    products: float = 0
    emission: Emission | None = None
    series_cycles: int | None = None
    shifters: int = 0
    span_cycles: int | None = None
    extra: Extra | None = None


@dataclass(frozen=True)
class LayerTiming:
    """One line of the per-layer report; utilization is products / (multipliers x interval)."""

    name: str
    interval_cycles: int
    latency_cycles: int
    multipliers: int
    utilization: float | None
    shifters: int = 0

    @property
    def true_multipliers(self) -> int:
        """Multipliers that do not just shift."""
        return self.multipliers - self.shifters


@dataclass(frozen=True)
class OutputTiming:
    """Cycles of one output; the figures mean what they mean in `NetworkTiming`."""

    latency_cycles: int
    last_beat_cycles: int
    window_cycles: int


@dataclass(frozen=True)
class NetworkTiming:
    """Cycles of a network between its AXI4-Stream handshakes, as the report defines them.

    Where they depend on data or on the order of series, these are the best or the worst case
    (`hw.network.handshakes`, `hw.network.collisions`).

    Cycles are differences of the rising-edge indices of accepted handshakes, with output ready
    held high and no gaps at the input. With several inputs the handshakes are those of the leading
    one (`hw.network.graph.Network.input`); with several outputs the first three figures are those
    of the slowest, and `outputs` has them for each.

    Parameters
    ----------
    latency_cycles
        The last input beat that an output depends on, to its first beat. With interleaved series
        it is the least: the entry holds back a beat of a series that has just had one, and one that
        ends a window right behind another. For how long is counted in `hw.network.collisions`;
        ``Network.worst_timing`` has the most.
    last_beat_cycles
        The same, to its last beat.
    window_cycles
        First input beat after reset to the first output beat.
    interval_cycles
        First beats of successive windows, in the steady state. With interleaved series it is the
        average over all windows, rounded up, where series bring beats in turn and the ends of
        their windows are spread (`hw.network.spread`).
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
    outputs: tuple[OutputTiming, ...] = ()
