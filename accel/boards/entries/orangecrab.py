"""OrangeCrab r0.2, a Feather with an ECP5."""

from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_25FPlatform

from accel.boards.board import Board, Pin
from accel.boards.ecp5 import ECP5
from accel.boards.entries.ecp5_devices import LFE5U_25F
from accel.boards.library import board_pins, is_inverted, oscillator_mhz

_LEDS = ("rgb_led 0 g", "rgb_led 0 r")
_BUFFER = (("IO_TYPE", "LVCMOS33"), ("PULLMODE", "UP"))
# Its USB port is the FPGA's own, so the UART is at pins 0 (RX) and 1 (TX) of the Feather's header
# (connector "io" of amaranth-boards), for a USB-serial adapter of 3.3 V.
_UART = (Pin("uart_rx", "N17", _BUFFER), Pin("uart_tx", "M18", _BUFFER))

ORANGECRAB = Board(
    name="orangecrab-25f",
    description="OrangeCrab r0.2, USB-serial adapter at RX and TX of its header",
    family=ECP5,
    device=LFE5U_25F,
    package="CSFBGA285",
    speed="8",
    oscillator_mhz=oscillator_mhz(OrangeCrabR0_2_25FPlatform),
    clock_mhz=48.0,
    baud=1_000_000,
    pins=board_pins(OrangeCrabR0_2_25FPlatform, uart=_UART, leds=_LEDS),
    program="dfu-util -a 0 -D {file}",
    leds_active_low=is_inverted(OrangeCrabR0_2_25FPlatform, _LEDS[0]),
)
