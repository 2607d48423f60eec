"""Digilent Arty A7, with two sizes of the Artix-7."""

from amaranth_boards.arty_a7 import ArtyA7_35Platform, ArtyA7_100Platform

from accel.boards.library import Platform, board_pins, oscillator_mhz
from accel.projects.board import ProjectBoard
from accel.projects.uart_shell import UartShell
from accel.projects.vivado import VIVADO
from hw.board.pll import Xilinx7Pll


def _arty(name: str, part: str, platform: type[Platform]) -> ProjectBoard:
    return ProjectBoard(
        name=name,
        description=f"Digilent Arty A7, {part}, USB serial on the FTDI chip",
        part=part,
        shell=UartShell(
            toolchain=VIVADO,
            oscillator_mhz=oscillator_mhz(platform),
            clock_mhz=100.0,
            baud=1_000_000,
            pins=board_pins(platform),
            plls=Xilinx7Pll.settings,
        ),
    )


ARTY = (
    _arty("arty-a7-35", "xc7a35ticsg324-1L", ArtyA7_35Platform),
    _arty("arty-a7-100", "xc7a100tcsg324-1", ArtyA7_100Platform),
)
