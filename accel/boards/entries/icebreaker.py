"""1BitSquared iCEBreaker, with the iCE40UP5K."""

from amaranth_boards.icebreaker import ICEBreakerPlatform

from accel.boards.board import Board
from accel.boards.device import Device
from accel.boards.ice40 import ICE40, ULTRAPLUS_SUPPLY, ULTRAPLUS_SWITCHING
from accel.boards.library import board_pins, is_inverted, oscillator_mhz

ICEBREAKER = Board(
    name="icebreaker",
    description="1BitSquared iCEBreaker, USB serial on the FTDI chip",
    family=ICE40,
    device=Device(
        "iCE40UP5K",
        "up5k",
        lut=5_280,
        ff=5_280,
        dsp=8,
        bram=30,
        supply=ULTRAPLUS_SUPPLY,
        switching=ULTRAPLUS_SWITCHING,
    ),
    package="sg48",
    speed="",
    oscillator_mhz=oscillator_mhz(ICEBreakerPlatform),
    clock_mhz=12.0,
    baud=1_000_000,
    pins=board_pins(ICEBreakerPlatform),
    program="iceprog {file}",
    leds_active_low=is_inverted(ICEBreakerPlatform, "led 0"),
    clock_at_pll=True,
)
