"""How fast windows of interleaved series can follow each other: the order that spreads their ends.

No order of arrival lets more windows through than one every ``max(steps * pace.step, pace.window)``
cycles, nor, of S series, than S every ``steps * pace.series`` cycles. Both are met by series that
bring beats in turn, each beginning its window when a window is due to begin, so that no two end
close together. With C series in turn every series has each C-th place for its beats, C windows of T
beats fill ``C * T`` places, and window j begins in place ``j * T``: all in places of different
series as long as C and T have no common divisor. With a common divisor some have to begin a place
later, and ends come up to two places nearer than T. Where windows end nearly as fast as they may,
they then wait for each other, for as long as `held_beats` says, and the interval is longer: in the
order given here, which need not be the best one then.
"""

from dataclasses import dataclass
from math import gcd

import numpy as np

from hw.network.pace import Pace

ROUNDS = 4
"""Windows of each series in `Spread.order`: the first begin one by one, the last end so."""


@dataclass(frozen=True)
class Spread:
    """Windows of some series in turn, whose ends are spread.

    Parameters
    ----------
    count
        Windows that are under way at once, each of another series.
    steps
        Beats of a window.
    """

    count: int
    steps: int

    @property
    def begins(self) -> np.ndarray:
        """The place of the first beat of each of `count` windows, ascending, int64."""
        common = gcd(self.count, self.steps)
        # Up over the even numbers and down over the odd ones: neighbours differ by two at most.
        late = np.array([*range(0, common, 2), *reversed(range(1, common, 2))])
        window = np.arange(self.count)
        return window * self.steps + late[window * common // self.count]

    @property
    def apart(self) -> int:
        """Fewest places between the ends of two windows."""
        return self.steps - min(gcd(self.count, self.steps) - 1, 2)

    @property
    def period(self) -> int:
        """Beats after which all begins anew."""
        return self.count * self.steps

    def order(self) -> np.ndarray:
        """Return the window that each beat belongs to, of ``ROUNDS * count`` windows."""
        return self._sorted()[0]

    def interval(self, accepted: np.ndarray) -> int:
        """Return the cycles for one window, on average and rounded up, of beats in `order`.

        Parameters
        ----------
        accepted
            Cycles of the beats.
        """
        # In the last period in which none has ended for good.
        last = int((self._sorted()[1] < ROUNDS * self.period).sum()) - 1
        return -(-int(accepted[last] - accepted[last - self.period]) // self.count)

    def _sorted(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the window and the place of each beat."""
        windows = np.arange(ROUNDS * self.count)
        first = self.begins[windows % self.count] + windows // self.count * self.period
        places = (first[:, np.newaxis] + np.arange(self.steps) * self.count).ravel()
        order = np.argsort(places)
        return np.repeat(windows, self.steps)[order], places[order]


def spread(pace: Pace, steps: int, series: int) -> Spread:
    """Return the order in which windows follow fast, of as few series as that takes.

    Parameters
    ----------
    pace
        Of the entry.
    steps
        Beats of a window.
    series
        That share the hardware.
    """
    fastest = max(steps * pace.step, pace.window)
    for count in range(1, series + 1):
        found = Spread(count, steps)
        if steps * pace.series <= count * fastest and _is_even(found, pace):
            return found
    return Spread(series, steps)


def spread_interval(pace: Pace, steps: int, series: int) -> int:
    """Return the cycles for one window, on average and rounded up, in the order of `spread`."""
    found = spread(pace, steps, series)
    if _is_even(found, pace):
        shared = -(-steps * pace.series // found.count)
        return max(steps * pace.step, pace.window, shared)
    order = found.order() % series
    held = held_beats(pace, steps, order)
    return found.interval(np.cumsum(held) + np.arange(len(held)) * pace.step)


def _is_even(found: Spread, pace: Pace) -> bool:
    """Tell whether the windows of one period never wait for each other's ends in turn."""
    beats = found.apart * max(pace.step * found.count, pace.series)
    return found.apart == found.steps or pace.window * found.count <= beats


def held_beats(pace: Pace, steps: int, series: np.ndarray) -> np.ndarray:
    """Return for how many cycles the entry holds each beat; see `hw.network.collisions`.

    Parameters
    ----------
    pace
        Of the entry.
    steps
        Beats of a window.
    series
        Of every beat since reset, in order of arrival, int ``(beats,)``.
    """
    numbers = np.asarray(series).tolist()
    entered: dict[int, int] = {}
    count: dict[int, int] = {}
    closed, free = -pace.window, 0
    held = np.zeros(len(numbers), dtype=np.int64)
    for beat, number in enumerate(numbers):
        count[number] = count.get(number, 0) + 1
        due = max(free, entered.get(number, -pace.series) + pace.series)
        closes = count[number] % steps == 0
        if closes:
            due = max(due, closed + pace.window)
        if pace.turns is not None and beat:
            turns = -(-(due - free) // pace.step)
            # After so many turns the entry is idle, and a beat may move at any time.
            due = free + turns * pace.step if turns < pace.turns else due
        held[beat] = due - free
        entered[number] = due
        closed = due if closes else closed
        free = due + pace.step
    return held
