"""An accelerator with registers, in Amaranth's simulator: streams on both sides, and a host."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from amaranth.sim import Simulator

from hw import Network
from hw.control.axi_lite import OKAY
from hw.control.map import control_map, host_memories
from hw.top.axi import Accelerator
from hw.top.entry import padded_width
from tests.hw.control.master import CHANNELS, Master

BUSY, REFUSED = 1, 4
READ, WRITE = 1 << 30, 1 << 31

Beat = tuple[list[int], bool, int]
"""Codes, ``tlast`` and ``tid``."""


@dataclass
class Top:
    """A source of `beats`, a sink that is ready now and then, and a host.

    Parameters
    ----------
    network
        The design.
    rng
        Of all that is random.
    ready
        Probability of a cycle in which the sink takes a beat.
    """

    network: Network
    rng: np.random.Generator
    ready: float = 1.0
    beats: list[Beat] = field(default_factory=list)
    sent: int = 0
    taken: list[Beat] = field(default_factory=list)
    background: list[Callable[[Any], Coroutine[Any, Any, None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.map = control_map(self.network, host_memories(self.network))
        self.top = Accelerator(self.network, control=True)
        self.master = Master(self.top, self.rng, dict.fromkeys(CHANNELS, 0.0))

    async def _streams(self, ctx) -> None:
        top, series = self.top, self.network.input.series > 1
        width = padded_width(self.network.input)
        while True:
            offers = self.sent < len(self.beats)
            row, last, number = self.beats[self.sent] if offers else ([], False, 0)
            word = sum((c & ((1 << width) - 1)) << (width * i) for i, c in enumerate(row))
            ctx.set(top.s_axis_tvalid, offers)
            ctx.set(top.s_axis_tdata, word)
            ctx.set(top.s_axis_tlast, last)
            if series:
                ctx.set(top.s_axis_tid, number)
            ctx.set(top.m_axis_tready, self.rng.random() < self.ready)
            self.sent += bool(offers and ctx.get(top.s_axis_tready))
            if ctx.get(top.m_axis_tvalid) and ctx.get(top.m_axis_tready):
                number = ctx.get(top.m_axis_tid) if series else 0
                beat = self._codes(ctx.get(top.m_axis_tdata))
                self.taken.append((beat, bool(ctx.get(top.m_axis_tlast)), number))
            await ctx.tick()

    def _codes(self, word: int) -> list[int]:
        port = self.network.output
        width = padded_width(port)
        sign = 1 << (width - 1) if port.format.signed else 0
        raw = [word >> (width * c) & ((1 << width) - 1) for c in range(port.channels)]
        return [(code ^ sign) - sign for code in raw]

    async def _clock(self, ctx) -> None:
        while True:
            for level in (1, 0):
                await ctx.delay(5e-7)
                ctx.set(self.top.aclk, level)

    async def write(self, ctx, name: str, value: int) -> None:
        """Write a register."""
        self.master.write(self.map.offset(name), value)
        await self.master.answered(ctx, "b", len(self.master.answers["b"]) + 1)
        assert self.master.answers["b"][-1][0] == OKAY

    async def read(self, ctx, name: str) -> int:
        """Read a register."""
        self.master.read(self.map.offset(name))
        await self.master.answered(ctx, "r", len(self.master.answers["r"]) + 1)
        assert self.master.answers["r"][-1][1] == OKAY
        return self.master.answers["r"][-1][0]

    async def move(self, ctx, name: str, address: int, data: int | None = None) -> int:
        """Write a word of the memory called `name`, or read it where there is no `data`."""
        number = [memory.name for memory in self.map.memories].index(name)
        await self.write(ctx, "memory_select", number)
        if data is not None:
            await self.write(ctx, "memory_data_low", data)
        await self.write(ctx, "memory_command", address | (READ if data is None else WRITE))
        while (status := await self.read(ctx, "memory_status")) & BUSY:
            pass
        assert not status & REFUSED
        return await self.read(ctx, "memory_result_low") if data is None else data

    def run(self, commands: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
        """Run until `commands`, the host's, are done."""

        async def host(ctx) -> None:
            ctx.set(self.top.aresetn, 1)
            await ctx.tick()
            await commands(ctx)

        simulator = Simulator(self.top)
        simulator.add_process(self._clock)
        simulator.add_testbench(host)
        for bench in (*self.background, self._streams):
            simulator.add_testbench(bench, background=True)
        simulator.run()
