"""What ``report.json`` says of a routed design."""

from dataclasses import dataclass

from accel.bitstream.blocks import BlockCells
from accel.bitstream.power import PowerEstimate


@dataclass(frozen=True)
class Implementation:
    """The network on one board.

    Parameters
    ----------
    bitstream
        Its file, relative to the run folder.
    blocks
        What each block takes; None for bitstreams of releases that did not keep the placement.
    power
        An estimate; None before `accel power`.
    """

    board: str
    device: str
    clock_mhz: float
    fmax_mhz: float
    latency_ns: float
    lut: int
    ff: int
    dsp: int
    bram: int
    bitstream: str
    netlist_windows: int | None = None
    seed: int | None = None
    forecasts_per_second: float | None = None
    blocks: tuple[BlockCells, ...] | None = None
    power: PowerEstimate | None = None
