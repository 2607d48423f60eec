"""No beat is lost, repeated, changed or overtaken, whichever beat one looks at.

One accepted beat is chosen freely, at any time. From then on the beats ahead of it are counted
down; when it is the next to leave, what leaves must be it. As the choice is free, this is about
every beat; that the count never goes astray rules out losses and repetitions. And what is inside
is offered in as many cycles as the network's latency, whether or not it is taken: nothing waits for
ready, and nothing gets stuck.
"""

from collections.abc import Callable
from dataclasses import dataclass

from amaranth.hdl import Const, Mux, Signal, Value

from sim.formal.bug import Bug
from sim.formal.property import Property
from sim.formal.rules import designs
from sim.formal.rules.designs import SERIES, Top, placed
from sim.formal.rules.stream import skid_buffer
from sim.formal.setting import Setting, implies

MOST = 6
"""Beats that can be inside; stated, too."""


@dataclass(frozen=True)
class Watch:
    """A beat under observation.

    Parameters
    ----------
    marks
        High in the cycle in which the chosen beat is taken.
    leaves
        High in the cycle in which its successor at the output leaves.
    """

    marks: Signal
    leaves: Signal
    kept: Signal


def follow(
    s: Setting,
    enters: Value,
    leaves: Value,
    expected: Value,
    offers: Value | None = None,
    within: int = 0,
) -> Watch:
    """Count what is inside and follow one beat through it.

    Parameters
    ----------
    enters
        A beat comes in of which something is due at the output.
    leaves
        Something leaves.
    expected
        What is due for the beat at hand.
    offers, within
        If given: something is offered, and in how many cycles after it came in.
    """
    inside = Signal(range(MOST + 2), name="inside")
    ahead = Signal.like(inside, name="ahead")
    watching = Signal(name="watching")
    done = Signal(name="done")
    kept = Signal(expected.shape(), name="kept")
    marks, arrives = Signal(name="marks"), Signal(name="arrives")
    s.m.d.comb += [
        marks.eq(s.free(1, "mark") & enters & ~watching & ~done),
        arrives.eq(leaves & watching & (ahead == 0)),
    ]
    s.m.d.sync += inside.eq(inside + enters - leaves)
    with s.m.If(marks):
        s.m.d.sync += [watching.eq(1), kept.eq(expected), ahead.eq(inside - leaves)]
    with s.m.Elif(leaves & watching):
        s.m.d.sync += [ahead.eq(ahead - 1), watching.eq(ahead != 0), done.eq(ahead == 0)]
    # Nothing leaves that did not come in, and nothing stays behind for good.
    s.prove(implies(leaves, inside != 0) & (inside <= MOST))
    if offers is not None:
        waits = Signal(range(within + 2), name="waits")
        s.m.d.sync += waits.eq(Mux((inside != 0) & ~offers, waits + 1, 0))
        s.prove(waits < within)
    return Watch(marks, arrives, kept)


def buffer_keeps_order(s: Setting) -> None:
    buffer = skid_buffer(s)
    enters, leaves = buffer.i.valid & buffer.i.ready, buffer.o.valid & buffer.o.ready
    watch = follow(s, enters, leaves, buffer.i.payload)
    s.prove(implies(watch.leaves, buffer.o.payload == watch.kept))


def transfers(top: Top) -> tuple[Value, Value]:
    """Return whether the leading input brings a beat, and whether the first output takes one."""
    given, taken = top.inputs[0], top.outputs[0]
    return given.tvalid & given.tready, taken.tvalid & taken.tready


def no_reset(s: Setting, top: Top) -> None:
    """Look at what happens between two resets."""
    s.assume(top.accelerator.aresetn)


def beat_for_beat(design: Callable[[], designs.Network], factor: int) -> Callable[[Setting], None]:
    """Return: a well-framed beat leaves once, in order, `factor` times its code."""

    def build(s: Setting) -> None:
        network = design()
        top = placed(s, network)
        no_reset(s, top)
        enters, leaves = transfers(top)
        given, taken = top.inputs[0], top.outputs[0]
        ends = framed(s, enters, given.tlast, network.input.beats)
        code = given.tdata[: designs.CODE.width].as_signed() * factor
        expected = Signal(len(taken.tdata) + 1, name="expected")
        value = Signal.like(taken.tdata, name="expected_code")
        s.m.d.comb += [value.eq(code), expected[:-1].eq(value), expected[-1].eq(ends)]
        # Behind a gate, a beat may have to wait for the end of its window.
        offers = None if network.schedule.gates else taken.tvalid
        within = network.timing.latency_cycles
        watch = follow(s, enters, leaves, expected, offers, within)
        s.prove(
            implies(
                watch.leaves,
                (taken.tdata == watch.kept[:-1]) & (taken.tlast == watch.kept[-1]),
            )
        )

    return build


def framed(s: Setting, enters: Value, tlast: Value, beats: int) -> Value:
    """Assume windows of the right length; returns whether the beat at hand is a last one."""
    count = Signal(range(max(beats, 2)), name="beat")
    last = count == beats - 1
    with s.m.If(enters):
        s.m.d.sync += count.eq(Mux(last, 0, count + 1))
    s.assume(implies(enters, tlast == last))
    return last


def series_in_order(s: Setting) -> None:
    """State the same for interleaved series, ends of windows being counted for each series."""
    network = designs.interleaved()
    top = placed(s, network)
    no_reset(s, top)
    enters, leaves = transfers(top)
    given, taken = top.inputs[0], top.outputs[0]
    assert given.tid is not None
    assert taken.tid is not None
    s.assume(given.tid < SERIES)
    second = Signal(SERIES, name="second")  # for each series, whether its window has begun
    ends = second.bit_select(given.tid, 1)
    with s.m.If(enters):
        s.m.d.sync += second.eq(second ^ (Const(1, SERIES) << given.tid)[:SERIES])
    s.assume(implies(enters, given.tlast == ends))
    width = len(taken.tdata)
    code = Signal.like(taken.tdata, name="code")
    s.m.d.comb += code.eq(given.tdata[: designs.CODE.width].as_signed())
    expected = Signal(width + 1 + len(given.tid), name="expected")
    s.m.d.comb += [
        expected[:width].eq(code),
        expected[width].eq(ends),
        expected[width + 1 :].eq(given.tid),
    ]
    watch = follow(s, enters, leaves, expected, taken.tvalid, network.timing.latency_cycles)
    same = (
        (taken.tdata == watch.kept[:width])
        & (taken.tlast == watch.kept[width])
        & (taken.tid == watch.kept[width + 1 :])
    )
    s.prove(implies(watch.leaves, same))


def windows_summed(mode: designs.Mode) -> Callable[[Setting], None]:
    """Return: each window gives one forecast, the sum of its own beats, wrong ones give none.

    In the sliding mode each beat from the third of a series on closes a window.
    """

    def build(s: Setting) -> None:
        network = designs.window_sum(mode)
        top = placed(s, network)
        no_reset(s, top)
        enters, leaves = transfers(top)
        given, taken = top.inputs[0], top.outputs[0]
        steps = network.input.beats
        code = given.tdata[: designs.CODE.width].as_signed()
        former = [Signal(designs.CODE.shape, name=f"former{k}") for k in range(steps - 1)]
        count = Signal(range(steps + 1), name="count")  # beats before this one; `steps` is too many
        with s.m.If(enters):
            s.m.d.sync += [new.eq(old) for new, old in zip(former, [code, *former], strict=False)]
            most = steps if mode is designs.Mode.WINDOW else steps - 1
            s.m.d.sync += count.eq(Mux(given.tlast, 0, Mux(count == most, most, count + 1)))
        full = count == steps - 1
        closes = enters & (full & given.tlast if mode is designs.Mode.WINDOW else full)
        expected = Signal.like(taken.tdata, name="expected")
        s.m.d.comb += expected.eq(sum((old.as_signed() for old in former), code))
        within = network.timing.latency_cycles
        watch = follow(s, closes, leaves, expected, taken.tvalid, within)
        s.prove(implies(watch.leaves, (taken.tdata == watch.kept) & taken.tlast))

    return build


PROPERTIES = (
    Property(
        "no beat lost, repeated, changed or overtaken",
        "SkidBuffer",
        buffer_keeps_order,
        Bug("hw.top.skid_buffer", "kept.eq(self.i.payload), full.eq(1)", "full.eq(1)"),
        quick=True,
    ),
    Property(
        "no beat lost, repeated, changed or overtaken",
        "top, window of one beat",
        beat_for_beat(designs.single_beats, 1),
        Bug("hw.top.axi", "lead.tready.eq(core.tready & moves)", "lead.tready.eq(core.tready)"),
    ),
    Property(
        "no beat lost, repeated, changed or overtaken",
        "top, window",
        beat_for_beat(lambda: designs.window_steps(2), 1),
        Bug(
            "hw.top.framing",
            "beat.following.count.eq(state.count + 1)",
            "beat.following.count.eq(0)",
        ),
    ),
    Property(
        "no beat lost, repeated, changed or overtaken",
        "top, streaming",
        beat_for_beat(designs.streaming, 1),
        Bug("hw.top.framing", "beat.passes.eq(1)", "beat.passes.eq(~tlast)"),
        quick=True,
    ),
    Property(
        "both branches of one beat meet: none lost, repeated or overtaken",
        "top, join",
        beat_for_beat(lambda: designs.residual(None), 2),
        Bug("hw.top.join", "Mux(fifo.r_rdy, fifo.r_data, payload)", "payload"),
    ),
    Property(
        "no beat lost, repeated, changed or overtaken; tid echoed",
        "top, interleaved series",
        series_in_order,
        Bug("hw.top.banked_entry", "write.addr.eq(series)", "write.addr.eq(self.tid)"),
        quick=True,
    ),
    Property(
        "one right sum for each right window, none for others",
        "top, window sum",
        windows_summed(designs.Mode.WINDOW),
        Bug("hw.top.framing", "(state.dropping | beat.drops) & ~tlast", "0"),
    ),
    Property(
        "one right sum for each sample of a full window",
        "top, sliding window",
        windows_summed(designs.Mode.SLIDING),
        Bug("hw.top.sliding_entry", "replaying.eq(~self.tlast)", "replaying.eq(1)"),
        quick=True,
    ),
)
