"""The inputs beside the leading one: their beats enter together with its beats.

A window is made of one packet of every stream, a packet being the beats up to and including
``tlast``; the n-th packets of all streams belong together. An input per step brings its k-th beat
with the k-th of the leading input; an input without steps brings its one beat with the first. The
leading input waits until what its beat needs is there; a window so starts when the static values
and the initial states are there. The others wait in buffers of their own (`hw.top.axi`), so that a
sender may be ahead by up to two beats on each, and no ready depends on another stream's valid.

A packet that is too short or too long, on whichever stream, drops its window, which is counted
once. What is left of the packets of that window is taken and thrown away, each stream up to its own
``tlast``; the next window begins with the next packet of every stream.
"""

from collections.abc import Sequence

from amaranth.hdl import Const, Module, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.stream import Port
from hw.top.entry import padded_width, unpad


class SideInputs(wiring.Component):
    """Pairs the beats of other inputs with those that the entry of the leading one lets in.

    Parameters
    ----------
    lead
        The leading input.
    ports
        The others; number k has the pins ``tdata<k>`` to ``tlast<k>`` and the stream ``o<k>``.
    """

    tlast: Signal
    first: Signal
    dropping: Signal
    accepted: Signal
    breaks: Signal
    enters: Signal
    enters_last: Signal
    there: Signal
    misfit: Signal

    def __init__(self, lead: Port, ports: Sequence[Port]) -> None:
        self._lead, self._ports = lead, ports
        super().__init__(
            {
                "tlast": In(1),  # of the leading input's beat
                "first": In(1),  # it begins a window
                "dropping": In(1),  # its window is invalid already
                "accepted": In(1),  # it is taken
                "breaks": In(1),  # its window becomes invalid
                "enters": In(1),  # it goes into the network
                "enters_last": In(1),
                "there": Out(1),  # it may be taken
                "misfit": Out(1),  # it does not fit the others'
            }
            | {
                f"{name}{k}": kind
                for k, port in enumerate(ports)
                for name, kind in (
                    ("tdata", In(unsigned(padded_width(port) * port.channels))),
                    ("tvalid", In(1)),
                    ("tready", Out(1)),
                    ("tlast", In(1)),
                    ("o", Out(port.signature)),
                )
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        there: Value = Const(1, 1)
        misfit: Value = Const(0, 1)
        for k, port in enumerate(self._ports):
            draining = Signal(name=f"draining{k}")
            tvalid, tready, tlast, takes = (
                *(self._pin(name, k) for name in ("tvalid", "tready", "tlast")),
                Signal(name=f"takes{k}"),
            )
            per_step = port.beats == self._lead.beats
            wanted = Const(1, 1) if per_step else self.first
            there &= ~wanted | (tvalid & ~draining)
            misfit |= wanted & (tlast ^ self.tlast if per_step else ~tlast)
            m.d.comb += [
                takes.eq(self.accepted & wanted & ~self.dropping),
                tready.eq(takes | draining),
            ]
            with m.If(self.breaks):
                # Of an input per step the packet goes on, also where a restart breaks the window.
                m.d.sync += draining.eq(~(takes & tlast) if per_step else takes & ~tlast)
            with m.Elif(tvalid & tlast):
                m.d.sync += draining.eq(0)
            self._enter(m, k, port, wanted, per_step)
        m.d.comb += [self.there.eq(self.dropping | there), self.misfit.eq(misfit)]
        return m

    def _enter(self, m: Module, k: int, port: Port, wanted: Value, per_step: bool) -> None:
        o: stream.Interface = getattr(self, f"o{k}")
        m.d.comb += [
            o.payload.data.eq(unpad(m, self._pin("tdata", k), port, f"unpadded{k}")),
            o.payload.tag.first.eq(self.first),
            o.payload.tag.last.eq(self.enters_last if per_step else 1),
            o.valid.eq(self.enters & wanted),
        ]

    def _pin(self, name: str, k: int) -> Signal:
        pin = getattr(self, f"{name}{k}")
        assert isinstance(pin, Signal)
        return pin
