"""Interleaved windows while models change: when nothing is computed with the model before any more.

Windows of several series overlap in time, so after a commit those that have begun go on with their
model beside new ones that have the next. Only when the last of them has ended, or is lost with a
restart, and its beats are through, are its weights free to be replaced.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class OldWindows(wiring.Component):
    """Counts the windows under way with each model.

    Parameters
    ----------
    series
        Each of which may have a window under way.
    settling
        Cycles from a beat until nothing of it moves any more.

    Attributes
    ----------
    moves, model : In(1)
        A beat moves on, and which model its window has.
    before, after : In(1)
        Whether a window of its series is under way before the beat, and after it.
    lost : In(1)
        No window is under way any more.
    target : In(1)
        The model of windows to come, host.
    gone : Out(1)
        No other model is in use.
    """

    moves: Signal
    model: Signal
    before: Signal
    after: Signal
    lost: Signal
    target: Signal
    gone: Signal

    def __init__(self, series: int, settling: int) -> None:
        self._series, self._settling = series, settling
        names = ("moves", "model", "before", "after", "lost", "target")
        super().__init__({**{name: In(1) for name in names}, "gone": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        under_way = [Signal(range(self._series + 1), name=f"under_way{k}") for k in range(2)]
        for model, count in enumerate(under_way):
            of_it = Signal(name=f"of_model{model}")
            m.d.comb += of_it.eq(self.moves & (self.model == model))
            with m.If(self.lost):
                m.d.sync += count.eq(0)
            with m.Elif(of_it):
                m.d.sync += count.eq(count + self.after - self.before)
        wait = Signal(range(self._settling + 1), name="settling")
        seen = Signal(name="seen_target")
        in_use = Signal(name="old_model_in_use")
        m.d.comb += [
            # The target changes whether the core is frozen or not.
            in_use.eq(
                (Mux(self.target, *under_way) != 0)
                | (self.moves & (self.model != self.target))
                | (self.target != seen)
            ),
            self.gone.eq(~in_use & (wait == 0)),
        ]
        m.d.sync += seen.eq(self.target)
        with m.If(in_use | self.lost):
            m.d.sync += wait.eq(self._settling)
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        return m
