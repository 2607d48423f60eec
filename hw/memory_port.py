"""A port into a memory of a block for a host that is in no hurry: weights, states, thresholds.

The host asks with a stream of requests and the memory may take its time: behind a frozen clock
enable, or while a new model waits for its first window, ``request.ready`` stays low and nothing is
lost. Every reading request is answered by one beat of ``response``, in order.
"""

from dataclasses import dataclass

from amaranth.hdl import Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

MAX_WORD = 64
"""Widest word that a host can move: two registers of the bus."""


@dataclass(frozen=True)
class Memory:
    """What a host must know of a memory behind a `MemoryPort`.

    Parameters
    ----------
    name
        Unique name, lower-case letters, digits and underscores.
    words
        Addresses run from 0 to ``words - 1``; in interleaved designs series s, word w is at
        ``s * words_of_one_series + w``.
    width
        Bits of a word, at most `MAX_WORD`.
    description
        One sentence: what the words are, in which order and format.
    readable, writable
        What requests it takes.
    """

    name: str
    words: int
    width: int
    description: str
    readable: bool = True
    writable: bool = True

    @property
    def address_bits(self) -> int:
        """Bits of an address."""
        return max((self.words - 1).bit_length(), 1)

    @property
    def signature(self) -> "MemoryPort":
        """The port, as the host sees it."""
        return MemoryPort(self.address_bits, self.width)


class MemoryPort(wiring.Signature):
    """Requests out, answers in; the memory has it flipped (``In(...)``).

    Parameters
    ----------
    address_bits, width
        Bits of an address and of a word.
    """

    def __init__(self, address_bits: int, width: int) -> None:
        request = data.StructLayout({"write": 1, "address": address_bits, "data": width})
        super().__init__(
            {
                "request": Out(stream.Signature(request)),
                "response": In(stream.Signature(width, always_ready=True)),
            }
        )


class MemoryInterface:
    """What Amaranth makes of a `MemoryPort`; for annotations."""

    request: stream.Interface
    response: stream.Interface


class StateBus(wiring.Signature):
    """One word of a state, as who reaches for it sees it.

    While `active`, `result` is the word at `address` from the third cycle on; while `write` is
    high, too, the word becomes `data`.

    Parameters
    ----------
    memory
        What is behind.
    """

    def __init__(self, memory: Memory) -> None:
        super().__init__(
            {
                "active": Out(1),
                "write": Out(1),
                "address": Out(memory.address_bits),
                "data": Out(memory.width),
                "result": In(memory.width),
            }
        )


class StateInterface:
    """What Amaranth makes of a `StateBus`; for annotations."""

    active: Signal
    write: Signal
    address: Signal
    data: Signal
    result: Signal
