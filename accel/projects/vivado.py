"""Vivado projects of the UART top; the accelerator as packaged IP beside it."""

from dataclasses import dataclass

from accel.projects.board import Files
from accel.projects.render import render
from accel.projects.uart_shell import UartShell
from hw.board.top import TOP_NAME
from hw.network.graph import Network
from hw.top.axi import input_prefixes, output_prefixes
from hw.top.verilog import design_verilog

IP_VENDOR = "chronogate.local"


@dataclass(frozen=True)
class Ip:
    """A module that is packaged as IP.

    Parameters
    ----------
    module
        Name of the module and of the IP; its Verilog is ``rtl/<module>.v``.
    slaves, masters
        What the pins of its AXI4-Streams begin with.
    register_bytes
        Size of the address space behind ``s_axil``.
    """

    module: str
    slaves: tuple[str, ...]
    masters: tuple[str, ...]
    register_bytes: int = 4096

    @property
    def vlnv(self) -> str:
        """Vendor, library, name and version."""
        return f"{IP_VENDOR}:user:{self.module}:1.0"

    def files(self, part: str, clock_mhz: float) -> Files:
        """Return the script that packages it, and the constraint of its clock."""
        period = 1e3 / clock_mhz
        return {
            "ip/package_ip.tcl": render("vivado/package_ip.tcl.j2", ip=self, part=part),
            "ip/clock.xdc": render("vivado/clock.xdc.j2", port="aclk", period=period),
        }


@dataclass(frozen=True)
class Vivado:
    """`accel.projects.uart_shell.Toolchain` says what each member is for."""

    name: str = "Vivado"
    command: str = "vivado -mode batch -source build.tcl"

    def files(self, network: Network, shell: UartShell, part: str) -> Files:
        """Return the project, the pins, and the accelerator as IP for other block designs."""
        ip = Ip("accelerator", tuple(input_prefixes(network).values()), output_prefixes(network))
        return {
            "rtl/accelerator.v": design_verilog(network, ip.module, control=True),
            **ip.files(part, shell.clock_mhz),
            "constraints/board.xdc": render(
                "vivado/board.xdc.j2", pins=shell.pins, period=1e3 / shell.oscillator_mhz
            ),
            "build.tcl": render("vivado/build_uart.tcl.j2", part=part, top=TOP_NAME),
        }


VIVADO = Vivado()
