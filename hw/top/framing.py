"""What a beat is in its series: the rules of the window mode and of the streaming mode.

A rule is logic between the state of a series, one beat, and the state after it; where the state
is kept (`hw.top.single_entry`, `hw.top.banked_entry`) is no matter of the rule.
"""

from dataclasses import dataclass
from typing import Protocol

from amaranth.hdl import Const, Module, Signal, Value
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
    following
        State after the beat.
    """

    first: Signal
    last: Signal
    passes: Signal
    drops: Signal
    following: data.View


class Framing(Protocol):
    """A rule. A new series begins in the state zero."""

    @property
    def layout(self) -> data.StructLayout:
        """The state of a series."""
        ...

    def rule(self, m: Module, state: data.View, tlast: Signal) -> Framed:
        """Add combinational logic for one beat."""
        ...

    def begun(self, state: data.View) -> Value:
        """Return whether a window has begun that would be lost with the state."""
        ...


def _framed(layout: data.StructLayout) -> Framed:
    flags = (Signal(name=name) for name in ("beat_first", "beat_last", "beat_passes", "beat_drops"))
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

    def rule(self, m: Module, state: data.View, tlast: Signal) -> Framed:
        beat = _framed(self.layout)
        m.d.comb += [
            beat.first.eq(state.count == 0),
            beat.last.eq(state.count == self.steps - 1),
            beat.passes.eq(~state.dropping & (tlast == beat.last)),
            beat.drops.eq(~state.dropping & (tlast != beat.last)),
            beat.following.dropping.eq((state.dropping | beat.drops) & ~tlast),
        ]
        with m.If(beat.passes & ~beat.last):
            m.d.comb += beat.following.count.eq(state.count + 1)
        return beat

    def begun(self, state: data.View) -> Value:
        return state.count != 0


@dataclass(frozen=True)
class StreamingFraming:
    """Every beat brings a forecast; ``tlast`` ends the series, the next beat begins a new one."""

    @property
    def layout(self) -> data.StructLayout:
        return data.StructLayout({"running": 1})

    def rule(self, m: Module, state: data.View, tlast: Signal) -> Framed:
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
