"""Colorlight i5 and i9 on Muse Lab's extension board.

amaranth-boards has neither. Pins: wuxx/Colorlight-FPGA-Projects, and litex-hub/litex-boards,
``litex_boards/platforms/colorlight_i5.py`` (i5 v7.0, i9 v7.2). They have one LED, low when on; the
other LED is at pin 1 of the extension board's connector PMODE.
"""

from accel.boards.board import Board, Pin
from accel.boards.device import Device
from accel.boards.ecp5 import ECP5
from accel.boards.entries.ecp5_devices import LFE5U_25F, LFE5U_45F

_BUFFER = (("IO_TYPE", "LVCMOS33"),)


def _colorlight(name: str, device: Device, led: str) -> Board:
    return Board(
        name=name,
        description=f"Colorlight {name[-2:]}, USB serial of its extension board",
        family=ECP5,
        device=device,
        package="CABGA381",
        speed="6",
        oscillator_mhz=25.0,
        clock_mhz=25.0,
        # The extension board's debugger is a microcontroller whose serial port is no faster.
        baud=115_200,
        pins=(
            Pin("clk", "P3", _BUFFER),
            Pin("uart_rx", "H18", (*_BUFFER, ("PULLMODE", "UP"))),
            Pin("uart_tx", "J17", _BUFFER),
            Pin("led_alive", led, _BUFFER),
            Pin("led_dropped", "C17", _BUFFER),
        ),
        program="ecpdap program {file}",
        leds_active_low=True,
    )


COLORLIGHT = (
    _colorlight("colorlight-i5", LFE5U_25F, "U16"),
    _colorlight("colorlight-i9", LFE5U_45F, "L2"),
)
