"""Quartus projects of the UART top."""

from dataclasses import dataclass

from accel.projects.board import Files
from accel.projects.render import render
from accel.projects.uart_shell import UartShell
from hw.board.top import TOP_NAME
from hw.network.graph import Network


@dataclass(frozen=True)
class Quartus:
    """`accel.projects.uart_shell.Toolchain` says what each member is for.

    Parameters
    ----------
    family
        The tool's name of the family of FPGAs.
    """

    family: str
    name: str = "Quartus"
    command: str = "quartus_sh -t build.tcl"

    def files(self, network: Network, shell: UartShell, part: str) -> Files:
        """Return the project, pins and clock."""
        period = 1e3 / shell.oscillator_mhz
        return {
            "build.tcl": render(
                "quartus/build.tcl.j2", part=part, family=self.family, top=TOP_NAME
            ),
            "constraints/pins.tcl": render("quartus/pins.tcl.j2", pins=shell.pins),
            "constraints/board.sdc": render("quartus/board.sdc.j2", period=period),
        }


CYCLONE_V = Quartus("Cyclone V")
