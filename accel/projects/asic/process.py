"""The open processes."""

from dataclasses import dataclass

from hw.errors import ChronogateError


@dataclass(frozen=True)
class Process:
    """A process with its library of standard cells.

    Parameters
    ----------
    name
        What ``--pdk`` takes.
    pdk, library
        LibreLane's names.
    gate_um2
        Area of the smallest NAND gate of two inputs, of which one is a gate equivalent.
    clock_mhz
        Default clock.
    utilization
        Percent of the core that cells may fill.
    """

    name: str
    pdk: str
    library: str
    gate_um2: float
    clock_mhz: float
    utilization: int


PROCESSES = (
    # Areas of nand2_1: width times height in cells/nand2/*nand2_1.lef of skywater-pdk-libs and of
    # globalfoundries-pdk-libs; of IHP what Yosys prints with its Liberty file, 7.2576.
    Process("sky130", "sky130A", "sky130_fd_sc_hd", 1.38 * 2.72, 50.0, 45),
    Process("gf180", "gf180mcuD", "gf180mcu_fd_sc_mcu7t5v0", 2.8 * 3.92, 25.0, 40),
    Process("ihp-sg13g2", "ihp-sg13g2", "sg13g2_stdcell", 1.92 * 3.78, 50.0, 50),
)


def find_process(name: str) -> Process:
    """Return the process called `name`.

    Raises
    ------
    ChronogateError
        When there is none.
    """
    for process in PROCESSES:
        if process.name == name:
            return process
    known = ", ".join(process.name for process in PROCESSES)
    raise ChronogateError(f"there is no process {name!r}: choose one of {known}")
