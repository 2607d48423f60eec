"""The host's side of a board: connect, identify, stream samples, read counters.

    device = Device(find_board("icebreaker").top(network), SerialPort("/dev/ttyUSB1", 1_000_000))
    device.connect()
    for forecast in device.stream(samples): ...

Damage on the line and answers that do not come are mended here and on the board together
(`hw.board.link`): no sample is lost, served twice or out of order.
"""

from accel.device.device import Device
from accel.device.noise import NoisyLine
from accel.device.serial_port import SerialPort
from accel.device.simulated import SimulatedBoard
from accel.device.transport import Transport

__all__ = ["Device", "NoisyLine", "SerialPort", "SimulatedBoard", "Transport"]
