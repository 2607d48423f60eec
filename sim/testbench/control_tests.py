"""The tests that cocotb runs on an accelerator with registers behind AXI4-Lite.

The names are those in `sim.cocotb_runner.CONTROL_TESTS`. The bus pauses at random on all of its
five channels, while windows go through the design.
"""

import random

import cocotb
from cocotb.handle import HierarchyObject
from cocotb.triggers import ClockCycles, RisingEdge

from hw.control.axi_lite import OKAY, SLVERR
from hw.control.registers import WORD_BYTES
from sim.testbench.bench import DROP_BITS, PERIOD_NS, Bench, high_counts
from sim.testbench.case import Case
from sim.testbench.handles import number, word
from sim.testbench.host import CLEAR, LATCH, RESET_STATE, Registers
from sim.testbench.scoreboard import Scoreboard
from sim.testbench.tests import collect, exchange

STOPS = 12
RESETS = 8
AHEAD = 24
"""Accesses that are on their way at a time."""


@cocotb.test()
async def registers(dut: HierarchyObject) -> None:
    """Constants, errors and byte strobes of every register, while windows go through."""
    case = Case.from_environment()
    bench, scoreboard = Bench(dut, case, 0.2, 0.3), Scoreboard(case)
    host = Registers(bench, 0.5)
    await bench.reset()
    windows = list(range(len(case.codes)))
    traffic = cocotb.start_soon(exchange(bench, scoreboard, windows))
    await host.check_constants()
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


async def _side_by_side(host: Registers, rng: random.Random) -> None:
    """Have many reads and writes on their way, so that each waits for the one before it."""
    here, beyond = host.map.placed, (host.map.size, None)
    placed = [rng.choice(here) if rng.random() < 0.7 else beyond for _ in range(AHEAD)]
    words = [bytes(WORD_BYTES) if one is None else await host.same(one) for _, one in placed]
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
