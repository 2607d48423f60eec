"""Lattice's iCE40-HX8K breakout board."""

from amaranth_boards.ice40_hx8k_b_evn import ICE40HX8KBEVNPlatform

from accel.boards.board import Board
from accel.boards.device import Device
from accel.boards.ice40 import HX8K_SUPPLY, ICE40
from accel.boards.library import board_pins, oscillator_mhz

ICE40_HX8K = Board(
    name="ice40-hx8k",
    description="Lattice breakout board iCE40HX8K-B-EVN, USB serial on the FTDI chip",
    family=ICE40,
    device=Device("iCE40HX8K", "hx8k", lut=7_680, ff=7_680, dsp=0, bram=32, supply=HX8K_SUPPLY),
    package="ct256",
    speed="",
    oscillator_mhz=oscillator_mhz(ICE40HX8KBEVNPlatform),
    clock_mhz=12.0,
    baud=1_000_000,
    pins=board_pins(ICE40HX8KBEVNPlatform),
    program="iceprog {file}",
)
