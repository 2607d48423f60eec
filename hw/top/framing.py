"""What a beat is in its series: the rules of the window mode and of the streaming mode.

A rule is logic between the state of a series, one beat, and the state after it; where the state
is kept (`hw.top.single_entry`, `hw.top.banked_entry`) is no matter of the rule.
"""

from dataclasses import dataclass
from typing import Protocol

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import data


@dataclass(frozen=True)
class Framed:
    """One beat in its series.

    Parameters
    ----------
    first, last
        Ends of the window.
    passes
        Whether the beat enters the network.
    drops
        Whether it makes its window invalid.
    dropping
        Whether an earlier beat has.
    following
        State after the beat.
    """

    first: Signal
    last: Signal
    passes: Signal
    drops: Signal
    dropping: Signal
    following: data.View


class Framing(Protocol):
    """A rule. A new series begins in the state zero."""

    @property
    def layout(self) -> data.StructLayout:
        """The state of a series."""
        ...

    def rule(self, m: Module, state: data.View, tlast: Signal, misfit: Value) -> Framed:
        """Add combinational logic for one beat; a `misfit` with other streams drops the window."""
        ...

    def begun(self, state: data.View) -> Value:
        """Return whether a window has begun that would be lost with the state."""
        ...

    def restarted(self, state: data.View) -> Value:
        """Return the state after a restart."""
        ...


def _framed(layout: data.StructLayout) -> Framed:
    names = ("first", "last", "passes", "drops", "dropping")
    flags = (Signal(name=f"beat_{name}") for name in names)
    return Framed(*flags, following=data.View(layout, Signal(layout.size, name="state_after")))


@dataclass(frozen=True)
class WindowFraming:
    """``tlast`` must close a window exactly at its last beat.

    A window that is closed too early or too late is dropped, and the beat after the offending
    ``tlast`` begins a new one.

    Parameters
    ----------
    steps
        Beats in a window.
    """

    steps: int

    @property
    def layout(self) -> data.StructLayout:
        return data.StructLayout({"count": max((self.steps - 1).bit_length(), 1), "dropping": 1})

    def rule(self, m: Module, state: data.View, tlast: Signal, misfit: Value) -> Framed:
        beat = _framed(self.layout)
        fits = Signal(name="beat_fits")
        m.d.comb += [
            beat.first.eq(state.count == 0),
            beat.last.eq(state.count == self.steps - 1),
            beat.dropping.eq(state.dropping),
            fits.eq((tlast == beat.last) & ~misfit),
            beat.passes.eq(~state.dropping & fits),
            beat.drops.eq(~state.dropping & ~fits),
            beat.following.dropping.eq((state.dropping | beat.drops) & ~tlast),
        ]
        with m.If(beat.passes & ~beat.last):
            m.d.comb += beat.following.count.eq(state.count + 1)
        return beat

    def begun(self, state: data.View) -> Value:
        return state.count != 0

    def restarted(self, state: data.View) -> Value:
        return Const(0, self.layout.size)


@dataclass(frozen=True)
class JointFraming(WindowFraming):
    """`WindowFraming` of several streams, whose windows stay side by side.

    After a restart the rest of a window is dropped, too: were its next beat taken as a first one,
    streams of one beat a window would be a window ahead of the others from then on.
    """

    def restarted(self, state: data.View) -> Value:
        dropping = Const(1 << (self.layout.size - 1), self.layout.size)  # the flag is on top
        return Mux(self.begun(state) | state.dropping, dropping, 0)


@dataclass(frozen=True)
class StreamingFraming:
    """Every beat brings a forecast; ``tlast`` ends the series, the next beat begins a new one."""

    @property
    def layout(self) -> data.StructLayout:
        return data.StructLayout({"running": 1})

    def rule(self, m: Module, state: data.View, tlast: Signal, misfit: Value) -> Framed:
        beat = _framed(self.layout)
        m.d.comb += [
            beat.first.eq(~state.running),
            beat.last.eq(1),
            beat.passes.eq(1),
            beat.following.running.eq(~tlast),
        ]
        return beat

    def begun(self, state: data.View) -> Value:
        return Const(0)

    def restarted(self, state: data.View) -> Value:
        return Const(0, self.layout.size)
