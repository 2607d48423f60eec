"""What loading a model over a board's serial line moves."""

from dataclasses import dataclass, field
from pathlib import Path

from accel.device import Device
from accel.device.device import answer_seconds
from accel.device.simulated import SimulatedBoard
from accel.device.transport import Transport
from hw.board.top import BoardTop
from hw.board.uart import Uart
from hw.network.graph import Network

CLOCKS_PER_BIT = 4
"""In simulation; what is counted is bytes."""


@dataclass
class _Counting(Transport):
    """A line that counts the bytes on it, in both directions."""

    line: Transport
    moved: int = field(default=0)

    def send(self, line: bytes) -> None:
        self.moved += len(line)
        self.line.send(line)

    def receive(self, seconds: float) -> bytes:
        answer = self.line.receive(seconds)
        self.moved += len(answer)
        return answer

    def close(self) -> None:
        self.line.close()


def loaded_bytes(network: Network, folder: Path) -> int:
    """Return the bytes that loading a model moves over the serial line of the simulated board."""
    top = BoardTop(network, Uart(CLOCKS_PER_BIT), None, registers=True)
    clock = 1e6
    line = _Counting(SimulatedBoard(top, folder / "board", clock, "-O0"))
    device = Device(top, line, answer_seconds(top, clock))
    try:
        device.connect()
        line.moved = 0
        device.load(network)
        return line.moved
    finally:
        device.close()
