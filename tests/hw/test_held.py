"""Comparisons with constants: every code, every pair of limits."""

import numpy as np
import pytest
from amaranth.hdl import Module, Shape, Signal, signed, unsigned
from amaranth.sim import Simulator, SimulatorContext

from hw.number.held import is_beyond


@pytest.mark.parametrize("signedness", [signed, unsigned])
@pytest.mark.parametrize("width", [1, 2, 3, 4, 9])
def test_codes_beyond_their_limits(signedness: type[Shape], width: int) -> None:
    shape = signedness(width)
    codes = np.arange(1 << width) - (1 << width - 1 if shape.signed else 0)
    rng = np.random.default_rng(width)
    ends = codes if width < 9 else rng.choice(codes, 12)
    ends = [*ends.tolist(), codes[0] - 2, codes[0] - 1, codes[-1] + 1, codes[-1] + 2]
    limits = [(int(low), int(high)) for low in ends for high in ends]
    m = Module()
    value = Signal(shape)
    found = Signal(len(limits))
    for place, (low, high) in enumerate(limits):
        m.d.comb += found[place].eq(is_beyond(value, low, high))

    async def testbench(ctx: SimulatorContext) -> None:
        for code in codes.tolist():
            ctx.set(value, code)
            told = ctx.get(found)
            wanted = [int(code < low or code > high) for low, high in limits]
            assert [told >> place & 1 for place in range(len(limits))] == wanted, code

    simulator = Simulator(m)
    simulator.add_testbench(testbench)
    simulator.run()
