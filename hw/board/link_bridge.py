"""The board's side of `hw.board.link`: between UART pins and the AXI4-Stream top.

A frame is kept whole until its CRC has been checked; only then are its beats given to the network.
While a frame is served nothing else is listened to: a host waits for the answer anyway.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.memory import Memory, WritePort
from amaranth.lib.wiring import In, Out

from hw.board.link import (
    ANSWER,
    COUNTER_BYTES,
    COUNTERS,
    HEADER_BYTES,
    IDENTITY_BYTES,
    OVERHEAD_BYTES,
    Kind,
)
from hw.board.link_spec import LinkBridge
from hw.board.slip import FrameDecoder, FrameEncoder, beat_layout


class LinkBridgeComponent(wiring.Component):
    """`LinkBridge` in hardware.

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
    dropped : In(32)
        Windows that the network has dropped.
    trouble : Out(1)
        High since a frame was refused or a window dropped.
    """

    rx: Signal
    tx: Signal
    dropped: Signal
    trouble: Signal
    window: stream.Interface
    forecast: stream.Interface

    def __init__(self, spec: LinkBridge) -> None:
        super().__init__(
            {
                "rx": In(1),
                "tx": Out(1),
                "dropped": In(32),
                "trouble": Out(1),
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
        # A byte and the end that may follow it at once.
        m.submodules.decoder = decoder = FrameDecoder(4)
        m.submodules.encoder = encoder = FrameEncoder(1)
        wiring.connect(m, receiver.o, decoder.i)
        wiring.connect(m, encoder.o, transmitter.i)
        m.d.comb += [
            decoder.error.eq(receiver.error),
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
        ]

        kind, number = Signal(8, name="kind"), Signal(8, name="number")
        due = Signal(8, name="number_due")
        counts = {name: Signal(8 * COUNTER_BYTES, name=f"count_{name}") for name in COUNTERS}
        m.d.comb += counts["dropped"].eq(self.dropped)
        listening = Signal(name="listening")
        whole = Signal(name="frame_whole")
        sound = Signal(name="frame_sound")
        length = self._collect(m, decoder, kind, number, listening, whole, sound)
        answered = Signal(name="answered")
        asks = Signal(name="asks_for_sample")
        fits = Signal(name="sample_fits")
        told = Signal(name="asks_for_identity")
        m.d.comb += [
            asks.eq((kind == Kind.SAMPLE) | (kind == Kind.LAST)),
            fits.eq(asks & (length == spec.sample_bytes + OVERHEAD_BYTES)),
            told.eq((kind == Kind.IDENTIFY) & (length == OVERHEAD_BYTES)),
        ]
        started = Signal(range(spec.silent + 1), name="samples_begun")
        empty = Signal(name="answer_empty")
        reply = Signal(8 * spec.response_bytes, name="reply")
        feeding, waiting, sending = (
            Signal(name=name) for name in ("feeding", "waiting", "sending")
        )
        m.d.comb += listening.eq(~(feeding | waiting | sending))
        fed = self._feed(m, kind, feeding)
        sent = self._send(m, encoder, kind, number, due, told, empty, reply, counts, sending)
        with m.If(whole):
            with m.If(sound & fits & (number == due)):
                m.d.sync += [feeding.eq(1), counts["served"].eq(counts["served"] + 1)]
            with m.Elif(sound & fits & answered & (number == (due - 1)[:8])):
                m.d.sync += [sending.eq(1), counts["repeated"].eq(counts["repeated"] + 1)]
            with m.Elif(sound & told):
                m.d.sync += sending.eq(1)
            with m.Else():
                m.d.sync += counts["refused"].eq(counts["refused"] + 1)
        with m.If((counts["refused"] != 0) | (self.dropped != 0)):
            m.d.sync += self.trouble.eq(1)
        with m.If(fed):
            quiet = started < spec.silent
            m.d.sync += [
                feeding.eq(0),
                waiting.eq(~quiet),
                sending.eq(quiet),
                empty.eq(quiet),
                due.eq(due + 1),
                answered.eq(1),
                started.eq(Mux(kind == Kind.LAST, 0, Mux(quiet, started + 1, started))),
            ]
        m.d.comb += self.forecast.ready.eq(waiting)
        with m.If(self.forecast.valid & self.forecast.ready):
            m.d.sync += [reply.eq(self.forecast.payload.data), waiting.eq(0), sending.eq(1)]
        with m.If(sent):
            m.d.sync += sending.eq(0)
        return m

    def _collect(
        self,
        m: Module,
        decoder: FrameDecoder,
        kind: Signal,
        number: Signal,
        listening: Signal,
        whole: Signal,
        sound: Signal,
    ) -> Signal:
        """Take frames apart while `listening`; return their length, up to one byte too many.

        `whole` is high for the cycle in which a frame ends, `sound` says whether its CRC is right.
        """
        most = self._spec.sample_bytes + OVERHEAD_BYTES
        length = Signal(range(most + 2), name="frame_length")
        place = Signal(range(most + 2), name="frame_place")
        fresh = Signal(name="frame_fresh", init=1)
        spoiled = Signal(name="frame_spoiled")
        m.submodules.check = check = CRC32_ISO_HDLC(8).create()
        item = decoder.o.payload
        taken = Signal(name="byte_taken")
        write = self._buffer(m)
        m.d.comb += [
            decoder.o.ready.eq(1),
            taken.eq(decoder.o.valid & ~item.end & listening & ~spoiled),
            place.eq(Mux(fresh, 0, length)),
            check.data.eq(item.byte),
            check.valid.eq(taken),
            check.start.eq(taken & fresh),
            write.addr.eq(place - HEADER_BYTES),
            write.data.eq(item.byte),
            write.en.eq(
                taken & (place >= HEADER_BYTES) & (place < self._spec.sample_bytes + HEADER_BYTES)
            ),
            whole.eq(decoder.o.valid & item.end & listening & ~spoiled & ~fresh),
            sound.eq(check.match_detected & ~item.byte[0]),
        ]
        with m.If(taken):
            m.d.sync += [length.eq(Mux(place == most + 1, place, place + 1)), fresh.eq(0)]
            with m.If(place == 0):
                m.d.sync += kind.eq(item.byte)
            with m.If(place == 1):
                m.d.sync += number.eq(item.byte)
        with m.Elif(decoder.o.valid & ~item.end):
            m.d.sync += spoiled.eq(1)
        with m.Elif(decoder.o.valid):
            m.d.sync += [spoiled.eq(0), fresh.eq(1)]
        return length

    def _buffer(self, m: Module) -> WritePort:
        """Add the memory for a sample; `_feed` reads it."""
        depth = self._spec.sample_bytes
        m.submodules.buffer = self._memory = Memory(shape=8, depth=depth, init=[])
        return self._memory.write_port()

    def _feed(self, m: Module, kind: Signal, feeding: Signal) -> Value:
        """Give the network the beats of the buffered sample; return whether the last one went."""
        spec = self._spec
        read = self._memory.read_port()
        place = Signal(range(spec.sample_bytes + 1), name="fed_bytes")
        inside = Signal(range(spec.request_bytes + 1), name="beat_bytes")
        ready = Signal(name="byte_ready")
        beat = Signal(8 * spec.request_bytes, name="beat")
        final = Signal(name="beat_final")
        gone = Signal(name="beat_gone")
        offered = inside == spec.request_bytes
        m.d.comb += [
            read.addr.eq(place),
            final.eq(place == spec.sample_bytes),
            self.window.payload.data.eq(beat),
            self.window.payload.last.eq(final & (Const(spec.closes, 1) | (kind == Kind.LAST))),
            self.window.valid.eq(feeding & offered),
            gone.eq(self.window.valid & self.window.ready),
        ]
        with m.If(gone):
            m.d.sync += inside.eq(0)
            with m.If(final):
                m.d.sync += place.eq(0)
        with m.Elif(feeding & ~offered):
            m.d.sync += ready.eq(~ready)
            with m.If(ready):
                m.d.sync += [
                    beat.eq(Cat(beat[8:], read.data)),
                    place.eq(place + 1),
                    inside.eq(inside + 1),
                ]
        return gone & final

    def _send(
        self,
        m: Module,
        encoder: FrameEncoder,
        kind: Signal,
        number: Signal,
        due: Signal,
        told: Signal,
        empty: Signal,
        reply: Signal,
        counts: dict[str, Signal],
        sending: Signal,
    ) -> Value:
        """Send the answer while `sending`; return whether its last byte went."""
        spec = self._spec
        identity = Const(int.from_bytes(spec.identity, "little"), 8 * IDENTITY_BYTES)
        facts = Cat(identity, *counts.values())
        sizes = (len(facts) // 8, spec.response_bytes)
        place = Signal(range(max(sizes) + OVERHEAD_BYTES + 1), name="sent_bytes")
        body = Signal(range(max(sizes) + 1), name="answer_bytes")
        m.submodules.sum = check = CRC32_ISO_HDLC(8).create()
        byte = Signal(8, name="sent_byte")
        gone, final = Signal(name="byte_gone"), Signal(name="byte_final")
        in_body = Signal(name="in_body")
        in_crc = Signal(name="in_crc")
        m.d.comb += [
            body.eq(Mux(told, sizes[0], Mux(empty, 0, sizes[1]))),
            in_crc.eq(place >= body + HEADER_BYTES),
            in_body.eq((place >= HEADER_BYTES) & ~in_crc),
            final.eq(place == body + OVERHEAD_BYTES - 1),
            encoder.i.valid.eq(sending),
            encoder.i.payload.data.eq(byte),
            encoder.i.payload.last.eq(final),
            gone.eq(sending & encoder.i.ready),
            check.data.eq(byte),
            check.valid.eq(gone & ~in_crc),
            check.start.eq(gone & (place == 0)),
        ]
        with m.If(place == 0):
            m.d.comb += byte.eq(kind | ANSWER)
        with m.Elif(place == 1):
            m.d.comb += byte.eq(Mux(told, due, number))
        with m.Elif(in_crc):
            m.d.comb += byte.eq(check.crc.word_select((place - body - HEADER_BYTES)[:2], 8))
        with m.Elif(told):
            m.d.comb += byte.eq(facts.word_select((place - HEADER_BYTES)[:5], 8))
        with m.Else():
            m.d.comb += byte.eq(reply[:8])
        with m.If(gone):
            m.d.sync += place.eq(Mux(final, 0, place + 1))
            # Once around, so that the same answer can be given again.
            with m.If(in_body & ~told):
                m.d.sync += reply.eq(Cat(reply[8:], reply[:8]))
        return gone & final
