"""1BitSquared iCEBreaker with its vendor's tool: the pins are those of the open tools' entry."""

from accel.boards.entries.icebreaker import ICEBREAKER
from accel.projects.board import ProjectBoard
from accel.projects.radiant import ICE40UP
from accel.projects.uart_shell import UartShell

ICEBREAKER_RADIANT = ProjectBoard(
    name="icebreaker-radiant",
    description="1BitSquared iCEBreaker, iCE40UP5K, by Lattice Radiant instead of open tools",
    part="iCE40UP5K-SG48I",
    shell=UartShell(
        toolchain=ICE40UP,
        oscillator_mhz=ICEBREAKER.oscillator_mhz,
        clock_mhz=ICEBREAKER.oscillator_mhz,
        baud=ICEBREAKER.baud,
        pins=ICEBREAKER.pins,
        leds_active_low=ICEBREAKER.leds_active_low,
    ),
)
