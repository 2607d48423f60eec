"""What freezing does to counters and commands, in the whole top."""

import numpy as np

from hw import Activation, FixedPoint, Function, Network, Node, Overflow, Port, Quantizer, Rounding
from hw.control.saturation import saturation_watches
from tests.hw.control.top import Beat, Top

STEPS = 3
RESET_STATE, LATCH = 1, 2
BYTE = FixedPoint(8, 8)


def make_network() -> Network:
    """Return two quantizers in a row, a beat every cycle; the second one saturates."""
    wide, narrow = (FixedPoint(bits, bits, True, Rounding.TRN, Overflow.SAT) for bits in (7, 4))
    first = Activation(1, BYTE, Quantizer(Function.LINEAR, wide), STEPS)
    second = Activation(1, wide, Quantizer(Function.LINEAR, narrow), STEPS)
    nodes = (Node("wide", first, ("input",)), Node("narrow", second, ("wide",)))
    return Network("two", (Port("input", 1, BYTE, STEPS),), nodes, ("narrow",))


def beats_of(values: list[int]) -> list[Beat]:
    return [([value], (k + 1) % STEPS == 0, 0) for k, value in enumerate(values)]


def test_a_frozen_beat_saturates_once() -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(-30, 30, 60 * STEPS)
    top = Top(make_network(), rng, ready=0.3, beats=beats_of(values.tolist()))
    (watch,) = (w for w in saturation_watches(top.network) if w.node == "narrow")
    expected = watch.reference(values[:, np.newaxis])

    async def bench(ctx) -> None:
        while len(top.taken) < len(values):
            await ctx.tick()
        await top.write(ctx, "control", LATCH)
        assert await top.read(ctx, "saturated_narrow") == expected

    top.run(bench)
    assert 0.2 < expected / len(values) < 0.9


def test_a_restart_waits_while_the_core_is_frozen() -> None:
    """A window has begun, the output blocks, and the command must still be there afterwards."""
    beats = beats_of(list(range(40 * STEPS)))
    top = Top(make_network(), np.random.default_rng(2), ready=0.0, beats=beats)

    async def bench(ctx) -> None:
        await ctx.tick().repeat(20)
        begun = top.sent
        del top.beats[begun:]
        assert begun % STEPS, "the core froze between two windows: the test shows nothing"
        await top.write(ctx, "control", RESET_STATE)
        await ctx.tick().repeat(20)
        assert await top.read(ctx, "dropped_windows") == 0, "it took effect in a frozen core"
        top.ready = 1.0
        await ctx.tick().repeat(20)
        assert await top.read(ctx, "dropped_windows") == 1
        before = len(top.taken)
        top.beats += beats_of(list(range(STEPS)))
        await ctx.tick().repeat(20)
        found = top.taken[before:]
        assert found == beats_of(list(range(STEPS))), "the next window is not a new one"
        assert await top.read(ctx, "dropped_windows") == 1

    top.run(bench)
