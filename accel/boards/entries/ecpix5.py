"""LambdaConcept ECPIX-5, with two sizes of the ECP5-5G."""

from amaranth_boards.ecpix5 import ECPIX545Platform, ECPIX585Platform

from accel.boards.board import Board
from accel.boards.device import Device
from accel.boards.ecp5 import ECP5
from accel.boards.entries.ecp5_devices import LFE5UM5G_45F, LFE5UM5G_85F
from accel.boards.library import Platform, board_pins, is_inverted, oscillator_mhz

_LEDS = ("rgb_led 0 g", "rgb_led 0 r")


def _ecpix5(name: str, device: Device, platform: type[Platform]) -> Board:
    return Board(
        name=name,
        description="LambdaConcept ECPIX-5, USB serial on the FTDI chip",
        family=ECP5,
        device=device,
        package="CABGA554",
        speed="8",
        oscillator_mhz=oscillator_mhz(platform),
        clock_mhz=50.0,
        baud=1_000_000,
        pins=board_pins(platform, leds=_LEDS),
        program="openFPGALoader -b ecpix5 {file}",
        leds_active_low=is_inverted(platform, _LEDS[0]),
    )


ECPIX5 = (
    _ecpix5("ecpix5-45f", LFE5UM5G_45F, ECPIX545Platform),
    _ecpix5("ecpix5-85f", LFE5UM5G_85F, ECPIX585Platform),
)
