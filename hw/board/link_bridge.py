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
    COUNTER_BYTES,
    COUNTERS,
    HEADER_BYTES,
    OVERHEAD_BYTES,
    Kind,
)
from hw.board.link_answer import Answer, send_answer
from hw.board.link_registers import Reach, master_pins, reach_registers
from hw.board.link_spec import LinkBridge
from hw.board.slip import FrameDecoder, FrameEncoder, beat_layout
from hw.control.axi_lite import PREFIX, connect_bus


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
    second : In(1)
        Where weights can be replaced: whether the forecast's are those of the second bank.

    With registers there are the pins ``s_axil_*`` of their bus, seen from its master.
    """

    rx: Signal
    tx: Signal
    dropped: Signal
    trouble: Signal
    window: stream.Interface
    forecast: stream.Interface
    second: Signal

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
            | ({} if spec.registers is None else master_pins(spec.registers))
            | ({"second": In(1)} if spec.has_banks else {})
        )
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._spec
        decoder, encoder = self._line(m)
        kind, number = Signal(8, name="kind"), Signal(8, name="number")
        due = Signal(8, name="number_due")
        counts = {name: Signal(8 * COUNTER_BYTES, name=f"count_{name}") for name in COUNTERS}
        m.d.comb += counts["dropped"].eq(self.dropped)
        listening, whole, sound = (
            Signal(name=name) for name in ("listening", "frame_whole", "frame_sound")
        )
        length = self._collect(m, decoder, kind, number, listening, whole, sound)
        answered = Signal(name="answered")
        fits, told = self._understand(m, kind, length)
        started = Signal(range(spec.silent + 1), name="samples_begun")
        reply = Signal(8 * spec.response_bytes, name="reply")
        names = ("feeding", "waiting", "sending", "answer_empty", "reply_second")
        feeding, waiting, sending, empty, second = (Signal(name=name) for name in names)
        fed = self._feed(m, kind, feeding)
        reach = self._reach(m, kind, length)
        answer = Answer(kind, number, due, told, empty, reply, counts, second)
        sent = send_answer(m, spec, encoder, answer, sending, reach and reach.master)
        serves, again, busy = fits, answered, feeding | waiting | sending
        if reach is not None:
            serves, busy = fits | reach.fits, busy | reach.run
            # A host that repeats another frame than the one before has lost count.
            again = answered & (kind == reach.served)
        m.d.comb += listening.eq(~busy)
        with m.If(whole):
            with m.If(sound & serves & (number == due)):
                self._begin(m, feeding, counts["served"], kind, fits, reach)
            with m.Elif(sound & serves & again & (number == (due - 1)[:8])):
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
            if spec.has_banks:
                m.d.sync += second.eq(self.second)
        with m.If(sent):
            m.d.sync += sending.eq(0)
        if reach is not None:
            with m.If(reach.master.done):
                m.d.sync += [reach.run.eq(0), sending.eq(1), due.eq(due + 1), answered.eq(1)]
            with m.If(reach.master.restarts):  # Its first samples have no forecast again.
                m.d.sync += started.eq(0)
        return m

    def _understand(self, m: Module, kind: Signal, length: Signal) -> tuple[Signal, Signal]:
        """Return whether a frame is a sample, and whether it asks for the identity."""
        asks, fits, told = (
            Signal(name=name) for name in ("asks_for_sample", "sample_fits", "asks_for_identity")
        )
        m.d.comb += [
            asks.eq((kind == Kind.SAMPLE) | (kind == Kind.LAST)),
            fits.eq(asks & (length == self._spec.sample_bytes + OVERHEAD_BYTES)),
            told.eq((kind == Kind.IDENTIFY) & (length == OVERHEAD_BYTES)),
        ]
        return fits, told

    def _reach(self, m: Module, kind: Signal, length: Signal) -> Reach | None:
        """Add what serves registers, where there are any; it reads the buffer while it runs."""
        if self._spec.registers is None:
            return None
        reach = reach_registers(m, self._spec, kind, length)
        connect_bus(m, reach.master, self, self._spec.registers.address_bits, PREFIX)
        m.d.comb += reach.master.byte.eq(self._read.data)
        with m.If(reach.run):
            m.d.comb += self._read.addr.eq(reach.master.place)
        return reach

    def _line(self, m: Module) -> tuple[FrameDecoder, FrameEncoder]:
        """Add what lies between the pins and the frames."""
        m.submodules.receiver = receiver = self._spec.uart.receiver()
        m.submodules.transmitter = transmitter = self._spec.uart.transmitter()
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
        return decoder, encoder

    def _begin(
        self,
        m: Module,
        feeding: Signal,
        served: Signal,
        kind: Signal,
        fits: Signal,
        reach: Reach | None,
    ) -> None:
        """Begin to serve a frame, a sample or an access."""
        if reach is None:
            m.d.sync += [feeding.eq(1), served.eq(served + 1)]
            return
        m.d.sync += [feeding.eq(fits), reach.run.eq(reach.fits), reach.served.eq(kind)]
        with m.If(fits):
            m.d.sync += served.eq(served + 1)

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
        most = self._spec.body_bytes + OVERHEAD_BYTES
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
                taken & (place >= HEADER_BYTES) & (place < self._spec.body_bytes + HEADER_BYTES)
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
        depth = self._spec.body_bytes
        m.submodules.buffer = self._memory = Memory(shape=8, depth=depth, init=[])
        return self._memory.write_port()

    def _feed(self, m: Module, kind: Signal, feeding: Signal) -> Value:
        """Give the network the beats of the buffered sample; return whether the last one went."""
        spec = self._spec
        self._read = read = self._memory.read_port()
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
