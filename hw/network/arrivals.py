"""When beats arrive somewhere in a network, and how many can wait there for others."""

from collections.abc import Callable
from dataclasses import dataclass

Distance = Callable[[int, int], int]
"""Fewest cycles between two entry beats, counted on over all windows."""


@dataclass(frozen=True)
class Term:
    """One thing that the beats of a window wait for: entry beat ``step[k]``, then ``delay[k]``."""

    step: tuple[int, ...]
    delay: tuple[int, ...]

    def covers(self, other: "Term") -> bool:
        """Tell whether `other` is never the later one."""
        mine = zip(self.step, self.delay, strict=True)
        theirs = zip(other.step, other.delay, strict=True)
        return all(a >= c and b >= d for (a, b), (c, d) in zip(mine, theirs, strict=True))


Arrivals = tuple[Term, ...]
"""Beats of a window; each arrives when the last of its terms is due."""


def queue_depth(come: Arrivals, leave: Arrivals, steps: int, distance: Distance) -> int:
    """Return the most beats that stand in a queue, whatever the gaps at the network's input.

    A beat that is taken in the cycle in which it comes passes by; one that is taken while another
    is written still has its place.
    """
    beats = len(come[0].step)
    depth = 0
    for oldest in range(beats):
        newest = oldest
        while _can_stay(oldest, newest, come, leave, steps, distance):
            newest += 1
        depth = max(depth, newest - oldest)
    return depth


def _can_stay(
    old: int, new: int, come: Arrivals, leave: Arrivals, steps: int, distance: Distance
) -> bool:
    """Tell whether beat `old` may still be there in the cycle in which beat `new` comes.

    One entry beat that `old` waits for may be as late as it likes, so those before it have long
    come, while those behind it follow as fast as they can.
    """
    beats = len(come[0].step)
    window, beat = divmod(new, beats)

    def meets(awaited: Term, due: Term) -> bool:
        until, since = awaited.step[old], due.step[beat] + window * steps
        if until > since:
            return True
        slack = awaited.delay[old] - due.delay[beat] - distance(until, since)
        return slack >= (old == new)  # a beat that leaves as it comes needs no place

    return any(all(meets(awaited, due) for due in come) for awaited in leave)
