"""The state of a block between two beats: registers, or with interleaved series a memory of them.

With several series a beat waits one cycle while the state of its series is read; series may come
in any order, a beat in every cycle, also twice the same.
"""

from dataclasses import dataclass

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory


def state_cycles(series: int) -> int:
    """Return the cycles for which a beat waits for its state."""
    return int(series > 1)


@dataclass(frozen=True)
class SeriesState:
    """A beat together with the state of its series.

    Parameters
    ----------
    valid, payload
        The beat, `state_cycles` after it came.
    now
        The state before the beat; anything where a series begins.
    following
        The state after it, unchanged unless driven.
    """

    valid: Signal
    payload: data.View
    now: data.View
    following: data.View


def series_state(
    m: Module, i: stream.Interface, series: int, layout: data.Layout, name: str = "state"
) -> SeriesState:
    """Add the state of a block.

    Parameters
    ----------
    i
        The block's input.
    series
        Independent series, told apart by ``tag.series``.
    layout
        Of the state of one series.
    name
        Prefix of the signals.
    """
    following = Signal(layout.size, name=f"{name}_following")
    if series == 1:
        kept = Signal(layout.size, name=name)
        m.d.comb += following.eq(kept)
        with m.If(i.valid):
            m.d.sync += kept.eq(following)
        return SeriesState(
            i.valid, i.payload, data.View(layout, kept), data.View(layout, following)
        )
    valid = Signal(name=f"{name}_valid")
    payload = Signal.like(i.payload.as_value(), name=f"{name}_beat")
    view = data.View(i.payload.shape(), payload)
    memory = Memory(shape=layout.size, depth=series, init=[])
    m.submodules[f"{name}_of_series"] = memory
    write = memory.write_port()
    read = memory.read_port(transparent_for=(write,))
    m.d.sync += [valid.eq(i.valid), payload.eq(i.payload.as_value())]
    m.d.comb += [
        following.eq(read.data),
        read.addr.eq(i.payload.tag.series),
        write.addr.eq(view.tag.series),
        write.data.eq(following),
        write.en.eq(valid),
    ]
    return SeriesState(valid, view, data.View(layout, read.data), data.View(layout, following))
