"""Activations by staircases give what their table says, for every input code.

The table is the definition: the k-th value holds from the k-th threshold on. Here all thresholds
are compared at once; the hardware searches among them, or looks the code up.
"""

from collections.abc import Callable

from amaranth.hdl import Array, Const, Signal

from hw.function.qkeras import hard_swish, power_of_two, real_sigmoid, real_tanh, ternary
from hw.function.staircase import Staircase
from hw.number.fixed_point import FixedPoint
from sim.formal.bug import Bug
from sim.formal.property import Property
from sim.formal.setting import Setting, implies, named

SEARCHED = FixedPoint(14, 4)
LOOKED_UP = FixedPoint(6, 3)


def equals_table(
    make: Callable[[], Staircase], source: FixedPoint, searches: bool
) -> Callable[[Setting], None]:
    """Return the statement about one function of inputs of format `source`.

    Parameters
    ----------
    searches
        Which of the two kinds of hardware is meant.
    """

    def build(s: Setting) -> None:
        staircase = make()
        thresholds, codes = staircase.steps(source)
        cycles = staircase.delay_cycles(source)
        assert searches == (cycles > 1), f"{staircase} has the other kind of hardware"
        free = s.free(source.width, "code")
        code = named(s.m, free.as_signed() if source.signed else free, "value", source.shape)
        result = staircase.hardware(s.m, code, source, "function")
        place = Signal(range(len(codes) + 1), name="place")
        s.m.d.comb += place.eq(sum((code >= t for t in thresholds), Const(0, 1)))
        shape = staircase.output.shape
        expected = named(s.m, Array(Const(c, shape) for c in codes)[place], "table", shape)
        there = named(s.m, Const(1, 1), "there")
        for age in range(cycles):
            expected = s.before(expected, f"expected{age}")
            there = s.before(there, f"there{age}")
        s.prove(implies(there, result == expected))

    return build


_CASES = (
    ("real tanh, 4 bits, searched", lambda: real_tanh(4), SEARCHED, True),
    ("real sigmoid, 4 bits, searched", lambda: real_sigmoid(4), SEARCHED, True),
    ("power of two, 4 bits, searched", lambda: power_of_two(4, 2.0), SEARCHED, True),
    ("hard swish, 4 bits, searched", lambda: hard_swish(4, 1), SEARCHED, True),
    ("real tanh, 6 bits, looked up", lambda: real_tanh(6), LOOKED_UP, False),
    ("ternary, looked up", ternary, LOOKED_UP, False),
)
_MODULE = "hw.function.staircase"

PROPERTIES = tuple(
    Property(
        f"{name}: equals its table for all {source.width}-bit inputs",
        "Staircase",
        equals_table(make, source, searches),
        Bug(_MODULE, "passed.eq(value > limit)", "passed.eq(value >= limit)")
        if searches
        else Bug(
            _MODULE, "self.apply(codes, source).tolist()", "self.apply(codes - 1, source).tolist()"
        ),
        quick=name.startswith("real tanh, 4"),
    )
    for name, make, source, searches in _CASES
)
