"""UART: one byte per frame of a start bit, eight data bits (low bit first) and a stop bit (8N1).

The line idles high. Both sides count clock cycles per bit (`Uart.divisor`); nothing is negotiated,
so the two clocks may differ by about 4 % over the ten bits of a frame.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from hw.errors import ChronogateError

FRAME_BITS = 10
"""Start bit, eight data bits, stop bit."""

_SMALLEST_DIVISOR = 4


@dataclass(frozen=True)
class Uart:
    """A UART of one speed.

    Parameters
    ----------
    divisor
        Clock cycles per bit; at least 4, so that the middle of a bit is away from its edges.

    Raises
    ------
    ChronogateError
        When `divisor` is below 4.
    """

    divisor: int

    def __post_init__(self) -> None:
        if self.divisor < _SMALLEST_DIVISOR:
            raise ChronogateError(
                f"a UART needs at least {_SMALLEST_DIVISOR} clock cycles per bit, "
                f"not {self.divisor}: choose a lower baud rate"
            )

    @classmethod
    def for_baud(cls, clock_hz: float, baud: float) -> "Uart":
        """Return the UART whose bit is closest to ``1 / baud``.

        Raises
        ------
        ChronogateError
            When the nearest whole divisor is more than 2 % off: half of what the ten bits of a
            frame bear, the other half being the far side's.
        """
        divisor = max(round(clock_hz / baud), 1)
        error = abs(clock_hz / divisor / baud - 1)
        if error > 0.02:
            raise ChronogateError(
                f"{baud:g} baud cannot be made from a clock of {clock_hz / 1e6:g} MHz "
                f"(off by {error:.1%}): choose {clock_hz / divisor:.0f} baud"
            )
        return cls(divisor)

    @property
    def byte_cycles(self) -> int:
        """Cycles of one byte on the line, and between two bytes sent without a pause."""
        return FRAME_BITS * self.divisor

    @property
    def receive_cycles(self) -> int:
        """Cycles from the first low cycle of the start bit at the pin to the byte's strobe.

        Two for the synchronizer, one for the edge, half a bit to the middle of the start bit and
        nine bits to the middle of the stop bit.
        """
        return 3 + self.divisor // 2 + (FRAME_BITS - 1) * self.divisor

    def receiver(self) -> "UartReceiver":
        """Build the receiving side."""
        return UartReceiver(self)

    def transmitter(self) -> "UartTransmitter":
        """Build the sending side."""
        return UartTransmitter(self)


class UartReceiver(wiring.Component):
    """Bytes from a pin; a UART line cannot be stalled, so the stream has no ``ready``.

    Attributes
    ----------
    rx : In(1)
        The pin, of any clock.
    o : Out(stream of 8 bits, always ready)
        Received bytes, valid for one cycle each.
    error : Out(1)
        High for one cycle instead of ``o.valid`` when the stop bit was low.
    """

    rx: Signal
    o: stream.Interface
    error: Signal

    def __init__(self, spec: Uart) -> None:
        super().__init__(
            {"rx": In(1), "o": Out(stream.Signature(8, always_ready=True)), "error": Out(1)}
        )
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        divisor = self._spec.divisor
        line = Signal(name="line", init=1)
        before = Signal(name="line_before", init=1)
        busy = Signal(name="receiving")
        timer = Signal(range(divisor), name="receive_timer")
        bit = Signal(range(FRAME_BITS), name="receive_bit")
        m.submodules.synchronizer = FFSynchronizer(self.rx, line, init=1)
        m.d.sync += [before.eq(line), self.o.valid.eq(0), self.error.eq(0)]
        with m.If(~busy):
            # An edge, not a level: after a break (a stop bit that was low) nothing starts until
            # the line has been high again.
            with m.If(before & ~line):
                m.d.sync += [busy.eq(1), bit.eq(0), timer.eq(divisor // 2 - 1)]
        with m.Elif(timer != 0):
            m.d.sync += timer.eq(timer - 1)
        with m.Else():
            m.d.sync += [timer.eq(divisor - 1), bit.eq(bit + 1)]
            with m.If(bit == 0):
                # A start bit that is over before its middle was a glitch.
                m.d.sync += busy.eq(~line)
            with m.Elif(bit == FRAME_BITS - 1):
                m.d.sync += [busy.eq(0), self.o.valid.eq(line), self.error.eq(~line)]
            with m.Else():
                m.d.sync += self.o.payload.eq(Cat(self.o.payload[1:], line))
        return m


class UartTransmitter(wiring.Component):
    """Bytes to a pin, without a pause between them as long as the stream has one ready.

    Attributes
    ----------
    i : In(stream of 8 bits)
        Bytes to send.
    tx : Out(1)
        The pin; low one cycle after a byte was accepted.
    """

    i: stream.Interface
    tx: Signal

    def __init__(self, spec: Uart) -> None:
        super().__init__({"i": In(stream.Signature(8)), "tx": Out(1)})
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        divisor = self._spec.divisor
        idle_line = (1 << FRAME_BITS) - 1
        frame = Signal(FRAME_BITS, name="transmit_frame", init=idle_line)
        timer = Signal(range(divisor), name="transmit_timer")
        bits = Signal(range(FRAME_BITS + 1), name="transmit_bits")
        m.d.comb += [self.tx.eq(frame[0]), self.i.ready.eq((bits <= 1) & (timer == 0))]
        with m.If(timer != 0):
            m.d.sync += timer.eq(timer - 1)
        with m.Elif(self.i.ready & self.i.valid):
            m.d.sync += [
                frame.eq(Cat(Const(0, 1), self.i.payload, Const(1, 1))),
                bits.eq(FRAME_BITS),
                timer.eq(divisor - 1),
            ]
        with m.Elif(self.i.ready):
            m.d.sync += bits.eq(0)
        with m.Else():
            m.d.sync += [
                frame.eq(Cat(frame[1:], Const(1, 1))),
                bits.eq(bits - 1),
                timer.eq(divisor - 1),
            ]
        return m
