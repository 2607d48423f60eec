"""The pins of Xilinx IPs, from PG082, PG201, PG021, PG164, PG247 and of xlconcat."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class IpPins:
    """The pins of an IP that a block design may connect.

    Parameters
    ----------
    inputs, outputs
        Pins; all inputs must be connected.
    slaves, masters
        Interfaces; all must be connected, or made external.
    segments, spaces
        Segments of addresses that it answers, and address spaces that it has.
    widths
        Bits of the data of a stream interface: a number, or the parameter that says it.
    external
        Interfaces that block automation leads out.
    """

    inputs: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()
    slaves: frozenset[str] = frozenset()
    masters: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    spaces: frozenset[str] = frozenset()
    widths: Mapping[str, int | str] = field(default_factory=dict)
    external: frozenset[str] = frozenset()


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


IPS = {
    "xilinx.com:ip:processing_system7:5.5": IpPins(
        inputs=_set("M_AXI_GP0_ACLK S_AXI_HP0_ACLK IRQ_F2P"),
        outputs=_set("FCLK_CLK0 FCLK_RESET0_N"),
        slaves=_set("S_AXI_HP0"),
        masters=_set("M_AXI_GP0 DDR FIXED_IO"),
        spaces=_set("Data"),
        external=_set("DDR FIXED_IO"),
    ),
    "xilinx.com:ip:zynq_ultra_ps_e:3.5": IpPins(
        inputs=_set("maxihpm0_fpd_aclk saxihp0_fpd_aclk pl_ps_irq0"),
        outputs=_set("pl_clk0 pl_resetn0"),
        slaves=_set("S_AXI_HP0_FPD"),
        masters=_set("M_AXI_HPM0_FPD"),
        spaces=_set("Data"),
    ),
    "xilinx.com:ip:axi_dma:7.1": IpPins(
        inputs=_set("s_axi_lite_aclk m_axi_mm2s_aclk m_axi_s2mm_aclk axi_resetn"),
        outputs=_set("mm2s_introut s2mm_introut mm2s_prmry_reset_out_n s2mm_prmry_reset_out_n"),
        slaves=_set("S_AXI_LITE S_AXIS_S2MM"),
        masters=_set("M_AXI_MM2S M_AXI_S2MM M_AXIS_MM2S"),
        segments=_set("S_AXI_LITE/Reg"),
        spaces=_set("Data_MM2S Data_S2MM"),
        widths={
            "S_AXIS_S2MM": "c_s_axis_s2mm_tdata_width",
            "M_AXIS_MM2S": "c_m_axis_mm2s_tdata_width",
        },
    ),
    "xilinx.com:ip:proc_sys_reset:5.0": IpPins(
        inputs=_set("slowest_sync_clk ext_reset_in"),
        outputs=_set("interconnect_aresetn peripheral_aresetn peripheral_reset mb_reset"),
    ),
    "xilinx.com:ip:xlconcat:2.1": IpPins(inputs=_set("In0 In1"), outputs=_set("dout")),
}

INTERCONNECT = "xilinx.com:ip:smartconnect:1.0"
"""Its pins depend on NUM_SI and NUM_MI."""


def interconnect(slaves: int, masters: int) -> IpPins:
    """Return the pins of an interconnect."""
    return IpPins(
        inputs=_set("aclk aresetn"),
        slaves=frozenset(f"S{k:02}_AXI" for k in range(slaves)),
        masters=frozenset(f"M{k:02}_AXI" for k in range(masters)),
    )
