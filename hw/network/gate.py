"""The gate behind an output: no beat of a forecast leaves before its window has closed well.

Where a forecast's beats follow the steps one to one, or strides leave the last steps of a window
unused, beats are ready before it is known whether ``tlast`` comes where it should. They wait in a
queue (`hw.top.forecast_gate`) and leave one a cycle from the window's last beat on, so that a
window that turns out broken has put out nothing.

Interleaved designs have no gate, which would have to keep a forecast of every series. A forecast
of one beat leaves complete or not at all there, too, unless strides leave the window's last steps
unused. Where a forecast has K beats that follow the steps, or such a stride, at most the beats that
belong to the steps before the wrong ``tlast`` leave; none comes later, and the next window of the
series begins anew. Of the beats of a series up to one that closes a forecast (``m_axis_tlast``),
the last K are the forecast, and those before them are what is left of broken windows.
"""

from dataclasses import dataclass

from hw.network.arrivals import Arrivals, Term, queue_depth
from hw.network.pace import Pace


@dataclass(frozen=True)
class Gate:
    """What a gate has to hold.

    Parameters
    ----------
    depth
        Beats that may wait for the end of their window.
    windows
        Windows that may have closed before their forecast is out.
    """

    depth: int
    windows: int


def gate_name(output: str) -> str:
    """Return the name under which the beats of `output` leave its gate."""
    return f"forecast gate of {output}"


def needs_gate(arrivals: Arrivals, steps: int) -> bool:
    """Tell whether a beat may be ready before the window's last one has entered."""
    awaited = (max(steps) for steps in zip(*(term.step for term in arrivals), strict=True))
    return min(awaited) < steps - 1


def gate_arrivals(arrivals: Arrivals, steps: int) -> Arrivals:
    """Return when the beats leave the gate: each when it is there, one a cycle from the end on."""
    beats = len(arrivals[0].step)
    closing = Term((steps - 1,) * beats, tuple(range(beats)))
    if any(term.covers(closing) for term in arrivals):
        return arrivals
    return (*(term for term in arrivals if not closing.covers(term)), closing)


def make_gate(come: Arrivals, leave: Arrivals, pace: Pace, steps: int) -> Gate:
    """Return the gate between beats that `come` and those that `leave`."""

    def distance(early: int, late: int) -> int:
        return pace.distance(early, late, steps)

    closes = (Term((steps - 1,), (0,)),)
    ends = tuple(Term(term.step[-1:], term.delay[-1:]) for term in leave)
    return Gate(
        queue_depth(come, leave, steps, distance), queue_depth(closes, ends, steps, distance)
    )
