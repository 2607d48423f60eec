"""FPGAs, and what designs take of them."""

from dataclasses import dataclass

from accel.boards.power import Supply, Switching


@dataclass(frozen=True)
class Cells:
    """What a design takes of a device.

    Parameters
    ----------
    lut
        LUT4s: logic, carries, and those of distributed RAM.
    ff, dsp, bram
        Flip-flops, multipliers and block RAMs, in the family's units
        (`accel.boards.family.Family.resources`).
    """

    lut: int
    ff: int
    dsp: int
    bram: int


@dataclass(frozen=True)
class Device:
    """An FPGA, with what nextpnr can place in it.

    Parameters
    ----------
    name
        The vendor's name.
    nextpnr
        nextpnr's name for it.
    lut, ff, dsp, bram
        How many it has, in the units of `Cells`.
    supply, switching
        What is known of its power; None where no source was found.
    """

    name: str
    nextpnr: str
    lut: int
    ff: int
    dsp: int
    bram: int
    supply: Supply | None = None
    switching: Switching | None = None

    def has(self, cells: Cells) -> bool:
        """Tell whether there are as many cells of each kind."""
        return (
            cells.lut <= self.lut
            and cells.ff <= self.ff
            and cells.dsp <= self.dsp
            and cells.bram <= self.bram
        )
