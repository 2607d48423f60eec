"""Memories through registers: what the host writes arrives, what it reads is there."""

from dataclasses import dataclass, field

import numpy as np
from amaranth.sim import Simulator

from hw.control.axi_lite import OKAY
from hw.control.map import control_map
from hw.memory_port import Memory
from hw.top.control import Control
from tests.hw.control.master import CHANNELS, Master
from tests.hw.drawing import draw_network
from tests.hw.reloading import made_reloadable

MEMORIES = (
    Memory("both", 11, 40, ""),
    Memory("written", 4, 7, "", readable=False),
    Memory("read", 300, 33, "", writable=False),
)
NETWORK = made_reloadable(draw_network(3, "mlp"))
READ, WRITE = 1 << 30, 1 << 31
BUSY, PENDING, REFUSED = 1, 2, 4
COMMIT = 8


@dataclass
class Behind:
    """The memories behind the ports: slow ones."""

    control: Control
    rng: np.random.Generator
    words: list[list[int]] = field(default_factory=list)
    frozen: bool = False

    def __post_init__(self) -> None:
        self.words = [
            [int(self.rng.integers(1 << memory.width)) for _ in range(memory.words)]
            for memory in MEMORIES
        ]

    async def run(self, ctx) -> None:
        answers: list[tuple[int, int] | None] = []
        while True:
            for number, memory in enumerate(MEMORIES):
                port = getattr(self.control, f"memory{number}")
                ready = not self.frozen and self.rng.random() < 0.3
                ctx.set(port.request.ready, ready)
                ctx.set(port.response.valid, 0)
                ctx.set(port.response.payload, int(self.rng.integers(1 << memory.width)))
                if not (ready and ctx.get(port.request.valid)):
                    continue
                request = port.request.payload
                address = ctx.get(request.address)
                assert address < memory.words
                if ctx.get(request.write):
                    assert memory.writable
                    self.words[number][address] = ctx.get(request.data)
                else:
                    assert memory.readable
                    answers += [None] * int(self.rng.integers(4)) + [(number, address)]
            answer = answers.pop(0) if answers else None
            if answer is not None:
                number, address = answer
                port = getattr(self.control, f"memory{number}")
                ctx.set(port.response.valid, 1)
                ctx.set(port.response.payload, self.words[number][address])
            await ctx.tick()


@dataclass
class Host:
    """Software at the registers."""

    master: Master

    def __post_init__(self) -> None:
        self.map = control_map(NETWORK, MEMORIES)
        self._answers = {"r": 0, "b": 0}

    async def write(self, ctx, name: str, value: int) -> None:
        self.master.write(self.map.offset(name), value)
        self._answers["b"] += 1
        await self.master.answered(ctx, "b", self._answers["b"])
        assert self.master.answers["b"][-1][0] == OKAY

    async def read(self, ctx, name: str) -> int:
        self.master.read(self.map.offset(name))
        self._answers["r"] += 1
        await self.master.answered(ctx, "r", self._answers["r"])
        data, response, _ = self.master.answers["r"][-1]
        assert response == OKAY
        return data

    async def command(self, ctx, select: int, command: int, data: int = 0) -> int:
        """Move one word; return the status once it is through."""
        await self.write(ctx, "memory_select", select)
        await self.write(ctx, "memory_data_low", data & 0xFFFFFFFF)
        await self.write(ctx, "memory_data_high", data >> 32)
        await self.write(ctx, "memory_command", command)
        return await self.settled(ctx)

    async def settled(self, ctx) -> int:
        while (status := await self.read(ctx, "memory_status")) & BUSY:
            pass
        await self.write(ctx, "memory_status", REFUSED)
        return status

    async def result(self, ctx) -> int:
        low = await self.read(ctx, "memory_result_low")
        return low | await self.read(ctx, "memory_result_high") << 32


def run(bench) -> None:
    rng = np.random.default_rng(3)
    control = Control(NETWORK, MEMORIES)
    behind = Behind(control, rng)
    host = Host(Master(control, rng, dict.fromkeys(CHANNELS, 0.2), ("commit",)))
    simulator = Simulator(control)
    simulator.add_clock(1e-6)

    async def host_side(ctx) -> None:
        await bench(ctx, host, behind, rng)

    simulator.add_testbench(host_side)
    simulator.add_testbench(behind.run, background=True)
    simulator.run()


def test_words_arrive_and_what_cannot_be_is_refused() -> None:
    async def bench(ctx, host: Host, behind: Behind, rng: np.random.Generator) -> None:
        refused = 0
        for _ in range(60):
            select = int(rng.integers(len(MEMORIES) + 1))
            address, writes = int(rng.integers(14)), bool(rng.random() < 0.5)
            data, before = int(rng.integers(1 << 40)), [list(words) for words in behind.words]
            command = address | (WRITE if writes else READ)
            status = await host.command(ctx, select, command, data)
            memory = MEMORIES[select] if select < len(MEMORIES) else Memory("none", 0, 1, "")
            allowed = address < memory.words and (memory.writable if writes else memory.readable)
            assert (status & REFUSED == 0) == allowed, f"memory {select} word {address}"
            refused += not allowed
            if allowed and writes:
                before[select][address] = data & ((1 << memory.width) - 1)
            assert behind.words == before
            if allowed and not writes:
                assert await host.result(ctx) == behind.words[select][address]
        assert 10 < refused < 50
        assert await host.command(ctx, 0, READ | WRITE) & REFUSED

    run(bench)


def test_the_bus_answers_while_a_memory_does_not() -> None:
    async def bench(ctx, host: Host, behind: Behind, rng: np.random.Generator) -> None:
        behind.frozen = True
        await host.write(ctx, "memory_data_low", 17)
        await host.write(ctx, "memory_command", WRITE | 3)
        for _ in range(3):
            assert await host.read(ctx, "memory_status") == BUSY
        await host.write(ctx, "memory_data_low", 18)
        await host.write(ctx, "memory_command", WRITE | 4)
        assert await host.read(ctx, "memory_status") == BUSY | REFUSED
        await host.write(ctx, "memory_select", 2)
        await host.write(ctx, "memory_command", READ | 4)
        kept = behind.words[0][4]
        behind.frozen = False
        assert await host.settled(ctx) == REFUSED
        assert (behind.words[0][3], behind.words[0][4]) == (17, kept)
        assert await host.result(ctx) == 0

    run(bench)


def test_a_commit_while_one_is_pending_is_refused() -> None:
    async def bench(ctx, host: Host, behind: Behind, rng: np.random.Generator) -> None:
        await host.write(ctx, "control", COMMIT)
        assert await host.read(ctx, "memory_status") == 0
        ctx.set(behind.control.commit_pending, 1)
        await host.write(ctx, "control", COMMIT)
        assert await host.read(ctx, "memory_status") == PENDING | REFUSED
        assert len(host.master.pulses) == 2

    run(bench)
