"""Entry for interleaved series: the state of each lies in a memory, addressed by ``tid``.

A beat waits one cycle in a register while its series' state is read. It is held there while the
same series still has a beat in the recurrent part of the network (a collision); all other beats
pass at the network's pace. After a reset every state is cleared, one a cycle, before the first
beat is let in.

Where weights can be replaced, a window's model lies beside the state of its series.
"""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.memory import Memory

from hw.memory_port import Memory as HostMemory
from hw.network.pace import Pace
from hw.stream import Port
from hw.top.entry import Entry, countdown
from hw.top.framing import Framed, Framing
from hw.top.old_windows import OldWindows


class BankedEntry(Entry):
    """Frames the beats of many series by one rule.

    Parameters
    ----------
    port, pace, drain_cycles
        As of `Entry`; ``port.series`` states are kept.
    framing
        The rule.
    begun
        As of `Entry`.
    settling_cycles
        From a beat's entry until nothing of it moves any more, which new weights have to wait for.
    """

    def __init__(
        self,
        port: Port,
        pace: Pace,
        drain_cycles: int,
        framing: Framing,
        begun: HostMemory | None = None,
        settling_cycles: int = 0,
    ) -> None:
        super().__init__(port, pace, drain_cycles, begun)
        self._framing, self._settling_cycles = framing, settling_cycles

    def frame(self, m: Module, values: data.View) -> None:
        pace, tag = self.pace, self.o.payload.tag
        layout = data.StructLayout(
            {"frame": self._framing.layout, "model": (self.port.models - 1).bit_length()}
        )
        held = Signal(name="held")
        tlast = Signal(name="held_tlast")
        series = Signal.like(tag.series, name="held_series")
        kept = Signal.like(values.as_value(), name="held_values")
        accepted, moves = Signal(name="accepted"), Signal(name="moves")
        m.submodules.states = states = Memory(shape=layout.size, depth=self.port.series, init=[])
        write = states.write_port()
        read = states.read_port(transparent_for=(write,))
        state, following = data.View(layout, read.data), data.View(layout, write.data)
        beat = self._framing.rule(m, state.frame, tlast, Const(0))
        cleared = Signal((self.port.series - 1).bit_length() + 1, name="cleared")
        step_wait, turns_left = self._turns(m)
        window_wait = countdown(m, pace.window, "window_wait")
        clear_of = self._collisions(m, series, moves & beat.passes)
        m.d.comb += [
            moves.eq(held & (step_wait == 0) & (~beat.last | (window_wait == 0)) & clear_of),
            self.tready.eq(
                cleared[-1]
                & self._next(held, moves, step_wait, turns_left)
                & ~self.restart
                & ~self.hold
            ),
            self.restarted.eq(self.restart & ~held & cleared[-1]),
            accepted.eq(self.tvalid & self.tready),
            # A held beat's state is read again and again: the same series may just have moved.
            read.addr.eq(series),
            write.en.eq(moves),
            write.addr.eq(series),
            following.frame.eq(beat.following),
            self.o.valid.eq(moves & beat.passes),
            self.o.payload.data.as_value().eq(kept),
            tag.first.eq(beat.first),
            tag.last.eq(beat.last),
            tag.series.eq(series),
        ]
        with m.If(accepted):
            m.d.comb += read.addr.eq(self.tid)
            m.d.sync += [kept.eq(values.as_value()), tlast.eq(self.tlast), series.eq(self.tid)]
        m.d.sync += held.eq(accepted | (held & ~moves))
        with m.If(moves):
            m.d.sync += [
                step_wait.eq(pace.step - 1),
                turns_left.eq((pace.turns or 1) - 1),
                self.dropped_windows.eq(self.dropped_windows + beat.drops),
            ]
        with m.If(moves & beat.passes & beat.last):
            m.d.sync += window_wait.eq(pace.window - 1)
        m.d.comb += self.resting.eq(~held & cleared[-1])
        if self.port.models > 1:
            self._models(m, moves, beat, state, following.model)
        if self.begun is not None:
            bus = self.state_bus
            m.d.comb += bus.result.eq(read.data)
            with m.If(bus.active):
                m.d.comb += [
                    read.addr.eq(bus.address),
                    write.addr.eq(bus.address),
                    write.data.eq(bus.data),
                    write.en.eq(bus.write),
                ]
        self._clear(m, cleared, state.frame, read.addr)
        with m.If(~cleared[-1]):
            m.d.comb += [write.en.eq(1), write.addr.eq(cleared), write.data.eq(0)]

    def _models(
        self, m: Module, moves: Signal, beat: Framed, state: data.View, kept: Signal
    ) -> None:
        """Give a beat its window's model, which is `kept` for the next one of its series."""
        old = OldWindows(self.port.series, self._settling_cycles)
        m.submodules.old_windows = old
        m.d.comb += [
            kept.eq(Mux(beat.first, self.target, state.model)),
            self.o.payload.tag.model.eq(kept),
            old.moves.eq(moves),
            old.model.eq(kept),
            old.before.eq(self._framing.begun(state.frame)),
            old.after.eq(self._framing.begun(beat.following)),
            old.lost.eq(self.restarted),
            old.target.eq(self.target),
            self.gone.eq(old.gone),
        ]

    def _turns(self, m: Module) -> tuple[Signal, Signal]:
        """Return the cycles until a beat may move on, and the turns after this one.

        Without turns, beats may move on at any time from the first one on.
        """
        turns = self.pace.turns
        if turns is None:
            return countdown(m, self.pace.step, "step_wait"), Signal(name="turns_left")
        wait = Signal(range(max(self.pace.step, 2)), name="step_wait")
        left = Signal(range(max(turns, 2)), name="turns_left")
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.Elif(left != 0):
            m.d.sync += [wait.eq(self.pace.step - 1), left.eq(left - 1)]
        return wait, left

    def _next(self, held: Signal, moves: Signal, step_wait: Signal, turns_left: Signal) -> Value:
        """Return whether a beat let in now could move on in the next cycle, by the pace."""
        if self.pace.turns is not None and self.pace.step > 1:
            return ~held & ((step_wait == 1) | ((step_wait == 0) & (turns_left == 0)))
        match self.pace.step:
            case 1:
                return ~held | moves
            case 2:  # what moves on now leaves the next but one cycle to another beat
                return ~held
            case _:
                return ~held & (step_wait <= 1)

    def _clear(self, m: Module, cleared: Signal, state: data.View, address: Signal) -> None:
        """Count over all series; the top bit of `cleared` says that every state is cleared.

        After a restart each state is read in the cycle before, to count the windows lost.
        """
        following = Signal.like(cleared, name="cleared_next")
        restarting = Signal(name="restarting")
        m.d.comb += following.eq(cleared)
        with m.If(~cleared[-1]):
            m.d.comb += [following.eq(cleared + 1), address.eq(following)]
            lost = restarting & (cleared < self.port.series) & self._framing.begun(state)
            m.d.sync += self.dropped_windows.eq(self.dropped_windows + lost)
        with m.Elif(self.restarted):
            m.d.comb += [following.eq(0), address.eq(0)]
            m.d.sync += restarting.eq(1)
        m.d.sync += cleared.eq(following)

    def _collisions(self, m: Module, series: Signal, enters: Value) -> Signal:
        """Return whether no beat of `series` entered less than ``pace.series`` cycles ago."""
        clear_of = Signal(name="clear_of_collisions", init=1)
        count = -(-self.pace.series // self.pace.step) - 1
        m.d.comb += clear_of.eq(1)
        recent, waits = series, enters
        for index in range(count):
            name = f"recent{index}"
            entered = Signal.like(series, name=name)
            wait = Signal(range(max(self.pace.series, 2)), name=f"{name}_wait")
            before = Signal.like(wait, name=f"{name}_before")
            m.d.comb += before.eq(self.pace.series - 1 if index == 0 else waits)
            m.d.sync += wait.eq(wait - (wait != 0))
            with m.If(enters):
                m.d.sync += entered.eq(recent)
                m.d.sync += wait.eq(before if index == 0 else before - (before != 0))
            with m.If((entered == series) & (wait != 0)):
                m.d.comb += clear_of.eq(0)
            recent, waits = entered, wait
        return clear_of
