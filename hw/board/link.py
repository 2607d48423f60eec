"""The protocol between a host and a board, in Python; `hw.board.link_bridge` has it in hardware.

A frame is kind, sequence number, body and CRC-32 (ISO-HDLC, low byte first), framed by SLIP
(`hw.board.slip`). The host sends a frame and waits for the answer of the same number; when none
comes in time, or a damaged one, it sends the same frame again. The board keeps its last answer: a
frame whose number it has just served is answered from there and steps nothing again. So a sample
is served once, whatever is lost or damaged on the line, and in order, because only the number that
follows is served at all.

Whatever is damaged, too long, too short, or of another number is not answered, and counted.
"""

import zlib
from dataclasses import dataclass
from enum import IntEnum

from hw.board.slip import encode_frame
from hw.errors import ChronogateError

CRC_BYTES = 4
HEADER_BYTES = 2
OVERHEAD_BYTES = HEADER_BYTES + CRC_BYTES
ANSWER = 0x80
"""Added to the kind of an answer."""

IDENTITY_BYTES = 8
"""How much of the network's fingerprint a board tells."""

MODEL_BYTES = 4
"""How much of the fingerprint of the weights loaded last it tells, where there can be others."""

ADDRESS_BYTES, WORD_BYTES = 2, 4
WRITE_BYTES = ADDRESS_BYTES + WORD_BYTES
WRITES = 8
"""Writes in a frame at most; a longer frame is damaged more often, and then sent as a whole."""

MODEL_ADDRESS = 0x8000
"""Where the host notes of which network the weights are; above every register."""

OKAY, NO_WRITE, NO_REGISTER = 0b00, 0b10, 0b11
"""Responses: those of AXI, all of a frame's or-ed; the last one to addresses above the map."""

SECOND_MODEL = 0x40
"""Added to the kind of every answer from a forecast of the second bank of weights on."""

SEQUENCES = 256


class Kind(IntEnum):
    """What a host asks for."""

    SAMPLE = 1  # body: a window, or a sample where the mode cuts the windows on the board
    LAST = 3  # the same, and the series ends with it
    IDENTIFY = 4  # no body; the answer's number is the next that will be served
    READ = 5  # body: an address; the answer: a response, and the word
    WRITE = 6  # body: words, each with its address behind it; the answer: a response


@dataclass(frozen=True)
class Counters:
    """What a board has counted since its reset, modulo 2**16.

    Parameters
    ----------
    served
        Samples that were computed.
    repeated
        Frames that were sent again and answered without anything being done.
    refused
        Frames that were damaged, or of a wrong length or number.
    dropped
        Windows that the network has dropped.
    """

    served: int
    repeated: int
    refused: int
    dropped: int


COUNTER_BYTES = 2
COUNTERS = tuple(Counters.__dataclass_fields__)


@dataclass(frozen=True)
class Frame:
    """A frame without its CRC.

    Parameters
    ----------
    kind
        `Kind`, in answers with `ANSWER`.
    number
        Sequence number.
    body
        The rest.
    """

    kind: int
    number: int
    body: bytes = b""

    def encode(self) -> bytes:
        """Return the bytes on the line, END at the end."""
        payload = bytes([self.kind, self.number]) + self.body
        return encode_frame(payload + zlib.crc32(payload).to_bytes(CRC_BYTES, "little"))

    @classmethod
    def decode(cls, payload: bytes) -> "Frame | None":
        """Return the frame in the payload of a SLIP frame, or ``None`` when it is damaged."""
        content, crc = payload[:-CRC_BYTES], payload[-CRC_BYTES:]
        if len(payload) < OVERHEAD_BYTES or zlib.crc32(content) != int.from_bytes(crc, "little"):
            return None
        return cls(content[0], content[1], content[HEADER_BYTES:])


@dataclass(frozen=True)
class Identity:
    """What a board answers to `Kind.IDENTIFY`.

    Parameters
    ----------
    fingerprint
        The first bytes of the network's fingerprint.
    counters
        See there.
    registers
        Whether it has registers.
    model
        The first bytes of the fingerprint of the network whose weights were loaded last; empty
        where they cannot be replaced.
    """

    fingerprint: bytes
    counters: Counters
    registers: bool = False
    model: bytes = b""

    @classmethod
    def decode(cls, body: bytes) -> "Identity":
        """Read the body of the answer.

        Raises
        ------
        ChronogateError
            When it has another length.
        """
        plain = IDENTITY_BYTES + COUNTER_BYTES * len(COUNTERS)
        if len(body) not in (plain, plain + 1, plain + 1 + MODEL_BYTES):
            raise ChronogateError(
                f"the board tells of itself in {len(body)} bytes, which this version does not "
                "understand: make its bitstream again"
            )
        numbers = (
            int.from_bytes(body[place : place + COUNTER_BYTES], "little")
            for place in range(IDENTITY_BYTES, plain, COUNTER_BYTES)
        )
        return cls(body[:IDENTITY_BYTES], Counters(*numbers), len(body) > plain, body[plain + 1 :])
