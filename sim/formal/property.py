"""What is proved: a statement about blocks, how it is proved, and the bug that breaks it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sim.formal.bug import Bug
from sim.formal.setting import Setting


class Engine(StrEnum):
    """How a statement is proved."""

    PDR = "abc pdr"  # for all times, by property-directed reachability
    BMC = "abc bmc3"  # for so many cycles after the start
    CONE = "yosys select"  # that no path without registers leads from one pin to another


@dataclass(frozen=True)
class Property:
    """One row of the table.

    Parameters
    ----------
    name
        What is stated, in words.
    block
        The hardware that it is about.
    build
        Adds the blocks and the statement to a `Setting`; of `Engine.CONE`, the blocks only.
    bug
        What makes it fail.
    engine
        How it is proved.
    depth
        For how many cycles it is proved; ``None``: for all times.
    cone
        Of `Engine.CONE`: the output and the input pins that it must not depend on.
    any_start
        Let every register and memory begin with any value whatever, not with that of power-on.
    quick
        Whether it belongs to the slice that every submission runs.
    """

    name: str
    block: str
    build: Callable[[Setting], None]
    bug: Bug
    engine: Engine = Engine.PDR
    depth: int | None = None
    cone: tuple[str, tuple[str, ...]] | None = None
    any_start: bool = False
    quick: bool = False

    @property
    def bound(self) -> str:
        """How far the proof reaches, in words."""
        return "unbounded" if self.depth is None else f"{self.depth} cycles"
