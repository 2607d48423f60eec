"""The entry of interleaved designs after pauses of every length: turns, and where they end."""

import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from hw import FixedPoint, Port
from hw.network.pace import Pace
from hw.top.banked_entry import BankedEntry
from hw.top.framing import StreamingFraming

SERIES = 4
CYCLES = 4000


def allowed(cycle: int, pace: Pace) -> int:
    """Return the first cycle from `cycle` on, since the last beat, in which a beat may move."""
    if pace.turns is None or cycle >= pace.turns * pace.step:
        return max(cycle, pace.step)
    return max(-(-cycle // pace.step), 1) * pace.step


def moved(pace: Pace, pauses: list[tuple[int, int]]) -> list[int]:
    """Return when beats move on that are offered so many cycles after the last has, by series."""
    entry = BankedEntry(Port("input", 1, FixedPoint(8, 8), 1, SERIES), pace, 0, StreamingFraming())
    moves: list[int] = []

    async def bench(ctx) -> None:
        waiting, offer = list(reversed(pauses)), 2 * SERIES
        for cycle in range(CYCLES):
            offered = bool(waiting) and len(moves) == len(pauses) - len(waiting) and cycle >= offer
            ctx.set(entry.tvalid, offered)
            ctx.set(entry.tid, waiting[-1][1] if waiting else 0)
            if ctx.get(entry.o.valid):
                moves.append(cycle)
                offer = cycle + (waiting[-1][0] if waiting else 0)
                offered = bool(waiting) and cycle >= offer
                ctx.set(entry.tvalid, offered)
            if offered and ctx.get(entry.tready):
                waiting.pop()
            await ctx.tick()

    top = Module()
    top.domains.sync = ClockDomain()
    top.submodules.entry = entry
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return moves


@pytest.mark.parametrize(
    "pace",
    [Pace(4, 1, 12, 3), Pace(3, 1, 3, 1), Pace(5, 1, 20, 2), Pace(1, 1, 6, 4), Pace(3, 1, 7)],
)
def test_beats_move_in_turns_until_they_end(pace: Pace) -> None:
    """A beat moves in the first cycle in which it may: a turn, then at any time; not before."""
    longest = (pace.turns or 1) * pace.step + 3
    pauses = [(0, 0)]
    for pause in range(longest):
        # Of another series, and of the same one, which has to wait for its state, too.
        pauses += [(pause, (pause + 1) % SERIES)] * 2
    moves = moved(pace, pauses)
    assert len(moves) == len(pauses)
    last: dict[int, int] = {pauses[0][1]: moves[0]}
    for (pause, series), before, move in zip(pauses[1:], moves, moves[1:], strict=False):
        state = last.get(series, before - pace.series) + pace.series - before
        due = allowed(max(allowed(pause + 1, pace), state), pace)
        assert move - before == due, f"series {series} after a pause of {pause}"
        last[series] = move
