"""The tests that cocotb runs on registers of designs of several streams, or in another mode.

The names are those in `sim.cocotb_runner.STREAM_CONTROL_TESTS`. The bus pauses at random, and so do
all streams, while beats go through the design.
"""

import random

import cocotb
import numpy as np
from cocotb.handle import HierarchyObject
from cocotb.triggers import ClockCycles
from cocotb.utils import get_sim_time

from hw.control.map import moved_names, saturation_names
from hw.control.saturation import saturation_watches
from hw.layer.delta.layer import MOVED_INPUTS, MOVED_STATES
from hw.network.design import Design
from hw.network.mode import Mode
from sim.beats import arrange
from sim.testbench.beat_scoreboard import BeatScoreboard, patience
from sim.testbench.bench import PERIOD_NS
from sim.testbench.case import Case
from sim.testbench.host import CLEAR, LATCH, RESET_STATE, Registers
from sim.testbench.stream_bench import StreamBench
from sim.testbench.stream_tests import FEW, exchange

WAITS = (0.2, 0.4)
"""Gaps and stalls of every stream."""

PAUSED = 0.3
"""Of the cycles on each channel of the bus."""

SNAPSHOTS = 12
STOPS = 6


@cocotb.test()
async def stream_registers(dut: HierarchyObject) -> None:
    """Constants and errors of every register, while beats go through."""
    case = Case.from_environment()
    bench, board = StreamBench(dut, case, *WAITS), BeatScoreboard(case)
    host = Registers(bench, PAUSED)
    await bench.reset()
    traffic = cocotb.start_soon(exchange(bench, board, case.arrays, None, WAITS))
    await host.check_constants()
    await traffic
    board.finish(bench, "stream_registers")


@cocotb.test()
async def stream_counters(dut: HierarchyObject) -> None:
    """Snapshots at any moment hold what the bench has counted and the golden model foresees."""
    case = Case.from_environment()
    bench, board = StreamBench(dut, case, *WAITS), BeatScoreboard(case)
    host = Registers(bench, PAUSED)
    rng = random.Random(case.seed)
    await bench.reset()
    begun = first = _cycle() + 1
    traffic = cocotb.start_soon(exchange(bench, board, case.arrays, None, WAITS))
    for snapshot in range(SNAPSHOTS):
        await ClockCycles(bench.clock, rng.randrange(1, 80))
        clear = CLEAR if snapshot % 3 == 2 else 0
        now = await host.write("control", LATCH | clear)
        await _check_counters(host, bench, begun, now)
        begun = now if clear else begun
    await traffic
    assert begun > first, "no snapshot has cleared the counters"
    await bench.reset()
    await exchange(bench, board, case.arrays, None, WAITS)
    await host.write("control", LATCH)
    await _check_events(host, case)
    board.finish(bench, "stream_counters")


def _cycle() -> int:
    return int(get_sim_time("ns")) // PERIOD_NS


async def _check_counters(host: Registers, bench: StreamBench, begun: int, now: int) -> None:
    """Compare a snapshot of cycle `now` of counters that began in `begun`."""

    def between(cycles: np.ndarray) -> int:
        return int(((begun <= cycles) & (cycles < now)).sum())

    counted = {
        "cycles": now - begun,
        "input_beats": between(bench.lead.cycles),
        "output_beats": between(bench.outputs[0].cycles),
        "stalled_cycles": between(np.array(host.stalls, dtype=np.int64)),
    }
    for name, events in counted.items():
        found = await host.counter(name)
        assert found == events, f"{name} is {found} instead of {events}"


async def _check_events(host: Registers, case: Case) -> None:
    """Compare the counters of saturated beats and of moved values with the golden model."""
    inputs = {
        port.name: windows_of(case.network, codes)
        for port, codes in zip(case.network.inputs, case.arrays, strict=True)
    }
    entering = {**case.trace, **inputs}
    for (name, _), watch in zip(
        saturation_names(case.plain), saturation_watches(case.plain), strict=True
    ):
        found, wanted = await host.read(name), watch.reference(entering[watch.source])
        assert found == wanted, f"{name} is {found} instead of {wanted}"
    for name, node in moved_names(case.plain):
        wanted = sum(int(case.trace[f"{node}.{key}"].sum()) for key in (MOVED_INPUTS, MOVED_STATES))
        found = await host.counter(name)
        assert found == wanted, f"{name} is {found} instead of {wanted}"


def windows_of(network: Design, codes: np.ndarray) -> np.ndarray:
    """Return the beats that a design's layers are given: a sliding one sends every window whole."""
    if network.mode is not Mode.SLIDING:
        return codes
    windows = np.lib.stride_tricks.sliding_window_view(codes, network.look_back, axis=1)
    return np.moveaxis(windows, -1, -2)


@cocotb.test()
async def stream_reset_state(dut: HierarchyObject) -> None:
    """``reset_state`` in the middle of series that stream: each goes on as if it began there."""
    case = Case.from_environment()
    bench, board = StreamBench(dut, case, *WAITS), BeatScoreboard(case)
    host = Registers(bench, PAUSED)
    rng = random.Random(case.seed)
    few = tuple(codes[: max(FEW, case.network.input.series)] for codes in case.arrays)
    beats = arrange(case.network, few)
    span = len(beats.inputs[0].last) * case.network.timing.interval_cycles
    inside = 0
    for _ in range(STOPS):
        await bench.reset()
        bench.send(beats.inputs)
        await ClockCycles(bench.clock, rng.randrange(1, 2 * span))
        await host.write("enable", 0)
        taken = len(bench.lead.beats)
        await ClockCycles(bench.clock, 5)
        assert len(bench.lead.beats) == taken, "a beat was accepted while disabled"
        # Other commands in the same word change nothing.
        await host.write("control", RESET_STATE | rng.choice((0, LATCH, CLEAR, LATCH | CLEAR)))
        await host.write("enable", 1)
        await bench.collect(beats, patience(case, *WAITS))
        board.compare(bench, beats, _parted(case, few, beats.outputs[0].places[:taken, 0]))
        inside += 0 < taken < len(beats.inputs[0].last)
    assert inside, "no reset_state came in the middle of the series"
    board.finish(bench, "stream_reset_state")


def _parted(
    case: Case, arrays: tuple[np.ndarray, ...], before: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Return the golden results of series that begin anew behind the beats of the rows `before`."""
    rows = []
    for row, first in enumerate(np.bincount(before, minlength=len(arrays[0])).tolist()):
        whole = tuple(codes[row : row + 1] for codes in arrays)
        parts = [tuple(c[:, :first] for c in whole), tuple(c[:, first:] for c in whole)]
        found = [case.plain.evaluate(part) for part in parts if part[0].shape[1]]
        rows.append([np.concatenate(results, axis=1) for results in zip(*found, strict=True)])
    return tuple(np.concatenate(results) for results in zip(*rows, strict=True))
