"""The test that cocotb runs on the counters behind AXI4-Lite.

The name is among those in `sim.cocotb_runner.CONTROL_TESTS`.
"""

import random
from dataclasses import dataclass, field

import cocotb
from cocotb.handle import HierarchyObject
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
from cocotb.utils import get_sim_time

from hw.control.map import COUNTERS, moved_names, saturation_names
from hw.control.saturation import saturation_watches
from hw.layer.delta.layer import MOVED_INPUTS, MOVED_STATES
from hw.network.graph import Network
from sim.testbench.bench import HIGH, PERIOD_NS, Bench, high_counts
from sim.testbench.case import Case
from sim.testbench.handles import inner
from sim.testbench.host import CLEAR, LATCH, Registers
from sim.testbench.scoreboard import Scoreboard
from sim.testbench.tests import exchange

SNAPSHOTS = 3 * HIGH
COMMANDS = 8
"""Values of the commands that may come in one word: `RESET_STATE`, `LATCH`, `CLEAR`."""


@dataclass(frozen=True)
class Begun:
    """What the counters held before the events of `cycle`; those not named held zero."""

    cycle: int
    held: dict[str, int] = field(default_factory=dict[str, int])


@cocotb.test()
async def counters(dut: HierarchyObject) -> None:
    """Snapshots at any moment hold what the bench has counted up to it.

    Now and then the counters go on from high values, to which no simulation counts.
    """
    case = Case.from_environment()
    bench, scoreboard = Bench(dut, case, 0.3, 0.5), Scoreboard(case)
    host = Registers(bench, 0.5)
    await bench.reset()
    # They count from the first edge without reset on.
    begun = Begun(int(get_sim_time("ns")) // PERIOD_NS + 1)
    windows = list(range(len(case.codes)))
    traffic = cocotb.start_soon(exchange(bench, scoreboard, windows))
    rng = random.Random(case.seed)
    for snapshot in range(SNAPSHOTS):
        await ClockCycles(bench.clock, rng.randrange(1, 60))
        if snapshot % 3 == 1:
            begun = await _begin_high(bench, snapshot // 3)
        clear = CLEAR if snapshot % 3 == 2 else 0
        now = await host.write("control", LATCH | clear)
        await _check_counters(host, bench, begun, now)
        begun = Begun(now) if clear else begun
    await traffic
    await _check_events(host, bench, windows)
    scoreboard.finish(bench, "counters")


def _widths(network: Network) -> dict[str, int]:
    """Return the counters of a design, in the order of the hardware's."""
    wide = [*COUNTERS, *(name for name, _ in moved_names(network))]
    return dict.fromkeys(wide, 64) | {name: 32 for name, _ in saturation_names(network)}


async def _begin_high(bench: Bench, choice: int) -> Begun:
    """Have all counters go on from high values, one of the `HIGH` of `high_counts`."""
    seed, widths = bench.case.seed, _widths(bench.case.plain)
    held = {
        name: high_counts(random.Random(f"{seed} {name}"), width)[choice]
        for name, width in widths.items()
    }
    # The events of this edge are still to be counted.
    await RisingEdge(bench.clock)
    cycle = int(get_sim_time("ns")) // PERIOD_NS
    await FallingEdge(bench.clock)
    for k, count in enumerate(held.values()):
        inner(bench.dut, "control", "counters", f"running{k}").value = count
    return Begun(cycle, held)


async def _check_counters(host: Registers, bench: Bench, begun: Begun, now: int) -> None:
    def between(cycles: list[int]) -> int:
        return sum(begun.cycle <= cycle < now for cycle in cycles)

    counted = {
        "cycles": now - begun.cycle,
        "input_beats": between(bench.handshakes.input_beats),
        "output_beats": between(bench.handshakes.output_beats),
        "stalled_cycles": between(host.stalls),
    }
    assert set(counted) == set(COUNTERS)
    for name, events in counted.items():
        await _check(host, bench, name, begun, events)


async def _check(host: Registers, bench: Bench, name: str, begun: Begun, events: int) -> None:
    width = _widths(bench.case.plain)[name]
    found = await (host.counter(name) if width > 32 else host.read(name))
    expected = (begun.held.get(name, 0) + events) % (1 << width)
    assert found == expected, f"{name} is {found:#x} instead of {expected:#x}"


async def _check_events(host: Registers, bench: Bench, windows: list[int]) -> None:
    """Count what the golden model foresees; high values that nothing is added to stay."""
    case = bench.case
    entering = {**case.trace, case.network.input.name: case.codes}
    watches = saturation_watches(case.plain)
    events = {
        name: watch.reference(entering[watch.source])
        for (name, _), watch in zip(saturation_names(case.plain), watches, strict=True)
    }
    for name, node in moved_names(case.plain):
        moved = (case.trace[f"{node}.{key}"].sum() for key in (MOVED_INPUTS, MOVED_STATES))
        events[name] = int(sum(moved))
    begun = Begun(await host.write("control", CLEAR))
    await exchange(bench, Scoreboard(case), windows)
    await _check_all(host, bench, begun, events)
    for choice in range(HIGH):
        begun = await _begin_high(bench, choice)
        await _check_all(host, bench, begun, dict.fromkeys(events, 0))
    for command in (*range(COMMANDS), LATCH):
        caught = await host.counter("cycles")
        now = await host.write("control", command)
        if command & LATCH:
            await _check_counters(host, bench, begun, now)
        else:
            assert await host.counter("cycles") == caught, f"command {command} caught counters"
        begun = Begun(now) if command & CLEAR else begun


async def _check_all(host: Registers, bench: Bench, begun: Begun, events: dict[str, int]) -> None:
    await _check_counters(host, bench, begun, await host.write("control", LATCH))
    for name, count in events.items():
        await _check(host, bench, name, begun, count)
