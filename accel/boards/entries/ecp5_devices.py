"""The ECP5 devices, with what nextpnr-ecp5 reports as available."""

from accel.boards.device import Device
from accel.boards.power import Supply

_SUPPLY_25F = Supply(
    volts=1.1,
    milliamperes=77.0,
    source=(
        "Lattice, ECP5 and ECP5-5G Family Data Sheet, FPGA-DS-02012, Supply Current (Static), "
        "LFE5U-12F and LFE5U-25F: core power supply current, typical (as copied into public "
        "boards' documents)"
    ),
)

# The 12F is a 25F by another name, and nextpnr uses all of it.
LFE5U_12F = Device("LFE5U-12F", "12k", lut=24_288, ff=24_288, dsp=28, bram=56, supply=_SUPPLY_25F)
LFE5U_25F = Device("LFE5U-25F", "25k", lut=24_288, ff=24_288, dsp=28, bram=56, supply=_SUPPLY_25F)
LFE5U_45F = Device("LFE5U-45F", "45k", lut=43_848, ff=43_848, dsp=72, bram=108)
LFE5U_85F = Device("LFE5U-85F", "85k", lut=83_640, ff=83_640, dsp=156, bram=208)
LFE5UM5G_45F = Device("LFE5UM5G-45F", "um5g-45k", lut=43_848, ff=43_848, dsp=72, bram=108)
LFE5UM5G_85F = Device("LFE5UM5G-85F", "um5g-85k", lut=83_640, ff=83_640, dsp=156, bram=208)
