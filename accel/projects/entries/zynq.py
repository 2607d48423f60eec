"""Boards with a Zynq.

Parts, board files and crystals: Vivado's board store (XilinxBoardStore) and TUL's board file of the
PYNQ-Z2. Ports and parameters of the processors: Xilinx PG082 and PG201.
"""

from accel.projects.board import ProjectBoard
from accel.projects.zynq_shell import Processor, ZynqShell

ZYNQ_7000 = Processor(
    ip="xilinx.com:ip:processing_system7",
    settings=(
        ("PCW_USE_M_AXI_GP0", "1"),
        ("PCW_USE_S_AXI_HP0", "1"),
        ("PCW_S_AXI_HP0_DATA_WIDTH", "64"),
        ("PCW_EN_CLK0_PORT", "1"),
        ("PCW_EN_RST0_PORT", "1"),
        ("PCW_USE_FABRIC_INTERRUPT", "1"),
        ("PCW_IRQ_F2P_INTR", "1"),
    ),
    clock_setting="PCW_FPGA0_PERIPHERAL_FREQMHZ",
    clock="FCLK_CLK0",
    reset="FCLK_RESET0_N",
    bus_clocks=("M_AXI_GP0_ACLK", "S_AXI_HP0_ACLK"),
    registers="M_AXI_GP0",
    memory="S_AXI_HP0",
    interrupt="IRQ_F2P",
    base=0x4000_0000,
    address_space="Data",
    automation=("xilinx.com:bd_rule:processing_system7", 'make_external "FIXED_IO, DDR"'),
)

ZYNQ_ULTRASCALE = Processor(
    ip="xilinx.com:ip:zynq_ultra_ps_e",
    settings=(
        ("PSU__USE__M_AXI_GP0", "1"),
        ("PSU__USE__M_AXI_GP1", "0"),
        ("PSU__USE__M_AXI_GP2", "0"),
        ("PSU__USE__S_AXI_GP2", "1"),
        ("PSU__SAXIGP2__DATA_WIDTH", "64"),
        ("PSU__USE__IRQ0", "1"),
        ("PSU__FPGA_PL0_ENABLE", "1"),
    ),
    clock_setting="PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ",
    clock="pl_clk0",
    reset="pl_resetn0",
    bus_clocks=("maxihpm0_fpd_aclk", "saxihp0_fpd_aclk"),
    registers="M_AXI_HPM0_FPD",
    memory="S_AXI_HP0_FPD",
    interrupt="pl_ps_irq0",
    base=0xA000_0000,
    address_space="Data",
    automation=("xilinx.com:bd_rule:zynq_ultra_ps_e", ""),
)

ZYNQ = (
    ProjectBoard(
        name="pynq-z2",
        description="TUL PYNQ-Z2, Zynq-7020, PYNQ over a DMA engine",
        part="xc7z020clg400-1",
        shell=ZynqShell(
            ZYNQ_7000,
            board_part="tul.com.tw:pynq-z2:part0:*",
            settings=(("PCW_CRYSTAL_PERIPHERAL_FREQMHZ", "50"),),
        ),
    ),
    ProjectBoard(
        name="zcu104",
        description="AMD ZCU104, Zynq UltraScale+ ZU7EV, PYNQ over a DMA engine",
        part="xczu7ev-ffvc1156-2-e",
        shell=ZynqShell(ZYNQ_ULTRASCALE, board_part="xilinx.com:zcu104:part0:*"),
    ),
    ProjectBoard(
        name="kv260",
        description="AMD Kria KV260, K26 module, PYNQ over a DMA engine",
        part="xck26-sfvc784-2LV-c",
        shell=ZynqShell(
            ZYNQ_ULTRASCALE,
            board_part="xilinx.com:kv260_som:part0:*",
            connections="som240_1_connector xilinx.com:kv260_carrier:som240_1_connector:1.3",
        ),
    ),
)
