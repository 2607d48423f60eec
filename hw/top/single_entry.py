"""Entry for one series: its state is a register; ``tready`` depends on registers only."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data

from hw.memory_port import Memory
from hw.network.pace import Pace
from hw.stream import Port
from hw.top.entry import Entry, countdown
from hw.top.framing import Framing


class SingleEntry(Entry):
    """Frames beats by a rule.

    Parameters
    ----------
    port, pace, drain_cycles
        As of `Entry`.
    framing
        The rule.
    """

    def __init__(
        self,
        port: Port,
        pace: Pace,
        drain_cycles: int,
        framing: Framing,
        begun: Memory | None = None,
    ) -> None:
        super().__init__(port, pace, drain_cycles, begun)
        self._framing = framing

    def frame(self, m: Module, values: data.View) -> None:
        pace, layout = self.pace, self._framing.layout
        step_wait = countdown(m, pace.step, "step_wait")
        window_wait = countdown(m, pace.window, "window_wait")
        state = data.View(layout, Signal(layout.size, name="state"))
        beat = self._framing.rule(m, state, self.tlast, self.misfit)
        begun = self._framing.begun(state)
        accepted = Signal()
        calm = self.drain(m, (accepted & beat.drops) | self.restart) & ~self.hold
        m.d.comb += [
            self.tready.eq(
                calm & (step_wait == 0) & (~beat.last | (window_wait == 0)) & ~self.restart
            ),
            self.restarted.eq(self.restart),
            accepted.eq(self.tvalid & self.tready),
            self.first.eq(beat.first),
            self.dropping.eq(beat.dropping),
            self.breaks.eq((accepted & beat.drops) | (self.restart & begun)),
            self.o.payload.data.eq(values),
            self.o.payload.tag.first.eq(beat.first),
            self.o.payload.tag.last.eq(beat.last),
            self.o.valid.eq(accepted & beat.passes),
        ]
        with m.If(accepted):
            m.d.sync += [
                state.as_value().eq(beat.following.as_value()),
                step_wait.eq(pace.step - 1),
                self.dropped_windows.eq(self.dropped_windows + beat.drops),
            ]
        with m.If(self.restart):
            m.d.sync += [
                state.as_value().eq(self._framing.restarted(state)),
                self.dropped_windows.eq(self.dropped_windows + begun),
            ]
        if self.begun is not None:
            bus = self.state_bus
            m.d.comb += bus.result.eq(state.as_value())
            with m.If(bus.active & bus.write):
                m.d.sync += state.as_value().eq(bus.data)
        with m.If(accepted & beat.passes & beat.last):
            m.d.sync += window_wait.eq(pace.window - 1)
