"""Runs a block in Amaranth's simulator and notes what leaves it, and when."""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from hw.block import Spec
from hw.network.schedule import emission
from hw.stream import Port


@dataclass(frozen=True)
class Trace:
    """Beats that left a block: int64 codes ``(beats, channels)``, their cycles and tags."""

    codes: np.ndarray
    cycles: np.ndarray
    first: np.ndarray
    last: np.ndarray


Beat = tuple[list[int], bool, bool]
"""Codes, and whether they begin and end a window."""


def beats_of(codes: np.ndarray, port: Port) -> list[Beat]:
    """Return the beats of windows ``(N, [T,] C)`` with their first and last flags."""
    steps = port.steps or 1
    rows = codes.reshape(-1, port.channels).tolist()
    return [(row, i % steps == 0, i % steps == steps - 1) for i, row in enumerate(rows)]


def run_block(spec: Spec, codes: np.ndarray | list[Beat], cycles_of_beats: np.ndarray) -> Trace:
    """Feed beats, or all beats of windows, in the given cycles (ascending); collect the output."""
    block = spec.build()
    source, result = spec.inputs[0], spec.outputs[0]
    given = beats_of(codes, source) if isinstance(codes, np.ndarray) else codes
    beats = dict(zip(cycles_of_beats.tolist(), given, strict=True))
    taken: list[list[int]] = []
    cycles: list[int] = []
    tags: list[tuple[int, int]] = []
    late = emission(spec.timing, source, result).delay[-1]
    end = int(cycles_of_beats[-1]) + spec.timing.latency_cycles + late + 2

    async def bench(ctx) -> None:
        for cycle in range(end + 1):
            beat = beats.get(cycle)
            ctx.set(block.i.valid, beat is not None)
            if beat is not None:
                row, first, last = beat
                for channel, code in enumerate(row):
                    ctx.set(block.i.payload.data[channel], code)
                ctx.set(block.i.payload.tag.first, first)
                ctx.set(block.i.payload.tag.last, last)
            else:
                # What lies on the wires without valid must not matter.
                ctx.set(block.i.payload.as_value(), -1)
            if ctx.get(block.o.valid):
                data = block.o.payload.data
                taken.append([ctx.get(data[c]) for c in range(result.channels)])
                cycles.append(cycle)
                tag = block.o.payload.tag
                tags.append((ctx.get(tag.first), ctx.get(tag.last)))
            await ctx.tick()

    top = Module()
    top.domains.sync = ClockDomain()
    top.submodules.block = block
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    first, last = np.array(tags, dtype=bool).reshape(-1, 2).T
    return Trace(np.array(taken, dtype=np.int64), np.array(cycles), first, last)
