"""What a board's side of the link must know of its network."""

from dataclasses import dataclass

from hw.board.link import ADDRESS_BYTES, IDENTITY_BYTES, OVERHEAD_BYTES, WRITE_BYTES, WRITES
from hw.board.uart import Uart
from hw.errors import ChronogateError


@dataclass(frozen=True)
class LinkRegisters:
    """The registers behind a link.

    Parameters
    ----------
    address_bits
        Of an address in bytes.
    control
        Address of the register whose bit 0 makes every series begin anew.
    reloadable
        Whether there are two banks of weights.
    """

    address_bits: int
    control: int
    reloadable: bool = False

    def __post_init__(self) -> None:
        # The bit above says that an address is the link's own.
        assert self.address_bits < 8 * ADDRESS_BYTES


@dataclass(frozen=True)
class LinkBridge:
    """UART pins on one side, the accelerator's two AXI4-Streams on the other.

    Parameters
    ----------
    uart
        Speed of the line.
    beats
        Input beats of a sample: those of a window, or one where the board cuts the windows.
    request_bytes, response_bytes
        Bytes of an input and of an output beat.
    closes
        Whether every sample is a window, which ``tlast`` closes.
    silent
        Samples at the begin of a series that have no forecast yet.
    identity
        Tells the network from others, `IDENTITY_BYTES` bytes.
    registers
        What is behind ``s_axil_*``, or ``None``, when the accelerator has no registers.
    """

    uart: Uart
    beats: int
    request_bytes: int
    response_bytes: int
    closes: bool = True
    silent: int = 0
    identity: bytes = bytes(IDENTITY_BYTES)
    registers: LinkRegisters | None = None

    def __post_init__(self) -> None:
        if min(self.beats, self.request_bytes, self.response_bytes) < 1:
            raise ChronogateError(
                "a bridge without bytes to move has no use: "
                "give samples and beats of at least one byte"
            )
        assert len(self.identity) == IDENTITY_BYTES

    @property
    def sample_bytes(self) -> int:
        """Bytes of a sample."""
        return self.beats * self.request_bytes

    @property
    def has_banks(self) -> bool:
        """Whether weights can be replaced."""
        return self.registers is not None and self.registers.reloadable

    @property
    def body_bytes(self) -> int:
        """Bytes of the longest body that is asked for."""
        return max(self.sample_bytes, 0 if self.registers is None else WRITES * WRITE_BYTES)

    def request_cycles(self, escapes: int = 0) -> int:
        """Cycles on the line of one sample with `escapes` bytes that must be escaped."""
        return (self.sample_bytes + OVERHEAD_BYTES + escapes + 1) * self.uart.byte_cycles

    def response_cycles(self, escapes: int = 0) -> int:
        """Cycles on the line of one forecast."""
        return (self.response_bytes + OVERHEAD_BYTES + escapes + 1) * self.uart.byte_cycles
