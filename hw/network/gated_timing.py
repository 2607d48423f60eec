"""When the beats of two networks behind a gate move: a closed form in the windows that wake.

Windows leave in the order in which they came, so every beat waits for what is there before it
and for nothing else: with the sequence of wakes known, all cycles follow by maxima and sums. The
waits, and the cycles each of them costs, are those of `hw.top.gated`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw.network.arrivals import Arrivals
from hw.network.pace import Pace
from hw.network.schedule import Schedule, Stage
from hw.timing import NetworkTiming

JUDGE_CYCLES = 2
"""From a window's last beat to its verdict: the beat's register, and the comparison."""

QUEUE_CYCLES = 1
"""From what a network or the judge gives to the output: through a queue."""

NEVER = -1
"""Cycle of what does not happen."""


@dataclass(frozen=True)
class GatedPart:
    """One of the two networks as the gate sees it.

    Parameters
    ----------
    pace
        Of its entry.
    arrivals
        Of the beats of its forecast.
    busy_cycles
        Cycles from a beat's entry after which nothing of it moves any more.
    """

    pace: Pace
    arrivals: Arrivals
    busy_cycles: int

    @classmethod
    def of(cls, schedule: Schedule, stages: Sequence[Stage]) -> "GatedPart":
        """Return the part that a network is."""
        busy = max(
            (
                stage.timing.interval_cycles + max(term.delay)
                for stage in stages
                for term in schedule.arrivals[stage.name]
            ),
            default=1,
        )
        pace = schedule.pace
        return cls(pace, schedule.arrivals[schedule.output], max(busy, pace.step, pace.window) + 1)

    def forecast(self, beats: Sequence[int]) -> list[int]:
        """Return when the beats of a forecast leave, from when those of its window entered."""
        return [
            max(beats[term.step[beat]] + term.delay[beat] for term in self.arrivals)
            for beat in range(len(self.arrivals[0].step))
        ]


@dataclass(frozen=True)
class GatedBeats:
    """Cycles in which beats move; the first input beat moves in cycle 0.

    Parameters
    ----------
    input
        Handshakes of the input ``(N, T)``.
    replayed
        Beats that enter the large network ``(N, T)``, `NEVER` where the window does not wake it.
    output
        Handshakes of the output ``(N, K)``.
    """

    input: NDArray[np.int64]
    replayed: NDArray[np.int64]
    output: NDArray[np.int64]


@dataclass(frozen=True)
class GatedTiming:
    """Cycles of two networks behind a gate, output ready held high and no gaps at the input.

    Parameters
    ----------
    steps
        Beats in a window.
    cheap, large
        The networks.
    banks
        Windows that can be kept for the large network.
    in_flight
        Windows that may be on their way at once.
    """

    steps: int
    cheap: GatedPart
    large: GatedPart
    banks: int
    in_flight: int

    def beats(self, wakes: Sequence[bool] | NDArray[np.bool_]) -> GatedBeats:
        """Return when all beats move, after reset, from which windows wake the large network.

        Parameters
        ----------
        wakes
            For each window in order.
        """
        entered: list[list[int]] = []
        replayed: list[list[int]] = []
        left: list[list[int]] = []
        woken: list[list[int]] = []  # the replays alone
        for index, wake in enumerate(wakes):
            begin = 0
            if index >= self.in_flight:
                begin = left[index - self.in_flight][-1] + 1
            if entered:
                begin = max(begin, entered[-1][-1] + self.cheap.pace.step)
                begin = self._bank_free(begin, entered[-1][-1] + 1, replayed)
            entered.append(_window(begin, entered, self.cheap.pace, self.steps))
            replay: list[int] = []
            if wake:
                verdict = entered[-1][-1] + JUDGE_CYCLES
                again = woken[-1][-1] + self.large.pace.step if woken else verdict
                replay = _window(max(verdict, again), woken, self.large.pace, self.steps)
                woken.append(replay)
            replayed.append(replay or [NEVER] * self.steps)
            left.append(self._output(entered[-1], replay, left[-1][-1] if left else NEVER))
        return GatedBeats(
            np.array(entered, dtype=np.int64).reshape(-1, self.steps),
            np.array(replayed, dtype=np.int64).reshape(-1, self.steps),
            np.array(left, dtype=np.int64).reshape(-1, self.outputs),
        )

    def awake_cycles(self, beats: GatedBeats) -> int:
        """Return for how many cycles the clock of the large network is enabled, all in all."""
        awake, until = 0, NEVER
        for last, replay in zip(beats.input[:, -1], beats.replayed, strict=True):
            if replay[0] == NEVER:
                continue
            begin = max(int(last) + JUDGE_CYCLES, until + 1)
            until = int(replay[-1]) + self.large.busy_cycles
            awake += until - begin + 1
        return awake

    @property
    def outputs(self) -> int:
        """Beats of a forecast."""
        return len(self.cheap.arrivals[0].step)

    def interval_cycles(self, wake: bool) -> int:
        """Return the cycles from window to window when none, or every one, wakes the large one."""
        paces = [self.cheap.pace, self.large.pace] if wake else [self.cheap.pace]
        return max(self.outputs, *(max(self.steps * p.step, p.window) for p in paces))

    @property
    def never(self) -> NetworkTiming:
        """The best case: no window wakes the large network."""
        return self._figures(False, self._alone(False))

    @property
    def always(self) -> NetworkTiming:
        """The worst case, of latency, too: every window wakes the large network."""
        return self._figures(True, self._queued)

    def needed_in_flight(self) -> int:
        """Return the windows that are on their way when all take the same way."""
        ways = ((self._alone(False), False), (self._queued, True))
        return max(-(-stay.cycles // self.interval_cycles(wake)) for stay, wake in ways)

    def hiding_in_flight(self) -> int:
        """Return the windows that come in while a lone one wakes the large network."""
        return -(-self._alone(True).cycles // self.interval_cycles(False))

    def _alone(self, wake: bool) -> "_Stay":
        """What becomes of a window that comes in behind smooth ones."""
        beats, pace = self.beats([wake]), self.cheap.pace
        # Its first beat need not wait where its last one must.
        early = max(pace.window - self.steps * pace.step, 0)
        return _Stay(-early, int(beats.input[0, -1]), beats.output[0].tolist())

    @property
    def _queued(self) -> "_Stay":
        """What becomes of a window that finds as many others before it as there are banks.

        Where the large network is the slower one, a window comes in as soon as one that came
        `banks` windows ago is replayed; else no window finds another one before it.
        """
        interval, pace = self.interval_cycles(True), self.large.pace
        if max(self.steps * pace.step, pace.window) <= self.interval_cycles(False):
            return self._alone(True)
        replay = _window(pace.step, [[0]], pace, self.steps)
        begin = replay[-1] - self.banks * interval + 1
        entered = _window(begin, [], self.cheap.pace, self.steps)
        return _Stay(entered[0], entered[-1], self._output(entered, replay, begin))

    def _figures(self, wake: bool, stay: "_Stay") -> NetworkTiming:
        return NetworkTiming(
            latency_cycles=stay.output[0] - stay.last,
            last_beat_cycles=stay.output[-1] - stay.last,
            window_cycles=self._alone(wake).output[0],
            interval_cycles=self.interval_cycles(wake),
            step_cycles=self.cheap.pace.step,
        )

    def _output(self, entered: list[int], replay: list[int], before: int) -> list[int]:
        """Return when the beats of a forecast leave behind one that has left in cycle `before`."""
        verdict = entered[-1] + JUDGE_CYCLES
        ready = [max(when, verdict) for when in self.cheap.forecast(entered)]
        if replay:
            ready = list(map(max, ready, self.large.forecast(replay)))
        left = []
        for when in ready:
            before = max(before + 1, when + QUEUE_CYCLES)
            left.append(before)
        return left

    def _bank_free(self, cycle: int, judging: int, replayed: list[list[int]]) -> int:
        """Return the first cycle from `cycle` on in which a window finds a bank to be kept in.

        In the cycle `judging` the window before has no verdict yet and counts as one that wakes.
        """
        *before, latest = replayed
        ends = [replay[-1] for replay in before if replay[0] != NEVER]
        if cycle == judging and len(ends) >= self.banks - 1:
            cycle += ends[1 - self.banks] >= cycle
        if latest[0] != NEVER:
            ends.append(latest[-1])
        if len(ends) >= self.banks:
            cycle = max(cycle, ends[-self.banks] + 1)
        return cycle


@dataclass(frozen=True)
class _Stay:
    """When a window's first and last beat come in, and the beats of its forecast leave."""

    first: int
    last: int
    output: list[int]

    @property
    def cycles(self) -> int:
        """From its first beat until its place in flight is free again."""
        return self.output[-1] + 1 - self.first


def _window(begin: int, before: list[list[int]], pace: Pace, steps: int) -> list[int]:
    """Return when the beats of a window enter that begins in the cycle `begin`."""
    beats = [begin + step * pace.step for step in range(steps)]
    if before:
        beats[-1] = max(beats[-1], before[-1][-1] + pace.window)
    return beats
