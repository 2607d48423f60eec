"""The Verilog of a design, whatever it is made of."""

from hw.network.design import Design
from hw.network.gated import GatedNetwork
from hw.top.axi import accelerator_verilog
from hw.top.gated import gated_verilog


def design_verilog(design: Design, name: str = "accelerator", *, control: bool = False) -> str:
    """Return the Verilog of `design`'s top as module `name`, on request with registers."""
    if isinstance(design, GatedNetwork):
        return gated_verilog(design, name, control=control)
    return accelerator_verilog(design, name, control=control)
