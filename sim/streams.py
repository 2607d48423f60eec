"""Beats as the library of the RTL sees them: bytes, marks, cycles of each stream."""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hw.stream import Port
from hw.top.entry import padded_width
from sim.beats import InputBeats, OutputBeats
from sim.verilated import beat_bytes


class CStream(ctypes.Structure):
    """``Stream`` of ``rtl_streams.h``."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("data", "marks", "cycles")),
        *((name, ctypes.c_int64) for name in ("beats", "done")),
    ]


@dataclass(frozen=True)
class StreamBuffer:
    """The beats of one stream as the library sees them.

    Parameters
    ----------
    data
        Bytes of each beat, uint8 ``(beats, bytes)``.
    marks
        ``2 * tid + tlast`` of each, uint32.
    cycles
        Of their handshakes, int64.
    """

    data: NDArray[np.uint8]
    marks: NDArray[np.uint32]
    cycles: NDArray[np.int64]

    @classmethod
    def empty(cls, beats: int, port: Port) -> Self:
        """Return room for so many beats."""
        data = np.zeros((beats, beat_bytes(port)), dtype=np.uint8)
        return cls(data, np.zeros(beats, dtype=np.uint32), np.zeros(beats, dtype=np.int64))

    @classmethod
    def of(cls, beats: InputBeats, port: Port) -> Self:
        """Return the beats of an input."""
        marks = 2 * beats.series.astype(np.uint32) + beats.last
        return cls(pack(beats.codes, port), marks, np.zeros(len(marks), dtype=np.int64))

    def structure(self) -> CStream:
        """Return the C structure that points here."""
        arrays = (self.data, self.marks, self.cycles)
        return CStream(*(array.ctypes.data for array in arrays), len(self.marks), 0)


def structures(buffers: Sequence[StreamBuffer]) -> ctypes.Array[CStream]:
    """Return the C array of the streams."""
    return (CStream * len(buffers))(*(buffer.structure() for buffer in buffers))


def counts(streams: ctypes.Array[CStream]) -> str:
    """Say how many beats of each stream have moved."""
    return " and ".join(f"{stream.done} of {stream.beats}" for stream in streams)


def wrong_mark(
    prefixes: Sequence[str],
    wanted: Sequence[OutputBeats],
    taken: Sequence[StreamBuffer],
    streams: ctypes.Array[CStream],
) -> str:
    """Return what is wrong with the first output beat whose ``tlast`` or ``tid`` is."""
    for prefix, beats, buffer, stream in zip(prefixes, wanted, taken, streams, strict=True):
        marks = 2 * beats.series.astype(np.uint32) + beats.places[:, 2]
        wrong = np.flatnonzero(buffer.marks[: stream.done] != marks[: stream.done])
        if len(wrong):
            mark = int(buffer.marks[wrong[0]])
            return f"beat {wrong[0]} of {prefix} has tlast {mark & 1} and tid {mark >> 1}"
    return ""


def pack(codes: np.ndarray, port: Port) -> NDArray[np.uint8]:
    """Return the bytes of beats ``(beats, channels)`` as AXI4-Stream carries them."""
    width = padded_width(port) // 8
    raw = np.ascontiguousarray(codes, dtype="<i8").view(np.uint8).reshape(*codes.shape, 8)
    return np.ascontiguousarray(raw[:, :, :width]).reshape(len(codes), -1)


def unpack(beats: np.ndarray, port: Port) -> NDArray[np.int64]:
    """Return the int64 codes ``(beats, channels)`` in the bytes of beats."""
    width = padded_width(port) // 8
    raw = np.zeros((len(beats), port.channels, 8), dtype=np.uint8)
    raw[:, :, :width] = beats.reshape(len(beats), port.channels, width)
    values = raw.view("<i8")[:, :, 0].astype(np.int64)
    if not port.format.signed:
        return values
    shift = 64 - 8 * width
    return (values << shift) >> shift
