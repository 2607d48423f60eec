"""One mutant: a bit of a netlist that is wrong, and where it comes from."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

SELECTOR, SELECTOR_BITS = "mutant", 16
"""Input pin of a mutated netlist: the number of the mutant that is alive; zero: none."""

_ROOT = Path(__file__).parents[2]
_CLOCKS = re.compile(r"-port ((RD_|WR_)?CLK|RD_ARST)\b")
_OF_CLOCKED = re.compile(r"-port RD_(EN|SRST)\b")
_CELL = re.compile(r"-cell (\S+)")


@dataclass(frozen=True)
class Mutant:
    """One bit of one cell's port that is wrong.

    Parameters
    ----------
    number
        Value of the selector at which it is alive, from 1.
    block
        Kind of hardware that it is in.
    options
        How Yosys's `mutate` makes it: mode, cell, port, bit.
    sources
        ``file:line`` of the hardware library that the cell comes from; of library code and of
        cells that optimization made, there may be none.
    """

    number: int
    block: str
    options: str
    sources: tuple[str, ...]

    @classmethod
    def parse(cls, line: str, number: int, block: str) -> "Mutant":
        """Read a line of ``mutate -list``."""
        options, *sources = line.removeprefix("mutate ").strip().split(" -src ")
        places = tuple(place for text in sources for place in text.split("|"))
        return cls(number, block, options, tuple(sorted({_place(place) for place in places})))

    @property
    def command(self) -> str:
        """The Yosys command that adds it to a netlist, dead unless it is selected."""
        return f"mutate -ctrl {SELECTOR} {SELECTOR_BITS} {self.number} {self.options}"

    @property
    def alone(self) -> str:
        """The Yosys command that makes a netlist this mutant."""
        return f"mutate {self.options}"

    def __str__(self) -> str:
        fields = dict(re.findall(r"-(\w+) (\S+)", self.options))
        cell = fields["cell"].replace("\\", "")
        wire = f" ({fields['wire']}[{fields['wirebit']}])" if "wire" in fields else ""
        bit = f"{fields['port']}[{fields['portbit']}]"
        where = ", ".join(self.sources) or "made by optimization"
        return f"{where}: {fields['mode']} at {bit} of {cell}{wire}"


def is_logic(line: str, unclocked: Collection[str] = ()) -> bool:
    """Tell whether a line of ``mutate -list`` is about logic.

    That is not the clock, nor pins that memories do not have: of an asynchronous reset, and those
    of a register where the cells in `unclocked` have none.
    """
    cell = _CELL.search(line)
    bare = cell is not None and cell[1] in unclocked and _OF_CLOCKED.search(line)
    return not bare and not _CLOCKS.search(line)


def _place(source: str) -> str:
    """Return ``file:line`` as the repository calls it."""
    path, _, lines = source.rpartition(":")
    if path.startswith(f"{_ROOT}/"):
        return f"{path.removeprefix(f'{_ROOT}/')}:{lines}"
    return f"{path[path.rfind('amaranth/') :]}:{lines}"
