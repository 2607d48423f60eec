"""What freezing does to counters and commands, in the whole top."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from amaranth.sim import Simulator

from hw import Activation, FixedPoint, Function, Network, Node, Overflow, Port, Quantizer, Rounding
from hw.control.map import control_map
from hw.control.saturation import saturation_watches
from hw.top.axi import Accelerator
from tests.hw.control.master import CHANNELS, Master

STEPS = 3
RESET_STATE, LATCH = 1, 2
BYTE = FixedPoint(8, 8)


def make_network() -> Network:
    """Return two quantizers in a row, a beat every cycle; the second one saturates."""
    wide, narrow = (
        FixedPoint(bits, bits, True, Rounding.TRN, Overflow.SAT) for bits in (7, 4)
    )
    first = Activation(1, BYTE, Quantizer(Function.LINEAR, wide), STEPS)
    second = Activation(1, wide, Quantizer(Function.LINEAR, narrow), STEPS)
    nodes = (Node("wide", first, ("input",)), Node("narrow", second, ("wide",)))
    return Network("two", (Port("input", 1, BYTE, STEPS),), nodes, ("narrow",))


@dataclass
class Top:
    """An accelerator between a source of beats, a sink that blocks, and a host."""

    rng: np.random.Generator
    ready: float = 1.0
    beats: list[tuple[int, bool]] = field(default_factory=list)
    sent: int = 0
    taken: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.network = make_network()
        self.map = control_map(self.network)
        self.top = Accelerator(self.network, control=True)
        self.master = Master(self.top, self.rng, dict.fromkeys(CHANNELS, 0.0))

    async def _streams(self, ctx) -> None:
        top = self.top
        while True:
            offers = self.sent < len(self.beats)
            value, last = self.beats[self.sent] if offers else (0, False)
            ctx.set(top.s_axis_tvalid, offers)
            ctx.set(top.s_axis_tdata, value & 0xFF)
            ctx.set(top.s_axis_tlast, last)
            ctx.set(top.m_axis_tready, self.rng.random() < self.ready)
            self.sent += bool(offers and ctx.get(top.s_axis_tready))
            if ctx.get(top.m_axis_tvalid) and ctx.get(top.m_axis_tready):
                self.taken.append((ctx.get(top.m_axis_tdata), ctx.get(top.m_axis_tlast)))
            await ctx.tick()

    async def _clock(self, ctx) -> None:
        while True:
            for level in (1, 0):
                await ctx.delay(5e-7)
                ctx.set(self.top.aclk, level)

    async def write(self, ctx, name: str, value: int) -> None:
        self.master.write(self.map.offset(name), value)
        await self.master.answered(ctx, "b", len(self.master.answers["b"]) + 1)

    async def read(self, ctx, name: str) -> int:
        self.master.read(self.map.offset(name))
        await self.master.answered(ctx, "r", len(self.master.answers["r"]) + 1)
        return self.master.answers["r"][-1][0]

    def run(self, bench: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
        async def host(ctx) -> None:
            ctx.set(self.top.aresetn, 1)
            await ctx.tick()
            await bench(ctx)

        simulator = Simulator(self.top)
        simulator.add_process(self._clock)
        simulator.add_testbench(host)
        simulator.add_testbench(self._streams, background=True)
        simulator.run()


def test_a_frozen_beat_saturates_once() -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(-30, 30, 60 * STEPS)
    top = Top(rng, ready=0.3)
    top.beats = [(int(v), (k + 1) % STEPS == 0) for k, v in enumerate(values)]
    (watch,) = (w for w in saturation_watches(top.network) if w.node == "narrow")
    expected = watch.reference(values[:, np.newaxis])

    async def bench(ctx) -> None:
        while len(top.taken) < len(values):
            await ctx.tick()
        await top.write(ctx, "control", LATCH)
        assert await top.read(ctx, "saturated_narrow") == expected

    top.run(bench)
    assert 0.2 < expected / len(values) < 0.9


def test_a_restart_waits_while_the_core_is_frozen() -> None:
    """A window has begun, the output blocks, and the command must still be there afterwards."""
    top = Top(np.random.default_rng(2), ready=0.0)
    top.beats = [(value, value % STEPS == STEPS - 1) for value in range(40 * STEPS)]

    async def bench(ctx) -> None:
        await ctx.tick().repeat(20)
        begun = top.sent
        del top.beats[begun:]
        assert begun % STEPS, "the core froze between two windows: the test shows nothing"
        await top.write(ctx, "control", RESET_STATE)
        await ctx.tick().repeat(20)
        assert await top.read(ctx, "dropped_windows") == 0, "it took effect in a frozen core"
        top.ready = 1.0
        await ctx.tick().repeat(20)
        assert await top.read(ctx, "dropped_windows") == 1
        before = len(top.taken)
        top.beats += [(value, value == STEPS - 1) for value in range(STEPS)]
        await ctx.tick().repeat(20)
        assert top.taken[before:] == [(0, 0), (1, 0), (2, 1)], "the next window is not a new one"
        assert await top.read(ctx, "dropped_windows") == 1

    top.run(bench)
