"""What carries bytes between a host and a board."""

from typing import Protocol


class Transport(Protocol):
    """A line in both directions."""

    def send(self, line: bytes) -> None:
        """Put bytes on the line."""
        ...

    def receive(self, seconds: float) -> bytes:
        """Return what has come, as soon as a frame is closed; b"" when nothing came in time."""
        ...

    def close(self) -> None:
        """Give the line free."""
        ...
