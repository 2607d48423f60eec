"""A board in Verilator, from UART pin to UART pin."""

from pathlib import Path

from accel.device.transport import Transport
from hw.board.top import BoardTop
from sim.board_model import BoardModel


class SimulatedBoard(Transport):
    """A simulated line, whose time is counted in cycles.

    Parameters
    ----------
    top
        The board top.
    folder
        Where Verilator builds; made when missing.
    clock_hz
        What a second is.
    optimize
        The compiler's optimization option; what runs for seconds only is built sooner with -O0.

    Raises
    ------
    ChronogateError
        When a tool is missing or fails.
    """

    def __init__(self, top: BoardTop, folder: Path, clock_hz: float, optimize: str = "-O2") -> None:
        self._model = BoardModel(top, folder, optimize)
        self._clock_hz = clock_hz
        self._line = b""

    def send(self, line: bytes) -> None:
        """Keep bytes until time goes on, which it does while something is awaited."""
        self._line += line

    def receive(self, seconds: float) -> bytes:
        """Let the simulation run until a frame is closed."""
        line, self._line = self._line, b""
        return self._model.exchange(line, round(seconds * self._clock_hz))

    def close(self) -> None:
        """End the simulation."""
        self._model.close()
