"""What the hardware of an exported network takes."""

from dataclasses import dataclass

from hw.timing import NetworkTiming


@dataclass(frozen=True)
class Hardware:
    """A network between its AXI4-Streams, in closed form (`hw.timing.NetworkTiming`).

    Parameters
    ----------
    board, clock_mhz
        Where, and at which clock.
    is_routed
        Whether a bitstream of the run has that clock; else it is the board's own, unproven.
    window_us
        From a window's first beat to its forecast, in microseconds.
    latency_us
        From a window's last beat on.
    forecasts_per_second
        With windows back to back.
    """

    board: str
    clock_mhz: float
    is_routed: bool
    window_us: float
    latency_us: float
    forecasts_per_second: float

    @classmethod
    def of(cls, timing: NetworkTiming, board: str, clock_mhz: float, is_routed: bool) -> "Hardware":
        """Return the figures at a clock."""
        return cls(
            board,
            clock_mhz,
            is_routed,
            timing.window_cycles / clock_mhz,
            timing.latency_cycles / clock_mhz,
            1e6 * clock_mhz / timing.interval_cycles,
        )
