"""The register bank behind AXI4-Lite, against a model in Python, in Amaranth's simulator."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from amaranth.back import verilog
from amaranth.sim import Simulator

from hw.control.bank import RegisterBank
from hw.control.registers import Access, Register, RegisterMap
from tests.hw.control.drawing import Model, draw_map
from tests.hw.control.master import CHANNELS, Master


def simulate(master: Master, bench) -> None:
    simulator = Simulator(master.slave)
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
    bank, model = RegisterBank(map), Model(map)
    pulses = tuple(r.port(f) for r, f in map.fields() if f.access is Access.PULSE)
    master = Master(bank, rng, pauses, pulses)
    at = addresses(rng, map)

    async def bench(ctx) -> None:
        reads = writes = 0
        for _ in range(80):
            for register, f in map.fields():
                if f.access is Access.READ:
                    value = int(rng.integers(1 << f.width))
                    model.values[register.port(f)] = value
                    ctx.set(bank.field(register.port(f)), value)
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
                    assert ctx.get(bank.field(name)) == model.values[name]
        await master.step(ctx)

    async def set_bits(ctx) -> None:
        clears = [(r.port(f), f.width) for r, f in map.fields() if f.access is Access.CLEAR]
        drawn = {name: int(rng.integers(1 << width)) for name, width in clears}
        for name, bits in drawn.items():
            ctx.set(bank.field(name), bits)
            model.values[name] |= bits
        await master.step(ctx)
        for name in drawn:
            ctx.set(bank.field(name), 0)

    simulate(master, bench)


@pytest.mark.parametrize("late", [None, *CHANNELS])
def test_queued_accesses_are_answered_in_order_whichever_channel_is_slow(late: str | None) -> None:
    """Reads and writes side by side; without pauses each takes two cycles."""
    rng = np.random.default_rng(1)
    words = tuple(Register.word(f"word{i}", Access.WRITE, "", reset=i) for i in range(8))
    constants = tuple(Register.word(f"c{i}", Access.CONSTANT, "", reset=99 + i) for i in range(9))
    map = RegisterMap("both", "", (*words, *constants))
    bank = RegisterBank(map)
    master = Master(bank, rng, {c: 0.9 * (c == late) for c in CHANNELS})
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
            assert ctx.get(bank.field(f"word{address // 4}")) == data

    simulate(master, bench)
    assert [data for data, _, _ in master.answers["r"]] == [91 + number for number in read]
    assert [response == 2 for response, _ in master.answers["b"]] == errors
    if late is None:
        for answers in master.answers.values():
            assert set(np.diff([answer[-1] for answer in answers])) == {2}


def test_a_write_waits_for_both_channels() -> None:
    map = RegisterMap("one", "", (Register.word("only", Access.WRITE, ""),))
    for first, second in (("aw", "w"), ("w", "aw")):
        bank = RegisterBank(map)
        master = Master(bank, np.random.default_rng(1), dict.fromkeys(CHANNELS, 0.0))

        async def bench(ctx, bank=bank, master=master, first=first, second=second) -> None:
            master.write(0, 5)
            waits = master.queues[second].popleft()
            for _ in range(9):
                await master.step(ctx)
            assert not master.queues[first], "one channel waits for the other"
            assert not master.answers["b"]
            assert ctx.get(bank.field("only")) == 0
            master.queues[second].append(waits)
            await master.answered(ctx, "b", 1)
            assert ctx.get(bank.field("only")) == 5

        simulate(master, bench)


@pytest.mark.parametrize("moment", range(7))
def test_a_bit_set_while_it_is_cleared_is_set(moment: int) -> None:
    map = RegisterMap("one", "", (Register.word("sticky", Access.CLEAR, "", width=1),))
    bank = RegisterBank(map)
    master = Master(bank, np.random.default_rng(1), dict.fromkeys(CHANNELS, 0.0))

    async def bench(ctx) -> None:
        master.write(0, 1)
        for cycle in range(9):
            ctx.set(bank.field("sticky"), cycle == moment)
            await master.step(ctx)
        # The write takes effect in the cycle before its response.
        written = master.answers["b"][0][-1] - 1
        assert 0 < written < 6
        master.read(0)
        await master.answered(ctx, "r", 1)
        assert master.answers["r"][0][0] == (moment >= written)

    simulate(master, bench)


def test_a_map_without_holes_is_valid_verilog() -> None:
    """Every address has its register: there is no case in which a read is an error."""
    words = tuple(Register.word(f"word{i}", Access.WRITE, "") for i in range(8))
    text = verilog.convert(RegisterBank(RegisterMap("full", "", words)), emit_src=False)
    lines = [line.strip() for line in text.splitlines()]
    for attribute, following in pairwise(lines):
        assert attribute != "(* full_case = 32'd1 *)" or following.startswith(("case", "if"))
