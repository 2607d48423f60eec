"""The answers of a board's side of the link: kind, number, body, CRC-32, byte by byte."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC

from hw.board.link import (
    ANSWER,
    HEADER_BYTES,
    IDENTITY_BYTES,
    OVERHEAD_BYTES,
    SECOND_MODEL,
    WORD_BYTES,
    Kind,
)
from hw.board.link_registers import LinkMaster
from hw.board.link_spec import LinkBridge
from hw.board.slip import FrameEncoder

CAPABILITIES = Const(1, 8)
"""What tells a design with registers from one without."""


@dataclass(frozen=True)
class Answer:
    """What an answer is made of.

    Parameters
    ----------
    kind, number, due
        Of the frame that is answered, and the number that is served next.
    told
        Whether it asks for the identity.
    empty
        Whether a sample has no forecast.
    reply
        The forecast.
    counts
        What the board has counted, by name.
    second
        Whether the forecast is of the second bank of weights.
    """

    kind: Signal
    number: Signal
    due: Signal
    told: Signal
    empty: Signal
    reply: Signal
    counts: dict[str, Signal]
    second: Value


def send_answer(
    m: Module,
    spec: LinkBridge,
    encoder: FrameEncoder,
    answer: Answer,
    sending: Signal,
    master: LinkMaster | None,
) -> Value:
    """Send the answer while `sending`; return whether its last byte went.

    Parameters
    ----------
    master
        What has served a register, where there are any.
    """
    told, reply = answer.told, answer.reply
    facts = _facts(spec, answer, master)
    sizes = (len(facts) // 8, spec.response_bytes)
    longest = max(*sizes, 1 + WORD_BYTES) if master is not None else max(sizes)
    place = Signal(range(longest + OVERHEAD_BYTES + 1), name="sent_bytes")
    body = Signal(range(longest + 1), name="answer_bytes")
    m.submodules.sum = check = CRC32_ISO_HDLC(8).create()
    byte = Signal(8, name="sent_byte")
    gone, final = Signal(name="byte_gone"), Signal(name="byte_final")
    in_body = Signal(name="in_body")
    in_crc = Signal(name="in_crc")
    length: Value = Mux(told, sizes[0], Mux(answer.empty, 0, sizes[1]))
    of_register = Const(0, 1)
    if master is not None:
        reads = answer.kind == Kind.READ
        of_register = reads | (answer.kind == Kind.WRITE)
        length = Mux(of_register, Mux(reads, 1 + WORD_BYTES, 1), length)
    m.d.comb += [
        body.eq(length),
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
        m.d.comb += byte.eq(answer.kind | ANSWER)
        if spec.has_banks:
            m.d.comb += byte.eq(answer.kind | ANSWER | Mux(answer.second, SECOND_MODEL, 0))
    with m.Elif(place == 1):
        m.d.comb += byte.eq(Mux(told, answer.due, answer.number))
    with m.Elif(in_crc):
        m.d.comb += byte.eq(check.crc.word_select((place - body - HEADER_BYTES)[:2], 8))
    with m.Elif(told):
        m.d.comb += byte.eq(facts.word_select((place - HEADER_BYTES)[:5], 8))
    if master is not None:
        found = Cat(master.response, Const(0, 6), master.word)
        with m.Elif(of_register):
            m.d.comb += byte.eq(found.word_select((place - HEADER_BYTES)[:3], 8))
    with m.Else():
        m.d.comb += byte.eq(reply[:8])
    with m.If(gone):
        m.d.sync += place.eq(Mux(final, 0, place + 1))
        # Once around, so that the same answer can be given again.
        with m.If(in_body & ~told & ~of_register if master is not None else in_body & ~told):
            m.d.sync += reply.eq(Cat(reply[8:], reply[:8]))
    return gone & final


def _facts(spec: LinkBridge, answer: Answer, master: LinkMaster | None) -> Value:
    identity = Const(int.from_bytes(spec.identity, "little"), 8 * IDENTITY_BYTES)
    known = Cat(identity, *answer.counts.values())
    if master is None:
        return known
    model = [master.model] if spec.has_banks else []
    return Cat(known, CAPABILITIES, *model)
