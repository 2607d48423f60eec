"""Runs a block in Amaranth's simulator and notes what leaves it, and when."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from hw.block import Spec
from hw.stream import Port


@dataclass(frozen=True)
class Trace:
    """Beats that left a block: int64 codes ``(beats, channels)``, their cycles and tags."""

    codes: np.ndarray
    cycles: np.ndarray
    first: np.ndarray
    last: np.ndarray


Beat = tuple[list[int], bool, bool]
"""Codes, and whether it is the first and the last of its window."""


def beats_of(codes: np.ndarray, port: Port, most: int) -> list[Beat]:
    """Return the beats of windows ``(N, [T,] C)``, repeated up to `most` in a window."""
    rows = codes.reshape(-1, port.channels).tolist()
    beats = [(r, k % port.beats == 0, (k + 1) % port.beats == 0) for k, r in enumerate(rows)]
    return [beat for beat in beats for _ in range(most // port.beats)]


def offer(ctx, stream, beat: Beat | None) -> None:
    """Set the wires of one input for one cycle."""
    ctx.set(stream.valid, beat is not None)
    if beat is None:
        # What lies on the wires without valid must not matter.
        ctx.set(stream.payload.as_value(), -1)
        return
    row, first, last = beat
    for channel, code in enumerate(row):
        ctx.set(stream.payload.data[channel], code)
    ctx.set(stream.payload.tag.first, first)
    ctx.set(stream.payload.tag.last, last)


def run_block(
    spec: Spec, codes: np.ndarray | Sequence[np.ndarray], cycles_of_beats: np.ndarray
) -> Trace:
    """Feed the beats of `codes` in the given cycles (ascending) and collect the output.

    A block with several inputs takes one array for each; what comes once a window is repeated
    with every beat of the others, as a join does it.
    """
    arrays = [codes] if isinstance(codes, np.ndarray) else list(codes)
    most = max(port.beats for port in spec.inputs)
    beats = [beats_of(array, port, most) for port, array in zip(spec.inputs, arrays, strict=True)]
    trace = run_beats(spec, beats, cycles_of_beats)
    period, count = spec.outputs[0].beats, np.arange(len(trace.first))
    assert (trace.first == (count % period == 0)).all(), "a beat's first flag is wrong"
    assert (trace.last == ((count + 1) % period == 0)).all(), "a beat's last flag is wrong"
    return trace


def run_beats(
    spec: Spec, beats_of_inputs: Sequence[Sequence[Beat]], cycles_of_beats: np.ndarray
) -> Trace:
    """Feed the beats of every input in the given cycles (ascending) and collect the output."""
    block = spec.build()
    fed = {
        port.name: dict(zip(cycles_of_beats.tolist(), beats, strict=True))
        for port, beats in zip(spec.inputs, beats_of_inputs, strict=True)
    }
    result = spec.outputs[0]
    taken: list[list[int]] = []
    flags: list[tuple[bool, bool]] = []
    cycles: list[int] = []
    emission = spec.timing.emission
    end = int(cycles_of_beats[-1]) + spec.timing.latency_cycles + 2
    end += max(emission.delay) if emission is not None else 0

    async def bench(ctx) -> None:
        for cycle in range(end + 1):
            for name, beats in fed.items():
                offer(ctx, getattr(block, name), beats.get(cycle))
            if ctx.get(block.o.valid):
                data, tag = block.o.payload.data, block.o.payload.tag
                taken.append([ctx.get(data[c]) for c in range(result.channels)])
                flags.append((bool(ctx.get(tag.first)), bool(ctx.get(tag.last))))
                cycles.append(cycle)
            await ctx.tick()

    top = Module()
    top.domains.sync = ClockDomain()
    top.submodules.block = block
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    first, last = np.array(flags, dtype=bool).reshape(-1, 2).T
    return Trace(np.array(taken, dtype=np.int64), np.array(cycles), first, last)
