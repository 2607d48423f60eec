"""A restart of the entry, in every mode, at any moment: what comes in later begins anew."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from hw import Dense, FixedPoint, Network, Node, Port
from hw.network.mode import Mode
from hw.top.entry import Entry
from hw.top.make_entry import make_entry

BYTE = FixedPoint(8, 8)
CYCLES = 4000


@dataclass(frozen=True)
class Beat:
    series: int
    value: int
    last: bool


RESTART = None

Window = tuple[int, bool, tuple[int, ...]]
"""Series, whether it began with ``first``, and values."""


@dataclass
class Series:
    """The rules of one series, in Python."""

    mode: Mode
    steps: int
    values: list[int] = field(default_factory=list)
    dropping: bool = False
    running: bool = False
    dropped: int = 0

    def take(self, beat: Beat) -> Window | None:
        """Return the window that a beat completes."""
        if self.mode is Mode.STREAMING:
            first, self.running = not self.running, not beat.last
            return beat.series, first, (beat.value,)
        if self.dropping:
            self.dropping = not beat.last
            return None
        self.values.append(beat.value)
        whole = len(self.values) >= self.steps
        if (beat.last and not whole) or (whole and not beat.last and self.mode is Mode.WINDOW):
            self.dropped += 1
            self.dropping = not beat.last
            self.values = []
            return None
        window = tuple(self.values[-self.steps :])
        if beat.last:
            self.values = []
        return (beat.series, True, window) if whole else None

    def restart(self) -> None:
        self.dropped += 0 < len(self.values) < self.steps
        self.values, self.dropping, self.running = [], False, False


def expected(
    events: Iterable[Beat | None], mode: Mode, series: int, steps: int
) -> tuple[list[Window], int]:
    """Return the whole windows and the number of those dropped."""
    rules = [Series(mode, steps) for _ in range(series)]
    windows = []
    for event in events:
        if event is RESTART:
            for rule in rules:
                rule.restart()
        elif (window := rules[event.series].take(event)) is not None:
            windows.append(window)
    return windows, sum(rule.dropped for rule in rules)


def make_network(mode: Mode, series: int, steps: int) -> Network:
    one = np.ones((1, 1), dtype=np.int64)
    slow = Dense(one, 0 * one[0], BYTE, BYTE, BYTE, 3, steps, series)
    port = Port("input", 1, BYTE, steps, series)
    return Network("slow", (port,), (Node("slow", slow, ("input",)),), ("slow",), mode=mode)


@dataclass
class Bench:
    """Drives an entry with random beats and restarts, and notes what leaves it."""

    entry: Entry
    mode: Mode
    rng: np.random.Generator
    events: list[Beat | None] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    dropped: int = 0

    def __post_init__(self) -> None:
        self._position: dict[int, int] = {}
        self._parts: dict[int, tuple[bool, list[int]]] = {}

    def draw(self) -> Beat:
        number = int(self.rng.integers(self.entry.port.series))
        position = self._position.get(number, 0) + 1
        last = bool(self.rng.random() < 0.1)
        if self.mode is Mode.WINDOW:
            # Mostly where it belongs, or hardly a window would be whole.
            last = (position % self.entry.port.beats == 0) != bool(self.rng.random() < 0.03)
        self._position[number] = 0 if last else position
        return Beat(number, int(self.rng.integers(-128, 128)), last)

    def note(self, ctx) -> None:
        payload = self.entry.o.payload
        number = ctx.get(payload.tag.series) if self.entry.port.series > 1 else 0
        if ctx.get(payload.tag.first):
            self._parts[number] = True, []
        begun, values = self._parts.pop(number, (False, []))
        values.append(ctx.get(payload.data[0]))
        if ctx.get(payload.tag.last):
            self.windows.append((number, begun, tuple(values)))
        else:
            self._parts[number] = begun, values

    async def run(self, ctx) -> None:
        entry, beat, offered, restarting = self.entry, self.draw(), False, False
        for cycle in range(CYCLES):
            quiet = cycle > CYCLES - 50
            offered = not quiet and (offered or self.rng.random() < 0.7)
            restarting = restarting or (not quiet and self.rng.random() < 0.03)
            ctx.set(entry.restart, restarting)
            ctx.set(entry.tvalid, offered)
            ctx.set(entry.tdata, beat.value & 0xFF)
            ctx.set(entry.tid, beat.series)
            ctx.set(entry.tlast, beat.last)
            if ctx.get(entry.o.valid):
                self.note(ctx)
            if offered and ctx.get(entry.tready):
                assert not restarting, "a beat was let in during a restart"
                self.events.append(beat)
                beat, offered = self.draw(), False
            if ctx.get(entry.restarted):
                assert restarting
                self.events.append(RESTART)
                self._position, restarting = {}, False
                beat = self.draw()
            await ctx.tick()
        self.dropped = ctx.get(entry.dropped_windows)


@pytest.mark.parametrize(
    ("mode", "series", "steps"),
    [
        (Mode.WINDOW, 1, 4),
        (Mode.SLIDING, 1, 4),
        (Mode.STREAMING, 1, 1),
        (Mode.WINDOW, 5, 3),
        (Mode.STREAMING, 6, 1),
    ],
)
def test_what_comes_after_a_restart_begins_anew(mode: Mode, series: int, steps: int) -> None:
    entry = make_entry(make_network(mode, series, steps))
    # As if layers behind took long for a window and for a series, so that beats are held back.
    entry.pace = replace(entry.pace, window=8, series=10 if series > 1 else 1)
    bench = Bench(entry, mode, np.random.default_rng(series))
    simulator = Simulator(entry)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench.run)
    simulator.run()
    right, lost = expected(bench.events, mode, series, steps)
    assert len(right) > 80
    assert bench.events.count(RESTART) > 20
    assert bench.windows == right
    assert bench.dropped == lost
    assert lost > 0 or mode is Mode.STREAMING


def test_a_reset_counts_no_window() -> None:
    """After a reset every series is cleared, as after a restart, but that is nobody's loss."""
    entry = make_entry(make_network(Mode.WINDOW, 5, 3))
    top = Module()
    top.domains.sync = domain = ClockDomain()
    top.submodules.entry = entry

    async def bench(ctx) -> None:
        await ctx.tick().repeat(10)
        ctx.set(entry.tvalid, 1)
        for _ in range(20):
            taken = ctx.get(entry.tready)
            await ctx.tick()
            if taken:
                ctx.set(entry.tid, (ctx.get(entry.tid) + 1) % 5)
        ctx.set(entry.tvalid, 0)
        ctx.set(domain.rst, 1)
        await ctx.tick()
        ctx.set(domain.rst, 0)
        await ctx.tick().repeat(20)
        assert ctx.get(entry.dropped_windows) == 0

    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
