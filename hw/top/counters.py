"""Event counters that run beside the core, whatever the clock enable does."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Counters(wiring.Component):
    """Counts events; shows what the counts were at the latest `latch`.

    A snapshot in cycle t holds the events of all cycles before t; `clear` in cycle t forgets just
    those. Counts wrap around.

    Parameters
    ----------
    widths
        Bits of each counter; counter k counts the cycles in which ``events[k]`` is high, and its
        snapshot is the port ``count<k>``.
    weights
        For counters that an event moves by more than one, by how much.
    """

    events: Signal
    latch: Signal
    clear: Signal

    def __init__(self, widths: Sequence[int], weights: Mapping[int, int] | None = None) -> None:
        self._widths = widths
        self._weights = weights or {}
        super().__init__(
            {"events": In(len(widths)), "latch": In(1), "clear": In(1)}
            | {f"count{k}": Out(width) for k, width in enumerate(widths)}
        )

    @property
    def counts(self) -> list[Signal]:
        """The snapshots."""
        return [getattr(self, f"count{k}") for k in range(len(self._widths))]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # One register keeps the long carry chains away from whatever makes the events.
        events = Signal(len(self._widths), name="events_late")
        latch, clear = Signal(name="latch_late"), Signal(name="clear_late")
        m.d.sync += [events.eq(self.events), latch.eq(self.latch), clear.eq(self.clear)]
        for k, snapshot in enumerate(self.counts):
            running = Signal(len(snapshot), name=f"running{k}")
            counted = events[k]
            if k in self._weights:
                counted = Mux(counted, Const(self._weights[k], len(snapshot)), 0)
            m.d.sync += running.eq(Mux(clear, 0, running) + counted)
            with m.If(latch):
                m.d.sync += snapshot.eq(running)
        return m
