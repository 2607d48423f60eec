"""Where weights lie, and how each synthesizer is told.

Attributes on a memory: ``rom_style`` is Vivado's, ``romstyle`` Quartus's, and Yosys reads the first
that it finds of ``ram_style``, ``rom_style``, ``romstyle`` (``memory_libmap``), which must name
something that the device has. So LUTs are asked for with three words: Yosys takes ``registers`` for
logic, and the others have no ``ram_style`` for what is never written. Quartus puts constants into
the block RAM of its device without being told.
"""

from enum import StrEnum

from hw.pipeline import BLOCK_ROM_BITS, TABLE_DEPTH


class Storage(StrEnum):
    """Where the weights of a layer lie.

    Block RAM reads with the clock and has a register behind it, so it takes one cycle more until
    the first product; how often a product may begin does not depend on it.
    """

    AUTO = "auto"
    """Block RAM where that is worth it, else LUTs."""

    ROM = "rom"
    """LUTs that hold constants."""

    BLOCK_RAM = "block_ram"
    """Block RAM, however small."""

    DISTRIBUTED_RAM = "distributed_ram"
    """LUTs that can be written: for weights that a host replaces, on devices that have such LUTs.
    For constants the same as `ROM`."""

    def in_block_ram(self, depth: int, width: int) -> bool:
        """Tell whether `depth` words of `width` bits lie in block RAM; a single word never does."""
        match self:
            case Storage.AUTO:
                return depth > TABLE_DEPTH and depth * width >= BLOCK_ROM_BITS
            case Storage.ROM | Storage.DISTRIBUTED_RAM:
                return False
            case Storage.BLOCK_RAM:
                return depth > 1

    def attributes(self, in_block_ram: bool, writable: bool = False) -> dict[str, str]:
        """Return the attributes of a memory.

        Parameters
        ----------
        in_block_ram
            What was decided.
        writable
            Whether it is written while running, or constant.
        """
        if in_block_ram:
            return {"ram_style" if writable else "rom_style": "block"}
        if self is Storage.DISTRIBUTED_RAM and writable:
            return {"ram_style": "distributed", "ramstyle": "MLAB"}
        if self is Storage.AUTO or writable:
            return {}
        return {"ram_style": "registers", "rom_style": "distributed", "romstyle": "logic"}
