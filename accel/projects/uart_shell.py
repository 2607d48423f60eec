"""The UART board top as a project of a vendor tool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from accel.boards.board import Pin
from accel.projects.board import Files
from accel.projects.render import render
from hw.board.pll import Pll, pll_for
from hw.board.top import TOP_NAME, BoardTop
from hw.board.uart import Uart
from hw.errors import ChronogateError
from hw.network.graph import Network


class Toolchain(Protocol):
    """A vendor tool: the scripts around a top with pins."""

    @property
    def name(self) -> str:
        """As users know it."""
        ...

    @property
    def command(self) -> str:
        """What builds the project, in its folder."""
        ...

    def files(self, network: Network, shell: UartShell, part: str) -> Files:
        """Return scripts and constraints; the Verilog is ``rtl/board_top.v``."""
        ...


@dataclass(frozen=True)
class UartShell:
    """`hw.board.top.BoardTop` on pins.

    Parameters
    ----------
    toolchain
        The vendor tool.
    oscillator_mhz, clock_mhz
        The clock that drives its ``clk`` pin, and the clock of the design.
    baud
        Speed of the UART; the clock should divide by it.
    pins
        One for each port of the top.
    plls
        Returns one PLL for each clock that can be made of the oscillator's; ``None`` where the
        design has that clock and no other.
    leds_active_low
        Whether the LEDs shine when their pins are low.
    registers
        Whether the design has registers on the serial line, whatever the network.
    """

    toolchain: Toolchain
    oscillator_mhz: float
    clock_mhz: float
    baud: int
    pins: tuple[Pin, ...]
    plls: Callable[[float], Sequence[Pll]] | None = None
    leds_active_low: bool = False
    registers: bool = False

    @property
    def tool(self) -> str:
        """The vendor tool."""
        return self.toolchain.name

    @property
    def command(self) -> str:
        """What builds the project."""
        return self.toolchain.command

    @property
    def pll(self) -> Pll | None:
        """What makes the clock, or ``None``, when that is the oscillator's.

        Raises
        ------
        ChronogateError
            When it cannot be made.
        """
        return pll_for(self.clock_mhz, self.oscillator_mhz, self._settings, "its PLL")

    def at_clock(self, clock_mhz: float) -> UartShell:
        """Return the shell with its design at another clock.

        Raises
        ------
        ChronogateError
            When the PLL cannot make it, or the baud rate cannot be made of it.
        """
        shell = replace(self, clock_mhz=clock_mhz)
        pll = shell.pll
        made = shell if pll is None else replace(shell, clock_mhz=pll.output_mhz)
        Uart.for_baud(made.clock_mhz * 1e6, self.baud)
        return made

    def with_registers(self) -> UartShell:
        """Return the shell with registers on the serial line."""
        return replace(self, registers=True)

    def top(self, network: Network) -> BoardTop:
        """Return the top around `network`."""
        uart = Uart.for_baud(self.clock_mhz * 1e6, self.baud)
        return BoardTop(network, uart, self.pll, self.leds_active_low, registers=self.registers)

    def files(self, network: Network, part: str) -> Files:
        """Return the top's Verilog and what the tool needs beside it."""
        own = self.toolchain.files(network, self, part)
        readme = render(
            "uart_readme.md.j2", network=network, shell=self, part=part, files=sorted(own)
        )
        return {
            "rtl/board_top.v": self.top(network).verilog(TOP_NAME),
            "README.md": readme,
            **own,
        }

    def _settings(self) -> Sequence[Pll]:
        if self.plls is None:
            raise ChronogateError(
                f"its design runs at the oscillator's {self.oscillator_mhz:g} MHz: leave --clock "
                "out"
            )
        return self.plls(self.oscillator_mhz)
