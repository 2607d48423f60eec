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

SEQUENCES = 256


class Kind(IntEnum):
    """What a host asks for."""

    SAMPLE = 1  # body: a window, or a sample where the mode cuts the windows on the board
    LAST = 3  # the same, and the series ends with it
    IDENTIFY = 4  # no body; the answer's number is the next that will be served


@dataclass(frozen=True)
class Counters:
    """What a board has counted since its reset, modulo 2**16.

    Parameters
    ----------
    served
        Samples that were computed.
    repeated
        Samples that were asked for again and answered without being computed.
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
    """

    fingerprint: bytes
    counters: Counters

    @classmethod
    def decode(cls, body: bytes) -> "Identity":
        """Read the body of the answer.

        Raises
        ------
        ChronogateError
            When it has another length.
        """
        if len(body) != IDENTITY_BYTES + COUNTER_BYTES * len(COUNTERS):
            raise ChronogateError(
                f"the board tells of itself in {len(body)} bytes, which this version does not "
                "understand: make its bitstream again"
            )
        numbers = (
            int.from_bytes(body[place : place + COUNTER_BYTES], "little")
            for place in range(IDENTITY_BYTES, len(body), COUNTER_BYTES)
        )
        return cls(body[:IDENTITY_BYTES], Counters(*numbers))
