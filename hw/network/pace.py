"""How fast the entry of a network may let beats in."""

from dataclasses import dataclass


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
    """

    step: int
    window: int
    series: int = 1

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
