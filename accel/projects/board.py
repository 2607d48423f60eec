"""A board for which a project is written instead of a bitstream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from hw.errors import ChronogateError
from hw.network.graph import Network

Files = Mapping[str, str]
"""Texts by their paths relative to the project's folder."""


class Shell(Protocol):
    """What stands around the accelerator on a board, and the scripts that build it."""

    @property
    def tool(self) -> str:
        """The vendor tool."""
        ...

    @property
    def command(self) -> str:
        """What builds the project, in its folder."""
        ...

    @property
    def clock_mhz(self) -> float:
        """The clock of the design."""
        ...

    def at_clock(self, clock_mhz: float) -> Shell:
        """Return the shell with its design at another clock.

        Raises
        ------
        ChronogateError
            When it cannot be made.
        """
        ...

    def with_registers(self) -> Shell:
        """Return the shell with the accelerator's registers within a host's reach."""
        ...

    def files(self, network: Network, part: str) -> Files:
        """Return the project's files.

        Raises
        ------
        ChronogateError
            When the shell has no place for such a network.
        """
        ...


@dataclass(frozen=True)
class ProjectBoard:
    """A board whose bitstream only its vendor's tool can write.

    Parameters
    ----------
    name
        What ``--board`` takes.
    description
        One line for the list of boards.
    part
        Its FPGA, as the tool calls it.
    shell
        What stands around the accelerator, and the tool.
    """

    name: str
    description: str
    part: str
    shell: Shell

    def at_clock(self, clock_mhz: float) -> ProjectBoard:
        """Return the board with its design at another clock.

        Raises
        ------
        ChronogateError
            When it cannot be made.
        """
        try:
            return replace(self, shell=self.shell.at_clock(clock_mhz))
        except ChronogateError as error:
            raise ChronogateError(f"{self.name}: {error}") from None
