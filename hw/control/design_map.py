"""The register map of a design, whatever it is made of."""

from hw.control.gated_map import gated_map
from hw.control.map import control_map, host_memories
from hw.control.registers import RegisterMap
from hw.network.design import Design
from hw.network.gated import GatedNetwork


def design_map(design: Design) -> RegisterMap:
    """Return the registers of a design."""
    return (
        gated_map(design)
        if isinstance(design, GatedNetwork)
        else control_map(design, host_memories(design))
    )
