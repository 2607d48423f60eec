"""Runs a whole network in Amaranth's simulator: its core, entry and joins included."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from hw import Network
from hw.top.core import Core
from hw.top.entry import padded_width


@dataclass(frozen=True)
class CoreRun:
    """Cycles of the accepted input beats, cycles and int64 codes of the output beats."""

    entered: np.ndarray
    left: np.ndarray
    codes: np.ndarray
    dropped: int


def run_core(
    network: Network,
    windows: Sequence[np.ndarray],
    gaps: float = 0.0,
    seed: int = 0,
) -> CoreRun:
    """Send windows ``(T, F)``, as fast as the entry takes them but for random gaps.

    Parameters
    ----------
    windows
        int64 codes. Those of another length than the network's look-back are to be dropped.
    gaps
        Probability of a cycle without a beat offered.
    seed
        Of the gaps.
    """
    core, width = Core(network), padded_width(network.input)
    beats = [
        (sum((code & ((1 << width) - 1)) << (width * c) for c, code in enumerate(row)), k + 1 == n)
        for window in windows
        for n in [len(window)]
        for k, row in enumerate(window.reshape(n, -1).tolist())
    ]
    good = sum(len(window) == network.look_back for window in windows)
    rng = np.random.default_rng(seed)
    entered: list[int] = []
    left: list[int] = []
    codes: list[list[int]] = []
    pace = network.schedule.pace
    dropped = 0
    patience = network.timing.window_cycles + 20
    patience += int((len(beats) * pace.step + len(windows) * pace.window) / (1 - gaps)) * 2
    patience += len(windows) * (network.schedule.drain_cycles + 1)

    async def bench(ctx) -> None:
        nonlocal dropped
        waiting = list(reversed(beats))
        for cycle in range(patience):
            offered = bool(waiting) and rng.random() >= gaps
            ctx.set(core.tvalid, offered)
            ctx.set(
                core.tdata, waiting[-1][0] if offered else int(rng.integers(1 << min(width, 60)))
            )
            ctx.set(core.tlast, waiting[-1][1] if offered else 0)
            if ctx.get(core.o.valid):
                data = core.o.payload.data
                codes.append([ctx.get(data[c]) for c in range(network.output.channels)])
                left.append(cycle)
            if offered and ctx.get(core.tready):
                waiting.pop()
                entered.append(cycle)
            await ctx.tick()
            if not waiting and len(left) == good and cycle > left[-1] + 20:
                break
        dropped = ctx.get(core.dropped_windows)

    top = Module()
    top.domains.sync = ClockDomain()
    top.submodules.core = core
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    taken = np.array(codes, dtype=np.int64).reshape(-1, network.output.channels)
    return CoreRun(np.array(entered), np.array(left), taken, dropped)
