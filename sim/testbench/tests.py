"""The tests that cocotb runs on an accelerator.

Every test sends windows of the case and compares the forecasts with the golden model, integer by
integer. The names are those in `sim.cocotb_runner.TESTS`.
"""

import random

import cocotb
import numpy as np
from cocotb.handle import HierarchyObject
from cocotb.triggers import ClockCycles, SimTimeoutError, with_timeout

from hw.network.gated import GatedNetwork
from hw.network.graph import Network
from sim.layer_cycles import Counts, counted_layers, is_counted
from sim.measure import counted, cycle_report, gated_report
from sim.testbench.bench import DROP_BITS, PERIOD_NS, Bench, high_counts, reset_moments
from sim.testbench.case import Case
from sim.testbench.handles import bit, number, word
from sim.testbench.scoreboard import LayerWatch, Scoreboard
from sim.testbench.watch import watch_layers
from sim.verification import CycleReport

RESETS = (0.1, 0.5, 0.9)
"""Moments of resets, in shares of the time that a window takes; `reset_moments` adds others."""

WRONG_WINDOWS = 12
"""Windows with a wrong ``tlast``, drawn between the right ones."""


async def exchange(bench: Bench, scoreboard: Scoreboard, windows: list[int]) -> None:
    """Send windows back to back, take and compare their forecasts; no other one may come."""
    for window in windows:
        bench.send(window)
    await collect(bench, scoreboard, windows)


async def collect(bench: Bench, scoreboard: Scoreboard, windows: list[int]) -> None:
    """Take and compare the forecasts of `windows`; no other one may come."""
    for count, window in enumerate(windows):
        try:
            forecast = await with_timeout(bench.receive(), bench.patience_ns, "ns")
        except SimTimeoutError:
            first = "" if scoreboard.first is None else f"; before that, {scoreboard.first}"
            raise AssertionError(
                f"only {count} of {len(windows)} forecasts came, then none for "
                f"{bench.patience_ns // PERIOD_NS} cycles{first}"
            ) from None
        scoreboard.compare(window, forecast)
    await bench.settle()
    assert bench.sink.empty(), f"more than the {len(windows)} forecasts of the windows sent came"


async def run_all(dut: HierarchyObject, test: str, gaps: float = 0.0, stalls: float = 0.0) -> None:
    """Send all windows of the case."""
    case = Case.from_environment()
    bench, scoreboard = Bench(dut, case, gaps, stalls), Scoreboard(case)
    await bench.reset()
    windows = list(range(len(case.codes)))
    if case.locate and isinstance(case.network, Network):
        scoreboard.layers = LayerWatch(bench, windows)
    if gaps or stalls:
        await exchange(bench, scoreboard, windows)
        scoreboard.finish(bench, test)
        return
    left = watch_layers(dut, case, PERIOD_NS) if is_counted(case.network) else {}
    await exchange(bench, scoreboard, windows)
    layers: Counts = ()
    if left:
        layers = counted_layers(case.plain, {name: np.array(c) for name, c in left.items()})
    scoreboard.finish(bench, test, _cycles(bench, case), layers)


def _cycles(bench: Bench, case: Case) -> CycleReport:
    """Return what the handshakes of a run without gaps and stalls tell."""
    windows = len(case.codes)
    beats = np.array(bench.handshakes.input_beats)
    forecasts = np.array(bench.handshakes.output_beats)
    if isinstance(case.network, GatedNetwork):
        shape = windows, -1
        return gated_report(
            case.network, case.codes, beats.reshape(shape), forecasts.reshape(shape)
        )
    taken = counted(case.network, case.arrays, beats, [forecasts])
    return cycle_report(
        case.network, taken.input_beats.reshape(windows, -1), taken.beats[0].reshape(windows, -1)
    )


@cocotb.test()
async def back_to_back(dut: HierarchyObject) -> None:
    """No gaps, no stalls: the cycles are counted."""
    await run_all(dut, "back_to_back")


@cocotb.test()
async def random_gaps(dut: HierarchyObject) -> None:
    """The source pauses at random."""
    await run_all(dut, "random_gaps", gaps=0.4)


@cocotb.test()
async def random_stalls(dut: HierarchyObject) -> None:
    """The sink stalls at random."""
    await run_all(dut, "random_stalls", stalls=0.6)


@cocotb.test()
async def gaps_and_stalls(dut: HierarchyObject) -> None:
    """Both, and the sink stalls nearly always."""
    await run_all(dut, "gaps_and_stalls", gaps=0.3, stalls=0.9)


@cocotb.test()
async def long_stall(dut: HierarchyObject) -> None:
    """A sink that is not ready for long fills the design up to its input; nothing is lost.

    ``m_axis_tvalid`` must not wait for ``m_axis_tready``.
    """
    case = Case.from_environment()
    bench, scoreboard = Bench(dut, case), Scoreboard(case)
    bench.stall(True)
    await bench.reset()
    windows = list(range(len(case.codes)))[:6]
    for window in windows:
        bench.send(window)
    timing = case.network.worst_timing
    await ClockCycles(bench.clock, timing.window_cycles + len(windows) * timing.interval_cycles)
    assert number(bit(dut, "m_axis_tvalid")), "m_axis_tvalid waits for m_axis_tready"
    assert not bench.handshakes.output_beats, "a forecast left although m_axis_tready is low"
    bench.stall(False)
    await collect(bench, scoreboard, windows)
    scoreboard.finish(bench, "long_stall")


@cocotb.test()
async def reset_in_mid_window(dut: HierarchyObject) -> None:
    """A window cut by reset leaves no trace in the next ones."""
    case = Case.from_environment()
    bench, scoreboard = Bench(dut, case), Scoreboard(case)
    await bench.reset()
    rng = random.Random(case.seed)
    for share, cycles in reset_moments(RESETS, rng):
        for window in range(4):
            bench.send(window % len(case.codes))
        await ClockCycles(bench.clock, int(share * case.network.worst_timing.window_cycles) + 2)
        await bench.reset(cycles)
        bench.source.clear()
        while not bench.sink.empty():
            await bench.sink.recv()
        await exchange(bench, scoreboard, list(range(len(case.codes)))[:3])
    scoreboard.finish(bench, "reset_in_mid_window")


@cocotb.test()
async def wrong_tlast(dut: HierarchyObject) -> None:
    """Windows closed too early or too late are dropped and counted; the next ones are whole."""
    case = Case.from_environment()
    bench, scoreboard = Bench(dut, case, gaps=0.2, stalls=0.3), Scoreboard(case)
    await bench.reset()
    rng, beats, windows = random.Random(case.seed), case.network.look_back, []
    lengths = [length for length in range(1, 2 * beats + 2) if length != beats]
    for wrong in range(WRONG_WINDOWS):
        length = rng.choice(lengths)
        bench.send(0, beats=length, extra=max(length - beats, 0))
        # Wrong ones follow right ones, and each other.
        if wrong % 3:
            windows.append(wrong % len(case.codes))
            bench.send(windows[-1])
    await collect(bench, scoreboard, windows)
    counted = number(word(dut, "dropped_windows"))
    assert counted == WRONG_WINDOWS, (
        f"{counted} windows counted as dropped, {WRONG_WINDOWS} were wrong"
    )
    for count in high_counts(rng, DROP_BITS):
        await bench.drops.begin_at(count)
        bench.send(0, beats=lengths[0], extra=max(lengths[0] - beats, 0))
        await exchange(bench, scoreboard, [0])
        counted = number(word(dut, "dropped_windows"))
        assert counted == (count + 1) % (1 << DROP_BITS), f"{counted} dropped after {count}"
    scoreboard.finish(bench, "wrong_tlast")
