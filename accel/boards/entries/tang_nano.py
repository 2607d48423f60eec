"""Sipeed Tang Nano 9K and 20K.

amaranth-boards has the 9K. Pins of the 20K: litex-hub/litex-boards,
``litex_boards/platforms/sipeed_tang_nano_20k.py``. The serial port of either is that of the
microcontroller which also loads the FPGA.
"""

from amaranth_boards.tang_nano_9k import TangNano9kPlatform

from accel.boards.board import Board, Pin
from accel.boards.device import Device
from accel.boards.gowin import GW1N_9C, GW2A_18C
from accel.boards.library import board_pins, is_inverted, oscillator_mhz

_BUFFER = (("IO_TYPE", "LVCMOS33"),)

TANG_NANO_9K = Board(
    name="tang-nano-9k",
    description="Sipeed Tang Nano 9K, USB serial",
    family=GW1N_9C,
    device=Device("GW1NR-9C", TangNano9kPlatform.part, lut=8_640, ff=6_480, dsp=20, bram=26),
    package="",
    speed="",
    oscillator_mhz=oscillator_mhz(TangNano9kPlatform),
    clock_mhz=27.0,
    baud=1_000_000,
    pins=board_pins(TangNano9kPlatform),
    program="openFPGALoader -b tangnano9k {file}",
    leds_active_low=is_inverted(TangNano9kPlatform, "led 0"),
)

TANG_NANO_20K = Board(
    name="tang-nano-20k",
    description="Sipeed Tang Nano 20K, USB serial",
    family=GW2A_18C,
    device=Device("GW2AR-18C", "GW2AR-LV18QN88C8/I7", lut=20_736, ff=15_552, dsp=48, bram=46),
    package="",
    speed="",
    oscillator_mhz=27.0,
    clock_mhz=27.0,
    baud=1_000_000,
    pins=(
        Pin("clk", "4", _BUFFER),
        Pin("uart_rx", "70", (*_BUFFER, ("PULL_MODE", "UP"))),
        Pin("uart_tx", "69", _BUFFER),
        Pin("led_alive", "15", _BUFFER),
        Pin("led_dropped", "16", _BUFFER),
    ),
    program="openFPGALoader -b tangnano20k {file}",
    leds_active_low=True,
)
