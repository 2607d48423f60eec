"""The tests that cocotb runs on an accelerator.

Every test sends windows of the case and compares the forecasts with the golden model, integer by
integer. The names are those in `sim.cocotb_runner.TESTS`.
"""

import cocotb
import numpy as np
from cocotb.handle import HierarchyObject
from cocotb.triggers import ClockCycles, with_timeout

from sim.measure import cycle_report
from sim.testbench.bench import Bench
from sim.testbench.case import Case
from sim.testbench.handles import number, word
from sim.testbench.scoreboard import LayerWatch, Scoreboard


async def exchange(bench: Bench, scoreboard: Scoreboard, windows: list[int]) -> None:
    """Send windows back to back, take and compare their forecasts; no other one may come."""
    if bench.case.locate:
        scoreboard.layers = LayerWatch(bench, windows)
    for window in windows:
        bench.send(window)
    for window in windows:
        forecast = await with_timeout(bench.receive(), bench.patience_ns, "ns")
        scoreboard.compare(window, forecast)
    await bench.settle()
    assert bench.sink.empty(), "a forecast more than windows were sent"


async def run_all(dut: HierarchyObject, test: str, gaps: float = 0.0, stalls: float = 0.0) -> None:
    """Send all windows of the case."""
    case = Case.from_environment()
    bench, scoreboard = Bench(dut, case, gaps, stalls), Scoreboard(case)
    await bench.reset()
    windows = list(range(len(case.codes)))
    await exchange(bench, scoreboard, windows)
    cycles = None
    if not gaps and not stalls:
        beats = np.array(bench.handshakes.input_beats).reshape(len(windows), -1)
        cycles = cycle_report(beats, np.array(bench.handshakes.output_beats))
    scoreboard.finish(test, cycles)


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
async def reset_in_mid_window(dut: HierarchyObject) -> None:
    """A window cut by reset leaves no trace in the next ones."""
    case = Case.from_environment()
    bench, scoreboard = Bench(dut, case), Scoreboard(case)
    await bench.reset()
    bench.send(0)
    timing = case.network.timing
    await ClockCycles(bench.clock, max(timing.window_cycles // 2, 2))
    await bench.reset()
    bench.source.clear()
    while not bench.sink.empty():
        await bench.sink.recv()
    await exchange(bench, scoreboard, list(range(len(case.codes)))[:3])
    scoreboard.finish("reset_in_mid_window")


@cocotb.test()
async def wrong_tlast(dut: HierarchyObject) -> None:
    """Windows closed too early or too late are dropped and counted; the next ones are whole."""
    case = Case.from_environment()
    bench, scoreboard = Bench(dut, case), Scoreboard(case)
    await bench.reset()
    dropped = 1
    bench.send(0, extra=2)
    if case.network.look_back > 1:
        bench.send(0, beats=case.network.look_back - 1)
        dropped += 1
    await exchange(bench, scoreboard, list(range(len(case.codes)))[:3])
    counted = number(word(dut, "dropped_windows"))
    assert counted == dropped, f"{counted} windows counted as dropped, {dropped} were wrong"
    scoreboard.finish("wrong_tlast")
