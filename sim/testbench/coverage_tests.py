"""The tests that cocotb runs last, on every design: what the random ones need not have met.

Resets in every phase of a window, packets of just the wrong lengths, and gaps and stalls of every
length until `sim.coverage.control` has seen them all. The names are those in
`sim.cocotb_runner.COVERAGE_TESTS`.
"""

import random
from collections.abc import Iterator, Sequence

import cocotb
import numpy as np
from cocotb.handle import HierarchyObject
from cocotb.triggers import ClockCycles, RisingEdge

from hw.network.gated import GatedNetwork
from hw.network.mode import Mode
from sim.beats import Beats, InputBeats, arrange
from sim.coverage.bins import counted, missing
from sim.coverage.control import (
    COMPUTING,
    FULL,
    IDLE,
    PART,
    RESET,
    WAITING,
    after,
    control_bins,
    control_hits,
    places,
)
from sim.testbench.beat_scoreboard import BeatScoreboard, patience
from sim.testbench.case import Case
from sim.testbench.handles import bit, number
from sim.testbench.stream_bench import StreamBench

TRIES = 8
"""Resets that aim at one phase, at most: a fast design may be a beat further when it comes."""

LENGTHS = (0, 0, 1, 1, 2, 3, 5, 9)
"""Of gaps and stalls."""

ROUNDS = 12
"""Times that all windows are sent, at most, until all patterns were met."""


def golden(case: Case, arrays: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Return the golden model's results of every output."""
    if isinstance(case.network, GatedNetwork):
        return (case.network.reference(arrays[0]).outputs,)
    return case.network.evaluate(arrays)


def some(case: Case, turn: int) -> tuple[np.ndarray, ...]:
    """Return a window for each series, others at each turn."""
    rows = (turn + np.arange(case.network.input.series)) % len(case.codes)
    return tuple(array[rows] for array in case.arrays)


async def compare(
    bench: StreamBench,
    board: BeatScoreboard,
    arrays: tuple[np.ndarray, ...],
    sent: tuple[InputBeats, ...] | None = None,
    dropped: int = 0,
) -> None:
    """Send codes, or `sent` that hold them, wait for all forecasts, and compare them."""
    beats = arrange(bench.case.network, arrays)
    bench.send(beats.inputs if sent is None else sent)
    await bench.collect(beats, patience(bench.case, 0.9, 0.9), dropped)
    board.compare(bench, beats, golden(bench.case, arrays))


def still_missing(bench: StreamBench) -> set[tuple[str, str]]:
    """Return the bins that this test has not met."""
    network = bench.case.network
    bins = counted(control_bins(network), control_hits(network, bench.record))
    return {(b.group, b.name) for b in missing(bins)}


@cocotb.test()
async def reset_phases(dut: HierarchyObject) -> None:
    """A reset in every phase of a window leaves no trace in the next one."""
    case = Case.from_environment()
    bench, board = StreamBench(dut, case), BeatScoreboard(case)
    await bench.reset()
    aims = [*(after(place) for place in places(case.network.look_back)), COMPUTING]
    aims += [WAITING, PART, FULL, IDLE]
    turn = 0
    for aim in aims:
        for attempt in range(TRIES):
            if (RESET, aim) not in still_missing(bench):
                break
            await _reach(bench, aim, some(case, turn), attempt)
            bench.stall(False)
            await bench.reset()
            for model in (*bench.sources, *bench.sinks):
                model.clear_pause_generator()
                model.pause = False
            await compare(bench, board, some(case, turn + 1))
            turn += 1
    board.finish(bench, "reset_phases")


async def _reach(
    bench: StreamBench, aim: str, arrays: tuple[np.ndarray, ...], attempt: int
) -> None:
    """Send a window or more, and return in the phase aimed at or beside it."""
    if aim == IDLE:
        return  # the window before was waited for
    network = bench.case.network
    await bench.reset()
    if attempt % 2:
        # Where beats follow fast, the reset comes when one more has moved, but for a pause.
        for index, model in enumerate(bench.sinks if aim == PART else bench.sources):
            model.set_pause_generator(_runs(random.Random(attempt * 100 + index)))
    if aim in {WAITING, FULL}:
        bench.stall(True)
    beats = arrange(network, _filling(bench.case, arrays) if aim == FULL else arrays)
    bench.send(beats.inputs)
    wanted = {after(place): place for place in places(network.look_back)}.get(aim)
    lead = len(beats.inputs[network.inputs.index(network.input)].last)
    # Where a beat comes in every cycle more of them move until the reset is there.
    early = 0 if attempt % 2 else attempt // 2 % 3
    limit = _filling_cycles(bench.case)
    if aim == FULL:
        await ClockCycles(bench.clock, limit)
        return
    valid = [bit(bench.dut, f"{monitor.prefix}_tvalid") for monitor in bench.outputs]
    # Where every beat is a window the last of many comes late.
    for _ in range(limit + max(16, network.worst_timing.interval_cycles) * lead):
        if wanted is not None and len(bench.lead.beats) >= wanted - early:
            return
        if aim == COMPUTING and len(bench.lead.beats) >= lead:
            return
        if aim == WAITING and any(number(pin) for pin in valid):
            await ClockCycles(bench.clock, 2 + attempt)
            return
        if aim == PART and any(monitor.beats for monitor in bench.outputs):
            return
        await RisingEdge(bench.clock)


def _filling(case: Case, arrays: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Return the windows so often that a design whose output is blocked cannot hold them."""
    timing = case.network.timing
    often = 8 + case.network.worst_timing.window_cycles // timing.interval_cycles
    return tuple(np.concatenate([array] * often) for array in arrays)


def _filling_cycles(case: Case) -> int:
    """Return the cycles after which a blocked design takes no beat any more."""
    timing = case.network.worst_timing
    return 2 * timing.window_cycles + 8 * timing.interval_cycles


@cocotb.test()
async def patterns(dut: HierarchyObject) -> None:
    """Packets a beat too short or too long, and all lengths of gaps and stalls at all places."""
    case = Case.from_environment()
    bench, board = StreamBench(dut, case), BeatScoreboard(case)
    await bench.reset()
    arrays = some(case, 0)
    beats = arrange(case.network, arrays)
    sent, dropped = _after_wrong_packets(case, beats)
    await compare(bench, board, arrays, sent, dropped)
    await bench.reset()
    await _fill(bench, board, _filling(case, arrays))
    await bench.reset()
    for index, model in enumerate((*bench.sources, *bench.sinks)):
        model.set_pause_generator(_runs(random.Random(case.seed * 100 + index)))
    for turn in range(ROUNDS):
        wanted = still_missing(bench)
        if not any(group != RESET and "tlast" not in name for group, name in wanted):
            break
        if turn:
            await bench.reset()
        await compare(bench, board, case.arrays)
    board.finish(bench, "patterns")


async def _fill(bench: StreamBench, board: BeatScoreboard, arrays: tuple[np.ndarray, ...]) -> None:
    """Block the outputs until the inputs are, too; nothing is lost."""
    bench.stall(True)
    beats = arrange(bench.case.network, arrays)
    bench.send(beats.inputs)
    await ClockCycles(bench.clock, _filling_cycles(bench.case))
    bench.stall(False)
    await bench.collect(beats, patience(bench.case, 0.0, 0.0))
    board.compare(bench, beats, golden(bench.case, arrays))


def _runs(rng: random.Random) -> Iterator[bool]:
    """Yield for every cycle whether it is paused; pauses and the cycles between are runs."""
    while True:
        yield from [True] * rng.choice(LENGTHS)
        yield from [False] * rng.choice(LENGTHS[2:])


def _after_wrong_packets(case: Case, beats: Beats) -> tuple[tuple[InputBeats, ...], int]:
    """Return the beats behind windows of just the wrong lengths, and how many these are.

    One input at a time gets a wrong packet, the others a right one. Longer ones are no fault of
    a sliding window, and no packet is one where every sample has a forecast.
    """
    network = case.network
    if network.mode is Mode.STREAMING:
        return beats.inputs, 0
    parts: list[list[InputBeats]] = [[] for _ in network.inputs]
    dropped = 0
    firsts = arrange(network, tuple(array[:1] for array in case.arrays)).inputs
    for index, port in enumerate(network.inputs):
        lengths = {1, port.beats - 1, port.beats + 1, 2 * port.beats} - {0, port.beats}
        if network.mode is Mode.SLIDING:
            lengths = {length for length in lengths if length < port.beats}
        for length in sorted(lengths):
            dropped += 1
            for other, packet in enumerate(firsts):
                wrong = length if other == index else network.inputs[other].beats
                parts[other].append(_packet(packet, wrong))
    return tuple(
        _joined([*packets, right]) for packets, right in zip(parts, beats.inputs, strict=True)
    ), dropped


def _packet(beats: InputBeats, length: int) -> InputBeats:
    """Return a packet of so many of the beats, from the first on and again."""
    order = np.resize(np.arange(len(beats.last)), length)
    last = np.zeros(length, dtype=np.uint8)
    last[-1] = 1
    return InputBeats(beats.codes[order], last, beats.series[order])


def _joined(packets: Sequence[InputBeats]) -> InputBeats:
    return InputBeats(
        np.concatenate([packet.codes for packet in packets]),
        np.concatenate([packet.last for packet in packets]),
        np.concatenate([packet.series for packet in packets]),
    )
