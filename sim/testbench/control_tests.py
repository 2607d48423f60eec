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
from hw.control.map import COUNTERS, moved_names, saturation_names
from hw.control.registers import WORD_BYTES, Access, Register
from hw.control.saturation import saturation_watches
from hw.layer.delta.layer import MOVED_INPUTS, MOVED_STATES
from hw.network.storage import design_fingerprint
from sim.testbench.bench import PERIOD_NS, Bench, pauses
from sim.testbench.case import Case
from sim.testbench.handles import bit, number, word
from sim.testbench.scoreboard import Scoreboard
from sim.testbench.tests import collect, exchange

with warnings.catch_warnings():
    # cocotbext-axi 0.1.28 uses names that cocotb 2.1 has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from cocotbext.axi import AxiLiteBus, AxiLiteMaster

LATCH, CLEAR, RESET_STATE = 1 << 1, 1 << 2, 1 << 0
SNAPSHOTS = 8
STOPS = 12
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
        rng = random.Random(bench.case.seed)
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
        offset = self.map.offset(name)
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
    scoreboard.finish(bench, "registers")


async def _check_register(host: Registers, offset: int, register: Register) -> None:
    kinds = {field.access for field in register.fields}
    if kinds == {Access.CONSTANT}:
        constant = sum(field.reset << field.lsb for field in register.fields)
        assert await host.read(register.name) == constant, register.name
    answer = await host.write_at(offset, await _same(host, register))
    assert answer.resp == (OKAY if register.writable else SLVERR), register.name


async def _same(host: Registers, register: Register) -> bytes:
    """Return what a write may hold without changing anything: pulses read as zero."""
    return (await host.read(register.name)).to_bytes(WORD_BYTES, "little")


@cocotb.test()
async def counters(dut: HierarchyObject) -> None:
    """Snapshots at any moment hold what the bench has counted up to it."""
    case = Case.from_environment()
    bench, scoreboard = Bench(dut, case, 0.3, 0.5), Scoreboard(case)
    host = Registers(bench, 0.5)
    await bench.reset()
    start = await host.write("control", CLEAR)
    windows = list(range(len(case.codes)))
    traffic = cocotb.start_soon(exchange(bench, scoreboard, windows))
    rng = random.Random(case.seed)
    for snapshot in range(SNAPSHOTS):
        await ClockCycles(bench.clock, rng.randrange(1, 60))
        clear = CLEAR if snapshot % 3 == 2 else 0
        now = await host.write("control", LATCH | clear)
        await _check_counters(host, bench, start, now)
        start = now if clear else start
    await traffic
    await _check_saturations(host, bench, windows)
    scoreboard.finish(bench, "counters")


async def _check_counters(host: Registers, bench: Bench, start: int, now: int) -> None:
    def between(cycles: list[int]) -> int:
        return sum(start <= cycle < now for cycle in cycles)

    counted = {
        "cycles": now - start,
        "input_beats": between(bench.handshakes.input_beats),
        "output_beats": between(bench.handshakes.output_beats),
        "stalled_cycles": between(host.stalls),
    }
    assert set(counted) == set(COUNTERS)
    for name, expected in counted.items():
        found = await host.counter(name)
        assert found == expected, f"{name} is {found}, the bench counted {expected}"


async def _check_saturations(host: Registers, bench: Bench, windows: list[int]) -> None:
    """Count from the beginning, and compare with the golden model."""
    case = bench.case
    start = await host.write("control", CLEAR)
    await exchange(bench, Scoreboard(case), windows)
    await _check_counters(host, bench, start, await host.write("control", LATCH))
    entering = {**case.trace, case.network.input.name: case.codes}
    watches = saturation_watches(case.plain)
    names = saturation_names(case.plain)
    for (name, node), watch in zip(names, watches, strict=True):
        found, expected = await host.read(name), watch.reference(entering[watch.source])
        assert found == expected, f"{node}: {found} beats saturated, {expected} should have"
    for name, node in moved_names(case.plain):
        found = await host.counter(name)
        expected = sum(case.trace[f"{node}.{key}"].sum() for key in (MOVED_INPUTS, MOVED_STATES))
        assert found == expected, f"{node}: {found} values moved, {expected} should have"


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
    dropped = 0
    for stop in range(STOPS):
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
        await host.write("control", RESET_STATE)
        await host.write("enable", 1)
        inside = 0 < taken - sent < beats
        dropped += 2 * inside
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
    assert await host.read("dropped_windows") == dropped + 2 * bool(part)


async def _taken(bench: Bench, beats: int) -> None:
    """Wait until so many input beats are accepted."""
    for _ in range(bench.patience_ns // PERIOD_NS):
        if len(bench.handshakes.input_beats) == beats:
            return
        await RisingEdge(bench.clock)
    raise AssertionError(f"{len(bench.handshakes.input_beats)} of {beats} beats were accepted")
