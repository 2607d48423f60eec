"""The register bank behind AXI4-Lite, against a model in Python, in Amaranth's simulator."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from amaranth.lib.wiring import Out
from amaranth.sim import Simulator

from hw.control.axi_lite import axi_lite_pins
from hw.control.bank import RegisterBank
from hw.control.registers import Access, Register, RegisterMap
from tests.hw.control.drawing import Model, draw_map

CHANNELS = {
    "aw": ("awaddr", "awprot"),
    "w": ("wdata", "wstrb"),
    "b": ("bresp",),
    "ar": ("araddr", "arprot"),
    "r": ("rdata", "rresp"),
}
TO_SLAVE = ("aw", "w", "ar")


@dataclass
class Master:
    """Drives the five channels, each with pauses of its own, and checks the slave's manners."""

    bank: RegisterBank
    rng: np.random.Generator
    pauses: dict[str, float]
    queues: dict[str, deque] = field(default_factory=dict)
    answers: dict[str, list] = field(default_factory=dict)
    pulses: list[tuple[str, int]] = field(default_factory=list)
    cycle: int = 0

    def __post_init__(self) -> None:
        self.queues = {channel: deque() for channel in TO_SLAVE}
        self.answers = {"b": [], "r": []}
        self._held: dict[str, tuple] = {}
        self._offers = dict.fromkeys(CHANNELS, False)
        self._ports = [r.port(f) for r, f in self.bank._map.fields() if f.access is Access.PULSE]

    def pin(self, name: str):
        return getattr(self.bank, f"s_axil_{name}")

    async def step(self, ctx) -> None:
        """Run one cycle."""
        before = self._outputs(ctx)
        for channel in CHANNELS:
            self._drive(ctx, channel)
        assert self._outputs(ctx) == before, "an output follows an input within the cycle"
        for channel, names in CHANNELS.items():
            valid, ready = (ctx.get(self.pin(f"{channel}{end}")) for end in ("valid", "ready"))
            payload = tuple(ctx.get(self.pin(name)) for name in names)
            if channel not in TO_SLAVE:
                held = self._held.pop(channel, payload if valid else None)
                assert held is None or (valid and payload == held), f"{channel} did not hold still"
                if valid and not ready:
                    self._held[channel] = payload
            if valid and ready:
                self._offers[channel] = False
                if channel in TO_SLAVE:
                    self.queues[channel].popleft()
                else:
                    self.answers[channel].append((*payload, self.cycle))
        for name in self._ports:
            if value := ctx.get(self.bank.field(name)):
                self.pulses.append((name, value))
        await ctx.tick()
        self.cycle += 1

    def _drive(self, ctx, channel: str) -> None:
        asks = self._offers[channel] or self.rng.random() >= self.pauses[channel]
        if channel not in TO_SLAVE:
            ctx.set(self.pin(f"{channel}ready"), asks)
            return
        asks = asks and bool(self.queues[channel])
        ctx.set(self.pin(f"{channel}valid"), asks)
        pins = [self.pin(name) for name in CHANNELS[channel]]
        # Without valid there is anything on the wires.
        rubbish = [int(self.rng.integers(1 << len(pin))) for pin in pins]
        for pin, value in zip(pins, self.queues[channel][0] if asks else rubbish, strict=True):
            ctx.set(pin, value)
        self._offers[channel] = asks  # valid stays until ready

    def _outputs(self, ctx) -> list[int]:
        pins = axi_lite_pins(3)
        return [ctx.get(self.pin(name)) for name in pins if pins[name].flow is Out]

    def write(self, address: int, data: int, strobe: int = 15) -> None:
        self.queues["aw"].append((address, int(self.rng.integers(8))))
        self.queues["w"].append((data, strobe))

    def read(self, address: int) -> None:
        self.queues["ar"].append((address, int(self.rng.integers(8))))

    async def answered(self, ctx, channel: str, count: int) -> None:
        """Wait for so many answers, and one cycle more for what a write does."""
        while len(self.answers[channel]) < count:
            assert self.cycle < 20_000, "no answer"
            await self.step(ctx)
        await self.step(ctx)


def simulate(map: RegisterMap, master: Master, bench) -> None:
    simulator = Simulator(master.bank)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def addresses(rng: np.random.Generator, map: RegisterMap) -> Iterator[int]:
    """Draw addresses of bytes, those of registers more often than the holes between."""
    while True:
        if rng.random() < 0.7:
            yield map.placed[int(rng.integers(len(map.placed)))][0] + int(rng.integers(4))
        else:
            yield int(rng.integers(1 << map.address_bits))


@pytest.mark.parametrize("seed", range(4))
def test_accesses_do_what_the_model_does(seed: int) -> None:
    """Any order of the channels, any pauses, any strobes, unmapped and read-only words."""
    rng = np.random.default_rng(seed)
    map = draw_map(rng)
    pauses = {channel: float(rng.choice([0.0, 0.5, 0.9])) for channel in CHANNELS}
    master, model = Master(RegisterBank(map), rng, pauses), Model(map)
    at = addresses(rng, map)

    async def bench(ctx) -> None:
        reads = writes = 0
        for _ in range(80):
            for register, f in map.fields():
                if f.access is Access.READ:
                    value = int(rng.integers(1 << f.width))
                    model.values[register.port(f)] = value
                    ctx.set(master.bank.field(register.port(f)), value)
            if rng.random() < 0.3:
                await set_bits(ctx)
            address = next(at)
            if rng.random() < 0.5:
                master.read(address)
                reads += 1
                await master.answered(ctx, "r", reads)
                assert master.answers["r"][-1][:2] == model.read(address), f"read {address:#x}"
                continue
            data, strobe = int(rng.integers(1 << 32)), int(rng.integers(16))
            master.write(address, data, strobe)
            writes += 1
            master.pulses.clear()
            await master.answered(ctx, "b", writes)
            assert master.answers["b"][-1][0] == model.write(address, data, strobe)
            # One cycle each, all those asked for and no others.
            assert dict(master.pulses) == model.pulses
            assert len(master.pulses) == len(model.pulses)
            for register, f in map.fields():
                if f.access is Access.WRITE:
                    name = register.port(f)
                    assert ctx.get(master.bank.field(name)) == model.values[name]
        await master.step(ctx)

    async def set_bits(ctx) -> None:
        clears = [(r.port(f), f.width) for r, f in map.fields() if f.access is Access.CLEAR]
        drawn = {name: int(rng.integers(1 << width)) for name, width in clears}
        for name, bits in drawn.items():
            ctx.set(master.bank.field(name), bits)
            model.values[name] |= bits
        await master.step(ctx)
        for name in drawn:
            ctx.set(master.bank.field(name), 0)

    simulate(map, master, bench)


@pytest.mark.parametrize("late", [None, *CHANNELS])
def test_queued_accesses_are_answered_in_order_whichever_channel_is_slow(late: str | None) -> None:
    """Reads and writes side by side; without pauses each takes two cycles."""
    rng = np.random.default_rng(1)
    words = tuple(Register.word(f"word{i}", Access.WRITE, "", reset=i) for i in range(8))
    constants = tuple(Register.word(f"c{i}", Access.CONSTANT, "", reset=99 + i) for i in range(9))
    map = RegisterMap("both", "", (*words, *constants))
    master = Master(RegisterBank(map), rng, {c: 0.9 * (c == late) for c in CHANNELS})
    written = [(4 * int(rng.integers(8)), int(rng.integers(1 << 32))) for _ in range(30)]
    # Every third write meets a constant.
    errors = [i % 3 == 2 for i in range(30)]
    read = [int(rng.integers(8, 17)) for _ in range(30)]

    async def bench(ctx) -> None:
        for (address, data), wrong, number in zip(written, errors, read, strict=True):
            master.write(32 if wrong else address, data)
            master.read(4 * number)
        await master.answered(ctx, "b", 30)
        await master.answered(ctx, "r", 30)
        final = {a: d for (a, d), wrong in zip(written, errors, strict=True) if not wrong}
        for address, data in final.items():
            assert ctx.get(master.bank.field(f"word{address // 4}")) == data

    simulate(map, master, bench)
    assert [data for data, _, _ in master.answers["r"]] == [91 + number for number in read]
    assert [response == 2 for response, _ in master.answers["b"]] == errors
    if late is None:
        for answers in master.answers.values():
            assert set(np.diff([answer[-1] for answer in answers])) == {2}


def test_a_write_waits_for_both_channels() -> None:
    map = RegisterMap("one", "", (Register.word("only", Access.WRITE, ""),))
    for first, second in (("aw", "w"), ("w", "aw")):
        master = Master(RegisterBank(map), np.random.default_rng(1), dict.fromkeys(CHANNELS, 0.0))

        async def bench(ctx, master=master, first=first, second=second) -> None:
            master.write(0, 5)
            waits = master.queues[second].popleft()
            for _ in range(9):
                await master.step(ctx)
            assert not master.queues[first], "one channel waits for the other"
            assert not master.answers["b"]
            assert ctx.get(master.bank.field("only")) == 0
            master.queues[second].append(waits)
            await master.answered(ctx, "b", 1)
            assert ctx.get(master.bank.field("only")) == 5

        simulate(map, master, bench)


def test_a_bit_set_while_it_is_cleared_is_set() -> None:
    map = RegisterMap("one", "", (Register.word("sticky", Access.CLEAR, "", width=1),))
    master = Master(RegisterBank(map), np.random.default_rng(1), dict.fromkeys(CHANNELS, 0.0))

    async def bench(ctx) -> None:
        ctx.set(master.bank.field("sticky"), 1)
        master.write(0, 1)
        await master.answered(ctx, "b", 1)
        ctx.set(master.bank.field("sticky"), 0)
        master.read(0)
        await master.answered(ctx, "r", 1)
        assert master.answers["r"][0][0] == 1

    simulate(map, master, bench)
