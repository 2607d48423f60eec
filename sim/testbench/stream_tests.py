"""The tests that cocotb runs on designs of several streams, or in another mode than windows.

Sliding, streaming and interleaved designs, several inputs and outputs: every stream has gaps and
stalls of its own; codes, ``tlast`` and ``tid`` of every beat are compared. The names are those in
`sim.cocotb_runner.STREAM_TESTS`.
"""

import random

import cocotb
import numpy as np
from cocotb.handle import HierarchyObject
from cocotb.triggers import ClockCycles

from hw.network.collisions import predicted_beats
from hw.network.mode import Mode
from sim.beats import InputBeats, arrange, random_order
from sim.layer_cycles import Counts, counted_layers, is_counted
from sim.measure import counted, report, stimuli
from sim.testbench.beat_scoreboard import BeatScoreboard, patience
from sim.testbench.bench import DROP_BITS, PERIOD_NS, high_counts, reset_moments
from sim.testbench.case import Case
from sim.testbench.handles import bit, number
from sim.testbench.stream_bench import StreamBench, StreamMonitor
from sim.testbench.watch import watch_layers

WRONG_SHARE = 0.3
"""Packets that are too short or too long."""

WRONG_WAITS = (0.5, 0.3)
"""Gaps and stalls then; the rest of a long packet may come while the next window begins."""

RESETS = (0.1, 0.5, 0.9, 1.5, 2.3)
"""Moments of resets, in shares of the time that a window takes; `reset_moments` adds others."""


SOME = 48
"""Rows of interleaved series that come in any order; more where there are more series."""

FEW = 8
"""Windows or series after a reset, and at counts of dropped windows that nobody waits for."""


async def exchange(
    bench: StreamBench,
    board: BeatScoreboard,
    arrays: tuple[np.ndarray, ...],
    order: np.ndarray | None = None,
    waits: tuple[float, float] = (0.0, 0.0),
) -> None:
    """Send codes, take the forecasts and compare them."""
    network = bench.case.plain
    beats = arrange(network, arrays, order)
    bench.send(beats.inputs)
    await bench.collect(beats, patience(bench.case, *waits))
    board.compare(bench, beats, network.evaluate(arrays))


async def run_all(dut: HierarchyObject, test: str, gaps: float, stalls: float) -> None:
    """Send all codes of the case; series of an interleaved design in random order, too."""
    case = Case.from_environment()
    bench, board = StreamBench(dut, case, gaps, stalls), BeatScoreboard(case)
    await bench.reset()
    await exchange(bench, board, case.arrays, None, (gaps, stalls))
    series = case.network.input.series
    if series > 1:
        await bench.reset()
        await exchange(bench, board, *_in_any_order(case), (gaps, stalls))
    board.finish(bench, test)


def _in_any_order(case: Case) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Return codes for an interleaved design, and an order in which any series may be next."""
    series = case.network.input.series
    some = case.codes[: max(series, SOME)]
    return (some,), random_order(len(some), some.shape[1], series, case.seed)


def _check_cycles(bench: StreamBench, order: np.ndarray) -> None:
    """Compare every handshake of interleaved series with the closed form in collisions."""
    network = bench.case.plain
    came = bench.lead.cycles
    for number_, monitor in enumerate(bench.outputs):
        accepted, leaves = predicted_beats(network, order % network.input.series, number_)
        for prefix, due, cycles in (
            (bench.lead.prefix, accepted, came),
            (monitor.prefix, leaves, monitor.cycles),
        ):
            late = np.flatnonzero(cycles - came[0] != due)
            assert not len(late), (
                f"beat {late[0]} of {prefix} moved {cycles[late[0]] - came[0]} cycles after the "
                f"first beat came in instead of {due[late[0]]}"
            )


@cocotb.test()
async def streams_back_to_back(dut: HierarchyObject) -> None:
    """No gaps, no stalls: the cycles are counted."""
    case = Case.from_environment()
    bench, board = StreamBench(dut, case), BeatScoreboard(case)
    runs = []
    left = watch_layers(dut, case, PERIOD_NS) if is_counted(case.network) else {}
    layers: Counts = ()
    for sent in stimuli(case.plain):
        await bench.reset()
        await exchange(bench, board, sent.arrays, sent.order)
        if left and not layers:
            layers = counted_layers(case.plain, {n: np.array(c) for n, c in left.items()})
        beats = [monitor.cycles for monitor in bench.outputs]
        runs.append(counted(case.plain, sent.arrays, bench.lead.cycles, beats))
    await bench.reset()
    await exchange(bench, board, case.arrays)
    if case.network.input.series > 1:
        await bench.reset()
        arrays, order = _in_any_order(case)
        await exchange(bench, board, arrays, order)
        _check_cycles(bench, order)
    board.finish(bench, "streams_back_to_back", report(case.plain, runs), layers)


@cocotb.test()
async def streams_random_gaps(dut: HierarchyObject) -> None:
    """Every source pauses at random."""
    await run_all(dut, "streams_random_gaps", 0.4, 0.0)


@cocotb.test()
async def streams_random_stalls(dut: HierarchyObject) -> None:
    """Every sink stalls at random."""
    await run_all(dut, "streams_random_stalls", 0.0, 0.6)


@cocotb.test()
async def streams_gaps_and_stalls(dut: HierarchyObject) -> None:
    """Both, and the sinks stall nearly always."""
    await run_all(dut, "streams_gaps_and_stalls", 0.3, 0.85)


@cocotb.test()
async def streams_long_stall(dut: HierarchyObject) -> None:
    """Sinks that are not ready for long fill the design up to its inputs; nothing is lost.

    First all of them, then each alone: an output's valid must not wait for its own ready, but
    those of others may freeze the design before its beat is there.
    """
    case = Case.from_environment()
    bench, board = StreamBench(dut, case), BeatScoreboard(case)
    everyone = range(len(bench.sinks))
    for blocked in (everyone, *([output] for output in everyone if len(everyone) > 1)):
        for output, sink in enumerate(bench.sinks):
            sink.pause = output in blocked
        await bench.reset()
        await _wait_blocked(bench, [bench.outputs[output] for output in blocked])
        bench.stall(False)
        beats = arrange(case.network, case.arrays)
        await bench.collect(beats, patience(case, 0.0, 0.0))
        board.compare(bench, beats, case.plain.evaluate(case.arrays))
    board.finish(bench, "streams_long_stall")


async def _wait_blocked(bench: StreamBench, blocked: list[StreamMonitor]) -> None:
    """Send everything, and look at outputs that are blocked for long."""
    bench.send(arrange(bench.case.network, bench.case.arrays).inputs)
    timing = bench.case.network.timing
    await ClockCycles(bench.clock, 2 * timing.window_cycles + 6 * timing.interval_cycles)
    assert not any(m.beats for m in blocked), "a beat left although tready is low"
    offered = [number(bit(bench.dut, f"{m.prefix}_tvalid")) for m in blocked]
    # Where several are blocked one of them may freeze the design.
    enough = any(offered) if len(blocked) > 1 else all(offered)
    assert enough, f"tvalid of {[m.prefix for m in blocked]} waits for tready"


@cocotb.test()
async def streams_reset(dut: HierarchyObject) -> None:
    """What a reset cuts short leaves no trace."""
    case = Case.from_environment()
    bench, board = StreamBench(dut, case), BeatScoreboard(case)
    await bench.reset()
    few = tuple(codes[:FEW] for codes in case.arrays)
    for share, cycles in reset_moments(RESETS, random.Random(case.seed)):
        bench.send(arrange(case.network, case.arrays).inputs)
        await ClockCycles(bench.clock, int(share * case.network.timing.window_cycles) + 2)
        await bench.reset(cycles)
        await exchange(bench, board, few if cycles == 1 else case.arrays)
    board.finish(bench, "streams_reset")


@cocotb.test()
async def streams_wrong_tlast(dut: HierarchyObject) -> None:
    """What ``tlast`` closes too early or too late is dropped and counted, and nothing else.

    Packets of a wrong length on any of several inputs drop their window on all. Where series take
    turns only the one with the wrong packet loses a window. A sliding window that was never full
    is lost; in streaming mode ``tlast`` may come at any time.
    """
    case = Case.from_environment()
    rng = np.random.default_rng(case.seed)
    bench, board = StreamBench(dut, case, *WRONG_WAITS), BeatScoreboard(case)
    await bench.reset()
    await _exchange_wrong(bench, board, case.arrays, 0, rng)
    for count in high_counts(random.Random(case.seed), DROP_BITS):
        await bench.reset()
        await bench.drops.begin_at(count)
        few = tuple(codes[:FEW] for codes in case.arrays)
        await _exchange_wrong(bench, board, few, count, rng)
    board.finish(bench, "streams_wrong_tlast")


async def _exchange_wrong(
    bench: StreamBench,
    board: BeatScoreboard,
    arrays: tuple[np.ndarray, ...],
    dropped: int,
    rng: np.random.Generator,
) -> None:
    """Exchange codes with wrong packets among them, after so many windows were `dropped`."""
    case, network = bench.case, bench.case.network
    right = np.ones(len(arrays[0]), dtype=bool)
    sent = arrange(network, arrays).inputs
    wrong = 0
    if network.mode is Mode.WINDOW and network.input.series == 1:
        sent = tuple(_with_wrong_packets(beats, right, rng) for beats in sent)
        wrong = int((~right).sum())
    elif network.mode is not Mode.STREAMING:
        sent, wrong = _with_further_packets(sent, network.look_back, network.mode, rng)
    whole = tuple(codes[right] for codes in arrays)
    beats = arrange(network, whole)
    bench.send(sent)
    await bench.collect(beats, patience(case, *WRONG_WAITS), (dropped + wrong) % (1 << DROP_BITS))
    board.compare(bench, beats, case.plain.evaluate(whole))


def _with_further_packets(
    inputs: tuple[InputBeats, ...], look_back: int, mode: Mode, rng: np.random.Generator
) -> tuple[tuple[InputBeats, ...], int]:
    """Put packets of a wrong length before some of the right ones, of the same series.

    Returns the beats of the one input that such designs have, and how many windows are dropped.
    """
    (beats,) = inputs
    longest = look_back if mode is Mode.SLIDING else 2 * look_back + 2
    lengths = [length for length in range(1, longest) if length != look_back]
    if not lengths:
        return inputs, 0
    order, last, wrong = list[int](), list[int](), 0
    begins = set(range(int(beats.series.max()) + 1))
    for beat, (series, closes) in enumerate(zip(beats.series, beats.last, strict=True)):
        if int(series) in begins:
            begins.remove(int(series))
            while rng.random() < WRONG_SHARE:
                length = int(rng.choice(lengths))
                order += [beat] * length
                last += [0] * (length - 1) + [1]
                wrong += 1
        order.append(beat)
        last.append(int(closes))
        if closes:
            begins.add(int(series))
    marks = np.array(last, dtype=np.uint8)
    return (InputBeats(beats.codes[order], marks, beats.series[order]),), wrong


def _with_wrong_packets(
    beats: InputBeats, right: np.ndarray, rng: np.random.Generator
) -> InputBeats:
    """Shorten or lengthen some packets; `right` is cleared for their windows."""
    packets = np.split(np.arange(len(beats.last)), np.flatnonzero(beats.last)[:-1] + 1)
    rows: list[np.ndarray] = []
    for window, packet in enumerate(packets):
        # The last window is right, so that forecasts come until the end.
        # Where another input's is wrong already, both are often.
        share = WRONG_SHARE / 2 if right[window] else 0.5
        if window < len(packets) - 1 and rng.random() < share:
            right[window] = False
            lengths = [n for n in range(1, 2 * len(packet) + 2) if n != len(packet)]
            rows.append(np.resize(packet, int(rng.choice(lengths))))
        else:
            rows.append(packet)
    order = np.concatenate(rows)
    last = np.zeros(len(order), dtype=np.uint8)
    last[np.cumsum([len(row) for row in rows]) - 1] = 1
    return InputBeats(beats.codes[order], last, beats.series[order])
