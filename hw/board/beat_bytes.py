"""The bytes of a beat on a board's line: each code extended to whole bytes, low byte first."""

import numpy as np

from hw.stream import Port
from hw.top.entry import padded_width


def beat_bytes(port: Port) -> int:
    """Return the bytes of a beat of `port`."""
    return padded_width(port) * port.channels // 8


def to_bytes(codes: np.ndarray, port: Port) -> bytes:
    """Extend each code to whole bytes, low byte first."""
    size = padded_width(port) // 8
    return codes.astype("<i8").view(np.uint8).reshape(-1, 8)[:, :size].tobytes()


def from_bytes(payload: bytes, port: Port) -> np.ndarray:
    """Return the int64 codes of a beat."""
    size = padded_width(port) // 8
    wide = np.zeros((port.channels, 8), dtype=np.uint8)
    wide[:, 8 - size :] = np.frombuffer(payload, dtype=np.uint8).reshape(port.channels, size)
    # The code sits at the high end, so that the shift down extends its sign. An unsigned code of
    # at most 63 bits in 8 bytes is never negative, a narrower one is cut back to its bits.
    codes = wide.reshape(-1).view("<i8") >> (64 - 8 * size)
    return codes if port.format.signed else codes & port.format.maximum
