"""Terasic DE10-Nano, with a Cyclone V.

Its USB port is the hard processor's, so the UART is at pins 0 (RX) and 1 (TX) of the Arduino
header, for a USB-serial adapter of 3.3 V.
"""

from amaranth_boards.de10_nano import DE10NanoPlatform

from accel.boards.library import board_pins, oscillator_mhz
from accel.projects.board import ProjectBoard
from accel.projects.quartus import CYCLONE_V
from accel.projects.uart_shell import UartShell

DE10_NANO = ProjectBoard(
    name="de10-nano",
    description="Terasic DE10-Nano, Cyclone V, USB-serial adapter at 0 and 1 of its header",
    part="5CSEBA6U23I7",
    shell=UartShell(
        toolchain=CYCLONE_V,
        oscillator_mhz=oscillator_mhz(DE10NanoPlatform),
        clock_mhz=50.0,
        baud=1_000_000,
        pins=board_pins(DE10NanoPlatform),
    ),
)
