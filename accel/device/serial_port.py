"""A board at a serial port."""

from accel.device.transport import Transport
from hw.board.slip import END
from hw.errors import ChronogateError


class SerialPort(Transport):
    """A serial port, 8N1.

    Parameters
    ----------
    port
        Its name, as ``/dev/ttyUSB1``, or a URL of pySerial.
    baud
        `accel.boards.Board.baud`.

    Raises
    ------
    ChronogateError
        When it cannot be opened.
    """

    def __init__(self, port: str, baud: int) -> None:
        import serial

        try:
            self._serial = serial.serial_for_url(port, baudrate=baud, timeout=0)
        except (serial.SerialException, ValueError) as problem:
            raise ChronogateError(
                f"the serial port {port} cannot be opened ({problem}): plug the board in, and "
                "look for its port with `python -m serial.tools.list_ports`"
            ) from None
        self._serial.reset_input_buffer()

    def send(self, line: bytes) -> None:
        """Write all of it."""
        self._serial.write(line)

    def receive(self, seconds: float) -> bytes:
        """Read up to the next END."""
        self._serial.timeout = seconds
        return self._serial.read_until(bytes([END]))

    def close(self) -> None:
        """Close the port."""
        self._serial.close()
