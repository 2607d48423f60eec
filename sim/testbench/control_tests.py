"""The tests that cocotb runs on an accelerator with registers behind AXI4-Lite.

The names are those in `sim.cocotb_runner.CONTROL_TESTS`. The bus pauses at random on all of its
five channels, while windows go through the design.
"""

import random
import warnings
from collections.abc import Coroutine
from typing import Any

import cocotb
from cocotb.handle import HierarchyObject
from cocotb.triggers import ClockCycles, RisingEdge, SimTimeoutError, with_timeout
from cocotb.utils import get_sim_time

from hw.control.axi_lite import OKAY, SLVERR
from hw.control.design_map import design_map
from hw.control.registers import WORD_BITS, WORD_BYTES, Access, Register
from hw.network.storage import design_fingerprint
from sim.testbench.bench import DROP_BITS, PERIOD_NS, Bench, high_counts, pauses
from sim.testbench.case import Case
from sim.testbench.handles import bit, number, word
from sim.testbench.scoreboard import Scoreboard
from sim.testbench.tests import collect, exchange

with warnings.catch_warnings():
    # cocotbext-axi 0.1.28 uses names that cocotb 2.1 has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from cocotbext.axi import AxiLiteBus, AxiLiteMaster

LATCH, CLEAR, RESET_STATE = 1 << 1, 1 << 2, 1 << 0
STOPS = 12
RESETS = 8
AHEAD = 24
"""Accesses that are on their way at a time."""
ANSWER_CYCLES = 500
"""In which a register answers, whatever pauses the bus makes."""


class Registers:
    """A host at the registers of a bench's design.

    Parameters
    ----------
    bench
        Whose design it is.
    paused
        Probability of a paused cycle on each channel of the bus.
    """

    def __init__(self, bench: Bench, paused: float = 0.0) -> None:
        self._bench = bench
        self.map = design_map(bench.case.network)
        bus = AxiLiteBus.from_prefix(bench.dut, "s_axil")
        # The library's annotations leave out what it returns.
        self.master: Any = AxiLiteMaster(
            bus, bench.clock, bench.reset_pin, reset_active_level=False
        )
        writes, reads = self.master.write_if, self.master.read_if
        self._rng = rng = random.Random(bench.case.seed)
        for channel in (
            writes.aw_channel,
            writes.w_channel,
            writes.b_channel,
            reads.ar_channel,
            reads.r_channel,
        ):
            if paused:
                channel.set_pause_generator(pauses(rng, paused))
        self.written: list[int] = []
        self.stalls: list[int] = []
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        """Note the cycles in which writes take effect, and those in which forecasts wait."""
        dut = self._bench.dut
        answers = bit(dut, "s_axil_bvalid")
        valid, ready = bit(dut, "m_axis_tvalid"), bit(dut, "m_axis_tready")
        before = 0
        while True:
            await RisingEdge(self._bench.clock)
            cycle = int(get_sim_time("ns")) // PERIOD_NS
            now = number(answers)
            if now and not before:
                self.written.append(cycle)
            before = now
            if number(valid) and not number(ready):
                self.stalls.append(cycle)

    async def read_at(self, offset: int) -> Any:
        """Read the word at an address; return the bus's answer, whatever it is."""
        return await self._answered("read", offset, self.master.read(offset, WORD_BYTES))

    async def write_at(self, offset: int, data: bytes) -> Any:
        """Write bytes; return the bus's answer, whatever it is."""
        return await self._answered("write", offset, self.master.write(offset, data))

    async def _answered(self, kind: str, offset: int, access: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await with_timeout(access, ANSWER_CYCLES * PERIOD_NS, "ns")
        except SimTimeoutError:
            raise AssertionError(
                f"no answer to the {kind} of {offset:#x} in {ANSWER_CYCLES} cycles"
            ) from None

    async def read(self, name: str) -> int:
        """Return the word of a register."""
        answer = await self.read_at(self.map.offset(name))
        assert answer.resp == OKAY, f"{name} cannot be read: {answer.resp}"
        return int.from_bytes(answer.data, "little")

    async def write(self, name: str, value: int) -> int:
        """Write the word of a register; return the cycle in which it takes effect."""
        offset, register = next(at for at in self.map.placed if at[1].name == name)
        known = sum(field.mask for field in register.fields)
        # Bits that belong to no field mean nothing.
        value |= self._rng.getrandbits(WORD_BITS) & ~known
        answer = await self.write_at(offset, value.to_bytes(WORD_BYTES, "little"))
        assert answer.resp == OKAY, f"{name} cannot be written: {answer.resp}"
        return self.written[-1]

    async def counter(self, name: str) -> int:
        """Return the snapshot of a counter of 64 bits."""
        return await self.read(f"{name}_low") | await self.read(f"{name}_high") << 32


@cocotb.test()
async def registers(dut: HierarchyObject) -> None:
    """Constants, errors and byte strobes of every register, while windows go through."""
    case = Case.from_environment()
    bench, scoreboard = Bench(dut, case, 0.2, 0.3), Scoreboard(case)
    host = Registers(bench, 0.5)
    await bench.reset()
    windows = list(range(len(case.codes)))
    traffic = cocotb.start_soon(exchange(bench, scoreboard, windows))
    digits = [f"{await host.read(f'network_hash{i}'):08x}" for i in range(4)]
    assert "".join(digits) == design_fingerprint(case.network)[:32]
    for offset, register in host.map.placed:
        await _check_register(host, offset, register)
    for offset in range(host.map.size, 1 << host.map.address_bits, WORD_BYTES):
        assert (await host.read_at(offset)).resp == SLVERR
        assert (await host.write_at(offset, bytes(WORD_BYTES))).resp == SLVERR
    # Only the lowest byte of `enable` holds its bit.
    for byte, enabled in ((1, 1), (3, 1), (0, 0), (1, 0)):
        await host.write_at(host.map.offset("enable") + byte, bytes(1))
        assert await host.read("enable") == enabled, f"byte {byte} of enable"
    await host.write("enable", 1)
    await traffic
    await _side_by_side(host, random.Random(case.seed))
    await _overtaken(host, random.Random(case.seed))
    for count in high_counts(random.Random(case.seed), DROP_BITS):
        await bench.drops.begin_at(count)
        assert await host.read("dropped_windows") == count
    await _reset_in_mid_access(host, bench, random.Random(case.seed))
    scoreboard.finish(bench, "registers")


async def _check_register(host: Registers, offset: int, register: Register) -> None:
    kinds = {field.access for field in register.fields}
    if kinds == {Access.CONSTANT}:
        constant = sum(field.reset << field.lsb for field in register.fields)
        assert await host.read(register.name) == constant, register.name
    answer = await host.write_at(offset, await _same(host, register))
    assert answer.resp == (OKAY if register.writable else SLVERR), register.name


async def _side_by_side(host: Registers, rng: random.Random) -> None:
    """Have many reads and writes on their way, so that each waits for the one before it."""
    here, beyond = host.map.placed, (host.map.size, None)
    placed = [rng.choice(here) if rng.random() < 0.7 else beyond for _ in range(AHEAD)]
    words = [bytes(WORD_BYTES) if one is None else await _same(host, one) for _, one in placed]
    # Counters stand still: only what `control.latch` has caught is read.
    reads = [cocotb.start_soon(host.read_at(offset)) for offset, _ in placed]
    writes = [
        cocotb.start_soon(host.write_at(offset, data))
        for (offset, _), data in zip(placed, words, strict=True)
    ]
    for (offset, one), data, read, write in zip(placed, words, reads, writes, strict=True):
        answer = await read
        assert (answer.resp, bytes(answer.data)) == (SLVERR if one is None else OKAY, data), (
            f"{offset:#x} reads {answer.data.hex()}, and {data.hex()} alone"
        )
        right = one is not None and one.writable
        assert (await write).resp == (OKAY if right else SLVERR), f"write of {offset:#x}"


async def _overtaken(host: Registers, rng: random.Random) -> None:
    """Have the data of a write wait for its address, while other data that counts nowhere waits."""
    offset = host.map.offset("enable")
    for _ in range(AHEAD):
        enabled = rng.randrange(2)
        other = bytes(WORD_BYTES) if enabled else b"\xff" * WORD_BYTES
        first = cocotb.start_soon(host.write_at(offset, enabled.to_bytes(WORD_BYTES, "little")))
        second = cocotb.start_soon(host.write_at(host.map.size, other))
        assert ((await first).resp, (await second).resp) == (OKAY, SLVERR)
        assert await host.read("enable") == enabled, "a write took the data of the one behind it"
    await host.write("enable", 1)


async def _reset_in_mid_access(host: Registers, bench: Bench, rng: random.Random) -> None:
    """What a reset cuts short is never answered, and registers are as at the beginning."""
    enable, last = host.map.offset("enable"), host.map.placed[-1][0]
    for _ in range(RESETS):
        cut = [
            cocotb.start_soon(access)
            for access in (
                host.write_at(enable, bytes(WORD_BYTES)),
                host.read_at(enable),
                host.write_at(host.map.size, bytes(WORD_BYTES)),
                host.read_at(last),
            )
        ]
        await ClockCycles(bench.clock, rng.randrange(1, 12))
        await bench.reset()
        for access in cut:
            await access
        assert await host.read("enable") == 1, "enable is not what it is after a reset"
        assert await host.read("dropped_windows") == 0
        await host.write("enable", 1)


async def _same(host: Registers, register: Register) -> bytes:
    """Return what a write may hold without changing anything: pulses read as zero."""
    return (await host.read(register.name)).to_bytes(WORD_BYTES, "little")


@cocotb.test()
async def reset_state(dut: HierarchyObject) -> None:
    """``reset_state`` between windows changes nothing; inside, the window is dropped.

    The source goes on with the rest of that window, which is too short and dropped, too.
    """
    case = Case.from_environment()
    bench, scoreboard = Bench(dut, case, 0.2, 0.5), Scoreboard(case)
    host = Registers(bench, 0.3)
    await bench.reset()
    rng, beats = random.Random(case.seed), case.network.look_back
    dropped, high = 0, high_counts(rng, DROP_BITS)
    for stop in range(STOPS):
        if stop % 4 == 0:
            dropped = high[stop // 4]
            await bench.drops.begin_at(dropped)
        window = stop % len(case.codes)
        sent = len(bench.handshakes.input_beats)
        bench.send(window)
        await ClockCycles(
            bench.clock, rng.randrange(1, 3 * case.network.worst_timing.window_cycles)
        )
        await host.write("enable", 0)
        taken = len(bench.handshakes.input_beats)
        await ClockCycles(bench.clock, 5)
        assert len(bench.handshakes.input_beats) == taken, "a beat was accepted while disabled"
        # Other commands in the same word change nothing.
        await host.write("control", RESET_STATE | rng.choice((0, LATCH, CLEAR, LATCH | CLEAR)))
        await host.write("enable", 1)
        inside = 0 < taken - sent < beats
        dropped = (dropped + 2 * inside) % (1 << DROP_BITS)
        await collect(bench, scoreboard, [] if inside else [window])
        await _taken(bench, sent + beats)
        await exchange(bench, scoreboard, [window])
        assert await host.read("dropped_windows") == dropped
        assert number(word(dut, "dropped_windows")) == dropped
    await _reset_while_frozen(host, bench, scoreboard, dropped)
    scoreboard.finish(bench, "reset_state")


async def _reset_while_frozen(
    host: Registers, bench: Bench, scoreboard: Scoreboard, dropped: int
) -> None:
    """The command waits until the output moves again."""
    timing, beats = bench.case.network.worst_timing, bench.case.network.look_back
    bench.sink.clear_pause_generator()
    bench.stall(True)
    # More than the output's buffer, the pipeline and the entry hold.
    count = 6 + timing.window_cycles // timing.interval_cycles
    sent, windows = len(bench.handshakes.input_beats), [n % 2 for n in range(count)]
    for window in windows:
        bench.send(window)
    await ClockCycles(bench.clock, timing.window_cycles + count * timing.interval_cycles)
    whole, part = divmod(len(bench.handshakes.input_beats) - sent, beats)
    assert whole < len(windows), "a blocked output did not stop the input"
    await host.write("control", RESET_STATE)
    await ClockCycles(bench.clock, 5)
    bench.stall(False)
    if part:
        del windows[whole]
    await collect(bench, scoreboard, windows)
    assert await host.read("dropped_windows") == (dropped + 2 * bool(part)) % (1 << DROP_BITS)


async def _taken(bench: Bench, beats: int) -> None:
    """Wait until so many input beats are accepted."""
    for _ in range(bench.patience_ns // PERIOD_NS):
        if len(bench.handshakes.input_beats) == beats:
            return
        await RisingEdge(bench.clock)
    raise AssertionError(f"{len(bench.handshakes.input_beats)} of {beats} beats were accepted")
