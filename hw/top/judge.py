"""The judge of a gate: whether a window is rough, told two cycles after its last beat.

That the largest step reaches the threshold means that some step does, so nothing is kept of a
window but one bit.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.network.gated import GatedNetwork


class Judge(wiring.Component):
    """Compares each step of the chosen channels with the threshold.

    Parameters
    ----------
    gated
        The design.

    Attributes
    ----------
    i : In(stream)
        Beats that enter the cheap network.
    threshold : In
        Taken over at the first beat of a window, for all of it.
    kept : Out(stream)
        The same beats one cycle later.
    decided, rough : Out(1)
        High for one cycle, the cycle after a window's last beat was on `kept`; the verdict.
    """

    i: stream.Interface
    threshold: Signal
    kept: stream.Interface
    decided: Signal
    rough: Signal

    def __init__(self, gated: GatedNetwork) -> None:
        self._channels = gated.channels
        signature = gated.input.signature
        super().__init__(
            {
                "i": In(signature),
                "threshold": In(gated.threshold_bits),
                "kept": Out(signature),
                "decided": Out(1),
                "rough": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        kept, tag = self.kept.payload, self.kept.payload.tag
        limit = Signal.like(self.threshold, name="limit")
        before = {c: Signal.like(kept.data[c], name=f"before{c}") for c in self._channels}
        reaches = Signal(len(before), name="reaches")
        m.d.sync += [self.kept.valid.eq(self.i.valid), self.decided.eq(self.kept.valid & tag.last)]
        with m.If(self.i.valid):
            m.d.sync += kept.eq(self.i.payload)
            m.d.sync += [earlier.eq(kept.data[c]) for c, earlier in before.items()]
        for index, (channel, earlier) in enumerate(before.items()):
            step = Signal(len(self.threshold), name=f"step{channel}")
            now = kept.data[channel]
            m.d.comb += [
                step.eq(Mux(now > earlier, now - earlier, earlier - now)),
                reaches[index].eq(step >= limit),
            ]
        with m.If(self.kept.valid):
            with m.If(tag.first):
                m.d.sync += [self.rough.eq(0), limit.eq(self.threshold)]
            with m.Elif(reaches.any()):
                m.d.sync += self.rough.eq(1)
        return m
