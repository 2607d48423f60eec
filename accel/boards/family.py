"""What the way to a bitstream asks of a family of FPGAs; one file each implements it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from accel.boards.device import Cells, Device
from hw.board.pll import Pll
from sim.cell_models import CellModels

if TYPE_CHECKING:
    from accel.boards.board import Board


@dataclass(frozen=True)
class Tool:
    """A program that a Python package brings, and its arguments.

    Parameters
    ----------
    script
        Name of the package's console script, which need not be on PATH.
    package
        What to install when it is missing.
    arguments
        For the program; files by names relative to the folder it runs in.
    """

    script: str
    package: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Resource:
    """One kind of cell, as users read it.

    Parameters
    ----------
    kind
        Field of `Cells` and `Device`.
    name
        In a sentence, plural.
    """

    kind: str
    name: str


class Family(Protocol):
    """Tools and primitives of one family of FPGAs."""

    @property
    def name(self) -> str:
        """The vendor's name."""
        ...

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The kinds of cells that can run out, scarcest first."""
        ...

    @property
    def bitstream(self) -> str:
        """Name of the file to load."""
        ...

    @property
    def output(self) -> str:
        """The option of nextpnr that takes `routed`."""
        ...

    @property
    def routed(self) -> str:
        """Name of the file in which nextpnr leaves the routed design."""
        ...

    @property
    def models(self) -> CellModels:
        """Models of the cells that synthesis maps to."""
        ...

    def plls(self, board: Board) -> Sequence[Pll]:
        """Return one PLL for each clock that can be made of the board's, slowest first."""
        ...

    def synthesis(self, device: Device, top: str) -> tuple[str, ...]:
        """Return the Yosys commands from a flat design to the family's cells."""
        ...

    def count(self, cells: Mapping[str, int]) -> Cells:
        """Return what Yosys's cells take, by their types."""
        ...

    def constraints(self, board: Board) -> tuple[str, str]:
        """Return name and text of the file that says which port is at which pin."""
        ...

    def nextpnr(self, board: Board, cells: Cells) -> Tool:
        """Return nextpnr with the arguments that are this family's own."""
        ...

    def packed(self, used: Mapping[str, int], synthesized: Cells) -> Cells:
        """Return what nextpnr's cells take, by their types, after packing."""
        ...

    def pack(self, board: Board) -> Tool:
        """Return the program that writes `bitstream` of what nextpnr wrote."""
        ...
