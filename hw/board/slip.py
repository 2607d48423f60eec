"""SLIP frames (RFC 1055): the protocol in Python and in hardware.

END closes a frame; END and ESC within it are sent as two bytes. Empty frames are nothing, so END
may be sent first to flush what noise has left.
"""

from collections.abc import Iterable

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from hw.errors import ChronogateError

END = 0xC0
ESC = 0xDB
ESC_END = 0xDC
ESC_ESC = 0xDD

_ESCAPES = {END: bytes([ESC, ESC_END]), ESC: bytes([ESC, ESC_ESC])}
_ESCAPED = {ESC_END: END, ESC_ESC: ESC}

ITEM = data.StructLayout({"byte": 8, "end": 1})
"""A byte of a frame, or the frame's end, where bit 0 of `byte` says that the frame is bad."""


def encode_frame(payload: bytes) -> bytes:
    """Return the SLIP frame of `payload`, END at its end only."""
    return b"".join(_ESCAPES.get(byte, bytes([byte])) for byte in payload) + bytes([END])


def decode_frame(frame: bytes) -> bytes:
    """Return the payload of a frame without its END.

    Raises
    ------
    ChronogateError
        When an ESC is followed by neither ESC_END nor ESC_ESC.
    """
    payload = bytearray()
    escaped = False
    for byte in frame:
        if escaped and byte not in _ESCAPED:
            raise ChronogateError(
                f"byte {byte:#04x} after a SLIP escape: the line is noisy or at another baud "
                "rate; send END and start over"
            )
        if escaped or byte != ESC:
            payload.append(_ESCAPED[byte] if escaped else byte)
        escaped = not escaped and byte == ESC
    return bytes(payload)


def decode_frames(line: Iterable[int]) -> list[bytes]:
    """Return the payloads of all complete, non-empty frames in a sequence of bytes.

    Raises
    ------
    ChronogateError
        As `decode_frame`.
    """
    frames = bytes(line).split(bytes([END]))[:-1]
    return [decode_frame(frame) for frame in frames if frame]


def beat_layout(width: int) -> data.StructLayout:
    """Return the payload of an AXI4-Stream beat of `width` bits."""
    return data.StructLayout({"data": width, "last": 1})


class FrameDecoder(wiring.Component):
    """Undo SLIP and buffer the frames.

    Attributes
    ----------
    i, error
        From `hw.board.uart.UartReceiver`.
    o : Out(stream)
        Items: bytes and ends of frames.
    """

    i: stream.Interface
    error: Signal
    o: stream.Interface

    def __init__(self, depth: int) -> None:
        super().__init__(
            {
                "i": In(stream.Signature(8, always_ready=True)),
                "error": In(1),
                "o": Out(stream.Signature(ITEM)),
            }
        )
        self._depth = depth

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.fifo = fifo = SyncFIFOBuffered(width=9, depth=self._depth)
        wiring.connect(m, fifo.r_stream, wiring.flipped(self.o))
        item = data.View(ITEM, fifo.w_data)
        escaped = Signal(name="escaped")
        bad = Signal(name="frame_bad")
        begun = Signal(name="frame_begun")
        room = Signal(name="room")
        value = Signal(8, name="unescaped")
        # The last place is kept for the end of the frame that was begun.
        m.d.comb += [room.eq(fifo.w_level < self._depth - 1), value.eq(self.i.payload)]
        with m.If(self.error):
            m.d.sync += [bad.eq(1), begun.eq(begun | room), escaped.eq(0)]
        with m.Elif(self.i.valid & (self.i.payload == END)):
            m.d.comb += [item.end.eq(1), item.byte.eq(bad | escaped), fifo.w_en.eq(begun)]
            m.d.sync += [bad.eq(0), begun.eq(0), escaped.eq(0)]
        with m.Elif(self.i.valid & (self.i.payload == ESC) & ~escaped):
            m.d.sync += escaped.eq(1)
        with m.Elif(self.i.valid):
            with m.If(escaped):
                m.d.comb += value.eq(Mux(self.i.payload == ESC_END, END, ESC))
                with m.If((self.i.payload != ESC_END) & (self.i.payload != ESC_ESC)):
                    m.d.sync += bad.eq(1)
            with m.If(~room):
                m.d.sync += bad.eq(1)
            m.d.comb += [item.byte.eq(value), fifo.w_en.eq(room)]
            m.d.sync += [begun.eq(begun | room), escaped.eq(0)]
        return m


class FrameEncoder(wiring.Component):
    """Take beats apart into bytes and frame them.

    Attributes
    ----------
    i : In(stream)
        Beats (`beat_layout`).
    o : Out(stream of 8 bits)
        Bytes for the line.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, beat_bytes: int) -> None:
        layout = beat_layout(8 * beat_bytes)
        super().__init__({"i": In(stream.Signature(layout)), "o": Out(stream.Signature(8))})
        self._beat_bytes = beat_bytes

    def elaborate(self, platform: object) -> Module:
        m = Module()
        beat = Signal(8 * self._beat_bytes, name="response")
        left = Signal(range(self._beat_bytes + 1), name="response_left")
        ends = Signal(name="response_ends")
        escaped = Signal(name="response_escaped")
        byte = beat[:8]
        special = (byte == END) | (byte == ESC)
        m.d.comb += [
            self.i.ready.eq((left == 0) & ~ends),
            self.o.valid.eq(~self.i.ready),
            self.o.payload.eq(byte),
        ]
        with m.If(left == 0):
            m.d.comb += self.o.payload.eq(END)
        with m.Elif(escaped):
            m.d.comb += self.o.payload.eq(Mux(byte == END, ESC_END, ESC_ESC))
        with m.Elif(special):
            m.d.comb += self.o.payload.eq(ESC)
        with m.If(self.i.ready & self.i.valid):
            m.d.sync += [
                beat.eq(self.i.payload.data),
                ends.eq(self.i.payload.last),
                left.eq(self._beat_bytes),
            ]
        with m.Elif(self.o.ready & self.o.valid):
            with m.If(left == 0):
                m.d.sync += ends.eq(0)
            with m.Elif(special & ~escaped):
                m.d.sync += escaped.eq(1)
            with m.Else():
                m.d.sync += [escaped.eq(0), beat.eq(beat >> 8), left.eq(left - 1)]
        return m
