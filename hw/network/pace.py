"""How fast the entry of a network may let beats in."""

from collections.abc import Sequence
from dataclasses import dataclass

from hw.errors import ChronogateError
from hw.network.stage import Stage


@dataclass(frozen=True)
class Pace:
    """How fast the entry may let beats in.

    Parameters
    ----------
    step
        Fewest cycles between two beats.
    window
        Fewest cycles between the last beats of two windows.
    series
        Fewest cycles between two beats of one series, where several share the hardware.
    turns
        Where set, beats come a multiple of `step` apart, up to so many times; later at any time.
        All other figures are then multiples of `step`, too.
    """

    step: int
    window: int
    series: int = 1
    turns: int | None = None

    def in_turns(self, stages: Sequence[Stage]) -> "Pace":
        """Return the pace at which blocks get beats in turns, if some want that.

        Raises
        ------
        ChronogateError
            When their turns do not go together.
        """
        wanted = [stage for stage in stages if stage.timing.span_cycles is not None]
        if not wanted:
            return self
        intervals = [stage.timing.interval_cycles for stage in wanted]
        turn = max(intervals)
        if any(turn % interval for interval in intervals):
            lengths = ", ".join(
                f"{stage.name} in {stage.timing.interval_cycles}" for stage in wanted
            )
            raise ChronogateError(
                f"layers take turns of different numbers of cycles, {lengths}: give all of them "
                f"period={turn}"
            )
        step, window, series = (-(-x // turn) * turn for x in (self.step, self.window, self.series))
        window, series = (-(-x // step) * step for x in (window, series))
        span = max(stage.timing.span_cycles or 0 for stage in wanted)
        return Pace(step, window, series, -(-span // step))

    def streaming(self) -> "Pace":
        """Return the pace where every beat is the last of a window."""
        slowest = max(self.step, self.window)
        if self.turns is None:
            return Pace(slowest, 1, max(slowest, self.series))
        series, turns = (-(-x // slowest) for x in (self.series, self.turns * self.step))
        return Pace(slowest, 1, max(series, 1) * slowest, turns)

    def distance(self, early: int, late: int, steps: int) -> int:
        """Return the fewest cycles between two entry beats, counted on over all windows."""
        first_end = early + (-early - 1) % steps
        last_end = late - (late + 1) % steps
        apart = (late - early) * self.step
        if last_end <= first_end:
            return apart
        windows = (last_end - first_end) // steps
        beside = first_end - early + late - last_end
        return max(apart, beside * self.step + windows * self.window)
