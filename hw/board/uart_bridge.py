"""The bridge between UART pins and the AXI4-Stream top.

A SLIP frame in is one window: all its beats, low byte first. A frame out is one forecast. The line
cannot be stalled, so a FIFO that holds one whole window stands behind the receiver: a host that
waits for each forecast before it sends the next window never loses a byte, however slow the
network is. `UartBridge.sustains` tells when it need not wait.

A window that went wrong on the way (a low stop bit, a bad escape, no room in the FIFO, bytes that
do not fill a beat) is ended by a ``tlast`` on a beat that cannot be the window's last, so that the
accelerator drops and counts it by its own rule. Frames of too few or too many whole beats pass
through and meet the same rule. Only a frame that finds the FIFO full from its first byte on
disappears without being counted.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.board.slip import ITEM, FrameDecoder, FrameEncoder, beat_layout
from hw.board.uart import Uart
from hw.errors import ChronogateError


@dataclass(frozen=True)
class UartBridge:
    """UART pins on one side, the accelerator's two AXI4-Streams on the other.

    Parameters
    ----------
    uart
        Speed of the line.
    steps
        Beats in a window.
    request_bytes
        Bytes of an input beat.
    response_bytes
        Bytes of an output beat.
    """

    uart: Uart
    steps: int
    request_bytes: int
    response_bytes: int

    def __post_init__(self) -> None:
        if min(self.steps, self.request_bytes, self.response_bytes) < 1:
            raise ChronogateError(
                "a UART bridge without bytes to move has no use: "
                "give windows and beats of at least one byte"
            )

    @property
    def window_bytes(self) -> int:
        """Bytes of a window before escaping."""
        return self.steps * self.request_bytes

    def request_cycles(self, escapes: int = 0) -> int:
        """Cycles on the line of one window with `escapes` bytes that must be escaped."""
        return (self.window_bytes + escapes + 1) * self.uart.byte_cycles

    def response_cycles(self, escapes: int = 0) -> int:
        """Cycles on the line of one forecast."""
        return (self.response_bytes + escapes + 1) * self.uart.byte_cycles

    @property
    def last_beat_cycles(self) -> int:
        """From the first low cycle of the pin in END's start bit to the last beat's ``valid``.

        The receiver's cycles, one to write the FIFO and one to read it.
        """
        return self.uart.receive_cycles + 2

    @property
    def first_bit_cycles(self) -> int:
        """From the handshake of an idle bridge's output beat to the first low cycle of the pin."""
        return 2

    def sustains(self, interval_cycles: int) -> bool:
        """Tell whether windows may follow each other without a pause and none is ever lost.

        Parameters
        ----------
        interval_cycles
            Cycles the accelerator needs from window to window.
        """
        slowest = max(interval_cycles, self.response_cycles(escapes=self.response_bytes))
        return slowest <= self.request_cycles()

    def build(self) -> "UartBridgeComponent":
        return UartBridgeComponent(self)


class BeatPacker(wiring.Component):
    """Put bytes together to beats; a beat waits until the next item tells whether it is the last.

    Attributes
    ----------
    i : In(stream)
        Items from `hw.board.slip.FrameDecoder`.
    o : Out(stream)
        Beats (`beat_layout`).
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, steps: int, beat_bytes: int) -> None:
        layout = beat_layout(8 * beat_bytes)
        super().__init__({"i": In(stream.Signature(ITEM)), "o": Out(stream.Signature(layout))})
        self._steps = steps
        self._beat_bytes = beat_bytes

    def elaborate(self, platform: object) -> Module:
        m = Module()
        beat = Signal(8 * self._beat_bytes, name="beat")
        count = Signal(range(self._beat_bytes + 1), name="beat_count")
        index = Signal(range(self._steps + 1), name="beat_index")
        full = Signal(name="beat_full")
        closing_bad = Signal(name="closing_bad")
        item = self.i.payload
        m.d.comb += [
            full.eq(count == self._beat_bytes),
            closing_bad.eq(item.end & (item.byte[0] | ~full)),
            self.o.payload.data.eq(beat),
            # A bad window is closed anywhere but on its rightful last beat.
            self.o.payload.last.eq(item.end & ~(closing_bad & (index == self._steps - 1))),
            self.o.valid.eq(self.i.valid & (full | item.end)),
            self.i.ready.eq(Mux(full | item.end, self.o.ready & self.o.payload.last, 1)),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += index.eq(Mux(index == self._steps, index, index + 1))
            # A beat closed on a bad end is pushed once more, whatever it holds.
            with m.If(~item.end):
                m.d.sync += count.eq(0)
            with m.If(self.o.payload.last):
                m.d.sync += [count.eq(0), index.eq(0)]
        with m.Elif(self.i.valid & self.i.ready):
            m.d.sync += [beat.eq(Cat(beat[8:], item.byte)), count.eq(count + 1)]
        return m


class UartBridgeComponent(wiring.Component):
    """`UartBridge` in hardware.

    Attributes
    ----------
    rx : In(1)
        Pin.
    tx : Out(1)
        Pin.
    window : Out(stream)
        Beats for ``s_axis``.
    forecast : In(stream)
        Beats from ``m_axis``.
    """

    rx: Signal
    tx: Signal
    window: stream.Interface
    forecast: stream.Interface

    def __init__(self, spec: UartBridge) -> None:
        super().__init__(
            {
                "rx": In(1),
                "tx": Out(1),
                "window": Out(stream.Signature(beat_layout(8 * spec.request_bytes))),
                "forecast": In(stream.Signature(beat_layout(8 * spec.response_bytes))),
            }
        )
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._spec
        m.submodules.receiver = receiver = spec.uart.receiver()
        m.submodules.transmitter = transmitter = spec.uart.transmitter()
        # One window and its end.
        m.submodules.decoder = decoder = FrameDecoder(spec.window_bytes + 1)
        m.submodules.packer = packer = BeatPacker(spec.steps, spec.request_bytes)
        m.submodules.encoder = encoder = FrameEncoder(spec.response_bytes)
        wiring.connect(m, receiver.o, decoder.i)
        wiring.connect(m, decoder.o, packer.i)
        wiring.connect(m, packer.o, wiring.flipped(self.window))
        wiring.connect(m, wiring.flipped(self.forecast), encoder.i)
        wiring.connect(m, encoder.o, transmitter.i)
        m.d.comb += [
            decoder.error.eq(receiver.error),
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
        ]
        return m
