"""The area of a chip before anything is placed."""

from dataclasses import dataclass

from accel.projects.asic.memories import Ram


@dataclass(frozen=True)
class Estimate:
    """What a design takes of a process, before anything is placed; by Yosys, without a library.

    Parameters
    ----------
    process
        Its name.
    transistors
        In static CMOS, flip-flops included, macros not.
    gate_equivalents
        The same in NAND gates of two inputs.
    flip_flops
        Bits of them.
    cell_area_um2
        Gate equivalents times the area of the library's smallest NAND gate.
    core_area_um2
        The same at the utilization that the configuration asks for; macros not included.
    macro_bits
        Bits of the memories that are modules of their own.
    memories
        Those modules.
    small_memories
        Memories made of flip-flops.
    """

    process: str
    transistors: int
    gate_equivalents: int
    flip_flops: int
    cell_area_um2: float
    core_area_um2: float
    macro_bits: int
    memories: tuple[Ram, ...]
    small_memories: tuple[Ram, ...]
