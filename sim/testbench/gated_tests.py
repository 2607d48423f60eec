"""The tests that cocotb runs on two networks behind a gate, with registers behind AXI4-Lite.

The names are among those in `sim.cocotb_runner.GATED_TESTS`.
"""

import random

import cocotb
import numpy as np
from cocotb.handle import HierarchyObject
from cocotb.triggers import ClockCycles, RisingEdge
from cocotb.utils import get_sim_time

from hw.control.gated_map import gated_saturation_names
from hw.control.saturation import saturation_watches
from hw.network.gated import GatedNetwork
from sim.testbench.bench import PERIOD_NS, Bench
from sim.testbench.case import Case
from sim.testbench.handles import bit, number
from sim.testbench.host import CLEAR, LATCH, Registers
from sim.testbench.scoreboard import Scoreboard
from sim.testbench.tests import collect, exchange

CHANGES = 40
"""Windows before each of which the threshold may change at any moment."""

LIMIT_TAKEN = 1
"""Cycles after a window's first beat in which its threshold is taken over."""


@cocotb.test()
async def gated_counters(dut: HierarchyObject) -> None:
    """Windows, wakes, products skipped and cycles awake of a run that begins and ends at rest."""
    case = Case.from_environment()
    gated = _gated(case)
    bench, scoreboard = Bench(dut, case, 0.3, 0.5), Scoreboard(case)
    host = Registers(bench, 0.3)
    await bench.reset()
    awake: list[int] = []
    cocotb.start_soon(_watch_awake(bench, awake))
    windows = list(range(len(case.codes)))
    await host.write("control", CLEAR)
    await exchange(bench, scoreboard, windows)
    await host.write("control", LATCH)
    wakes = gated.wakes(case.codes)
    assert 0 < wakes.sum() < len(wakes), "the case wants windows of both kinds"
    expected = {
        "windows": len(windows),
        "wakes": int(wakes.sum()),
        "awake_cycles": len(awake),
        "products_skipped": int((~wakes).sum()) * gated.products[1],
    }
    for name, count in expected.items():
        found = await host.counter(name)
        assert found == count, f"{name}: {found}, counted were {count}"
    for part, count in zip(("cheap", "large"), gated.products, strict=True):
        assert await host.read(f"{part}_products") == count, part
    for (name, node), count in zip(
        gated_saturation_names(gated), _saturations(gated, case.codes, wakes), strict=True
    ):
        found = await host.read(name)
        assert found == count, f"{node}: {found} beats saturated, {count} should have"
    scoreboard.finish(bench, "gated_counters")


@cocotb.test()
async def threshold_changes(dut: HierarchyObject) -> None:
    """Every window is judged by the threshold that was there when it began, by no other one."""
    case = Case.from_environment()
    gated = _gated(case)
    bench, scoreboard = Bench(dut, case, 0.4, 0.4), Scoreboard(case)
    host = Registers(bench, 0.3)
    await bench.reset()
    rng = random.Random(case.seed)
    roughness = gated.roughness(case.codes)
    choices = [0, *{int(r) + d for r in roughness for d in (0, 1)}, 1 << gated.input_format.width]
    windows = [n % len(case.codes) for n in range(CHANGES)]
    for window in windows:
        bench.send(window)
    changes = [(0, gated.threshold)]
    while len(bench.handshakes.input_beats) < len(windows) * gated.look_back:
        await ClockCycles(
            bench.clock, rng.randrange(1, 3 * gated.gated_timing.never.interval_cycles)
        )
        threshold = rng.choice(choices)
        changes.append((await host.write("threshold", threshold), threshold))
    begun = np.array(bench.handshakes.input_beats)[:: gated.look_back] + LIMIT_TAKEN
    cycles, thresholds = map(np.array, zip(*changes, strict=True))
    judged_by = thresholds[np.searchsorted(cycles, begun, side="right") - 1]
    expected = gated.reference(case.codes[windows], judged_by)
    inside = [begin < cycle <= begin + gated.look_back for cycle in cycles[1:] for begin in begun]
    assert any(inside), "no change fell into a window"
    for want in (False, True):
        assert (expected.wakes == want).any(), "the case wants windows of both kinds"
    scoreboard.expected = expected.outputs
    await collect(bench, scoreboard, list(range(len(windows))))
    scoreboard.finish(bench, "threshold_changes")


async def _watch_awake(bench: Bench, cycles: list[int]) -> None:
    """Note the cycles in which the clock of the large network is enabled."""
    awake = bit(bench.dut, "awake")
    while True:
        await RisingEdge(bench.clock)
        if number(awake):
            cycles.append(int(get_sim_time("ns")) // PERIOD_NS)


def _saturations(gated: GatedNetwork, codes: np.ndarray, wakes: np.ndarray) -> list[int]:
    """Return the counts that both networks' quantizers should have."""
    counts = []
    for network, seen in ((gated.cheap, codes), (gated.large, codes[wakes])):
        trace: dict[str, np.ndarray] = {network.input.name: seen}
        network.reference(seen, trace)
        counts += [w.reference(trace[w.source]) for w in saturation_watches(network)]
    return counts


def _gated(case: Case) -> GatedNetwork:
    assert isinstance(case.network, GatedNetwork), f"{case.network.name} has no gate"
    return case.network
