"""Lattice Radiant projects of the UART top."""

from dataclasses import dataclass

from accel.projects.board import Files
from accel.projects.render import render
from accel.projects.uart_shell import UartShell
from hw.board.top import TOP_NAME
from hw.network.graph import Network


@dataclass(frozen=True)
class Radiant:
    """`accel.projects.uart_shell.Toolchain` says what each member is for.

    Parameters
    ----------
    performance
        The tool's name of the device's speed grade.
    """

    performance: str
    name: str = "Radiant"
    command: str = "radiantc build.tcl"

    def files(self, network: Network, shell: UartShell, part: str) -> Files:
        """Return the project, and its constraints."""
        values = {"part": part, "performance": self.performance, "top": TOP_NAME}
        return {
            "build.tcl": render("radiant/build.tcl.j2", **values),
            "constraints/board.pdc": render(
                "radiant/board.pdc.j2", pins=shell.pins, period=1e3 / shell.oscillator_mhz
            ),
        }


ICE40UP = Radiant("High-Performance_1.2V")
