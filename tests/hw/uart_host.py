"""The far end of a UART line, in Amaranth's simulator."""

from collections.abc import Callable

from amaranth.lib import wiring
from amaranth.sim import Simulator, SimulatorContext


def simulate(
    design: wiring.Component, *testbenches: Callable, watch: tuple[Callable, ...] = ()
) -> None:
    """Run until every testbench has ended; watchers are stopped then."""
    simulator = Simulator(design)
    simulator.add_clock(1e-6)
    for testbench in testbenches:
        simulator.add_testbench(testbench)
    for watcher in watch:
        simulator.add_testbench(watcher, background=True)
    simulator.run()


async def send_bits(ctx: SimulatorContext, pin: object, value: int, cycles: list[int]) -> None:
    """Put start, data and stop bit on a pin, each for as many cycles as given."""
    frame = value << 1 | 1 << 9
    for bit, length in enumerate(cycles):
        ctx.set(pin, frame >> bit & 1)
        await ctx.tick().repeat(length)


async def send_bytes(ctx: SimulatorContext, pin: object, line: bytes, divisor: int) -> None:
    for value in line:
        await send_bits(ctx, pin, value, [divisor] * 10)


def line_to_bytes(levels: list[int], divisor: int) -> tuple[list[int], list[int]]:
    """Read a recorded pin: the bytes, and the cycle at which each start bit began."""
    values, starts, cycle = [], [], 0
    while cycle < len(levels):
        if levels[cycle]:
            cycle += 1
            continue
        bits = levels[cycle + divisor // 2 : cycle + 10 * divisor : divisor]
        if len(bits) < 10:
            break
        assert bits[0] == 0
        assert bits[9] == 1
        values.append(sum(bit << place for place, bit in enumerate(bits[1:9])))
        starts.append(cycle)
        cycle += 10 * divisor
    return values, starts
