"""Radiona ULX3S, with four sizes of the ECP5."""

from amaranth_boards.ulx3s import ULX3S_85F_Platform

from accel.boards.board import Board
from accel.boards.device import Device
from accel.boards.ecp5 import ECP5
from accel.boards.entries.ecp5_devices import LFE5U_12F, LFE5U_25F, LFE5U_45F, LFE5U_85F
from accel.boards.library import board_pins, oscillator_mhz


def _ulx3s(name: str, device: Device) -> Board:
    return Board(
        name=name,
        description="Radiona ULX3S, USB serial on the FTDI chip",
        family=ECP5,
        device=device,
        package="CABGA381",
        speed="6",
        oscillator_mhz=oscillator_mhz(ULX3S_85F_Platform),
        clock_mhz=25.0,
        # 25 cycles a bit, without any rounding; the FT231X goes up to 3 Mbaud.
        baud=1_000_000,
        # rx and tx are named from the FPGA: L4 is driven by it, M1 by the USB chip.
        pins=board_pins(ULX3S_85F_Platform),
        program="openFPGALoader -b ulx3s {file}",
        # emard/ulx3s, doc/constraints/ulx3s_v20.lpf
        configuration="SYSCONFIG CONFIG_IOVOLTAGE=3.3 COMPRESS_CONFIG=ON MCCLK_FREQ=62 "
        "SLAVE_SPI_PORT=DISABLE MASTER_SPI_PORT=ENABLE SLAVE_PARALLEL_PORT=DISABLE;",
    )


ULX3S = (
    _ulx3s("ulx3s-12f", LFE5U_12F),
    _ulx3s("ulx3s-25f", LFE5U_25F),
    _ulx3s("ulx3s-45f", LFE5U_45F),
    _ulx3s("ulx3s-85f", LFE5U_85F),
)
