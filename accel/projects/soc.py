"""Files for builders of SoCs: FuseSoC core, LiteX module, C driver."""

from accel.projects.board import Files
from accel.projects.render import render
from hw.control.header import c_header
from hw.control.map import control_map, host_memories
from hw.control.markdown import markdown
from hw.network.graph import Network
from hw.top.dma import DmaFormat, dma_verilog

MODULE = "accelerator_dma"


def soc_files(network: Network) -> Files:
    """Return Verilog, a FuseSoC core, a LiteX module, a driver in C, and the registers.

    Raises
    ------
    ChronogateError
        When `network` is none for DMA engines (`hw.top.dma.check_dma`).
    """
    registers = control_map(network, host_memories(network))
    given, taken = DmaFormat(network.input), DmaFormat(network.output)
    values = {"module": MODULE, "given": given, "taken": taken, "registers": registers}
    return {
        f"rtl/{MODULE}.v": dma_verilog(network, MODULE),
        "chronogate.core": render("soc/chronogate.core.j2", **values),
        "chronogate_litex.py": render("soc/chronogate_litex.py.j2", **values),
        "sw/chronogate.h": c_header(registers),
        "sw/chronogate_driver.h": render("soc/chronogate_driver.h.j2", **values),
        "sw/bare_metal.c": render("soc/bare_metal.c.j2", **values),
        "sw/linux_uio.c": render("soc/linux_uio.c.j2", **values),
        "registers.md": markdown(registers),
    }
