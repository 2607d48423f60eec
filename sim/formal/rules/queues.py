"""Queues of joins and gates: never written when full, never read when what they hold is due.

Their depths come from the schedule (`hw.network.meeting`, `hw.network.gate`); here they are proved
to suffice for any arrival of beats, any stall, and windows that break off anywhere.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from amaranth.hdl import Assert, Fragment, Module, Signal
from amaranth.lib.fifo import SyncFIFO

from hw.layer.elementwise.activation import Activation
from hw.layer.elementwise.add import Add
from hw.network.graph import Network, Node
from hw.stream import Port
from hw.top import join
from sim.formal.bug import Bug
from sim.formal.property import Property
from sim.formal.rules import designs
from sim.formal.rules.designs import CODE, KEEP, placed
from sim.formal.setting import Setting


class WatchedFIFO(SyncFIFO):
    """A FIFO that states that it is never misused.

    The statements are about registers: those a frozen core's clock enable stops, too.

    Parameters
    ----------
    strict
        Whether it is read only when something is there. The queue of a join also passes on what
        comes in the same cycle.
    """

    def __init__(self, width: int, depth: int, strict: bool) -> None:
        super().__init__(width=width, depth=depth)
        self._strict = strict

    def elaborate(self, platform: object) -> Module:
        m: Module = super().elaborate(platform)
        overflowed, underflowed = Signal(name="overflowed"), Signal(name="underflowed")
        with m.If(self.w_en & ~self.w_rdy):
            m.d.sync += overflowed.eq(1)
        if self._strict:
            with m.If(self.r_en & ~self.r_rdy):
                m.d.sync += underflowed.eq(1)
        m.d.comb += [Assert(~overflowed), Assert(~underflowed)]
        return m


@contextmanager
def watched() -> Iterator[None]:
    """Let joins and gates be made with watched queues meanwhile."""

    def make(m: Module, name: str, width: int, depth: int) -> SyncFIFO:
        fifo = WatchedFIFO(width, max(depth, 2), strict=name.startswith("held"))
        m.submodules[name] = fifo
        return fifo

    before = join._fifo
    join._fifo = make
    try:
        yield
    finally:
        join._fifo = before


def suffice(design: Callable[[], Network]) -> Callable[[Setting], None]:
    """Return the statement about all queues of a design."""

    def build(s: Setting) -> None:
        with watched():
            placed(s, design(), lambda top: Fragment.get(top, None))

    return build


def late_bias() -> Network:
    """Return a series plus a value of its window that comes late: the series is held for it."""
    nodes = (
        Node("later", Activation(1, CODE, KEEP), ("bias",)),
        Node("late", Activation(1, CODE, KEEP), ("later",)),
        Node("y", Add(1, (CODE, CODE), (1, 1), 2, (1,)), ("x", "late")),
    )
    return Network("late", (Port("x", 1, CODE, 2), Port("bias", 1, CODE)), nodes, ("y",))


PROPERTIES = (
    Property(
        "no queue is written when full",
        "top, join",
        suffice(lambda: designs.residual(None)),
        Bug("hw.top.join", "fifo.r_en.eq(take)", "fifo.r_en.eq(take & passes)"),
        quick=True,
    ),
    Property(
        "no queue is written when full",
        "top, two inputs",
        suffice(designs.two_inputs),
        Bug("hw.top.join", "fifo.r_en.eq(take)", "fifo.r_en.eq(take & passes)"),
    ),
    Property(
        "no queue is written when full, none read when empty",
        "top, held join",
        suffice(late_bias),
        Bug("hw.top.join", "fifo.r_en.eq(due)", "fifo.r_en.eq(1)"),
    ),
    Property(
        "the gate's queue is not written when full",
        "top, gate",
        suffice(designs.window_steps),
        Bug("hw.top.forecast_gate", "closed + self.closes - ends", "closed - ends"),
    ),
)
