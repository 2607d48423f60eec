"""Which block of the design each placed cell belongs to.

Before the design is made flat, its cells get their module's path as an attribute, which registers
and most multipliers keep through synthesis and nextpnr's packing. What synthesis makes anew, LUTs,
carries, memories, counts for the block of the nearest cell that has one and that it feeds.
"""

import json
import re
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accel.runs.json_files import read_json, write_json
from hw.board.top import TOP_NAME

PLACED = "placed.json"
"""What nextpnr writes of the placed design; as large as the netlist, so it is not kept."""
PLACEMENT = "placement.json"

STREAMS, SERIAL_LINE, BOARD = "streams", "serial line", "board"
SURROUNDINGS = STREAMS, SERIAL_LINE, BOARD
"""Names for what is around the network."""

_ATTRIBUTE = "block"
_MODULE = re.compile(rf"^module *\\?{TOP_NAME}\.([^ (]+)", re.MULTILINE)
_PLACE = re.compile(r"^X(\d+)/?Y(\d+)/")

_KINDS = (
    ("dsp", re.compile(r"MULT|ICESTORM_DSP|SB_MAC|MULTALU|MULTADD|^ALU54|^PADD")),
    ("bram", re.compile(r"ICESTORM_RAM|SB_RAM|SPRAM|^DP16K|^PDPW16K|^SDP|^DPB|^DPX|^SPX?9?$|ROM")),
    ("ff", re.compile(r"FF")),
    ("lut", re.compile(r"ICESTORM_LC|COMB|LUT|^ALU$|^RAM16")),
)
_REGISTER = "DFF_ENABLE"


@dataclass(frozen=True)
class PlacedCells:
    """Cells of one kind and one block in one tile.

    Parameters
    ----------
    x, y
        The tile.
    kind
        Field of `accel.boards.Cells`; empty for pins, clocks and what else there is.
    block
        As `BlockCells` names it.
    count
        How many.
    """

    x: int
    y: int
    kind: str
    block: str
    count: int


@dataclass(frozen=True)
class Placement:
    """The cells of a placed design."""

    cells: tuple[PlacedCells, ...]


@dataclass(frozen=True)
class BlockCells:
    """What one block of the design takes, after packing.

    Parameters
    ----------
    block
        A node of the network; what is around it is ``streams``, ``serial line`` and ``board``.
    lut, ff, dsp, bram
        As in `accel.boards.Cells`; an iCE40's logic cell with a register counts as both.
    """

    block: str
    lut: int
    ff: int
    dsp: int
    bram: int


def label_commands(verilog: str) -> list[str]:
    """Return Yosys commands that give cells and memories of `verilog` their module's path.

    Wires get none: Yosys takes one with attributes for one that somebody wants to keep.
    """
    return [
        f'setattr -set {_ATTRIBUTE} "{path}" {TOP_NAME}.{path}/c:* {TOP_NAME}.{path}/m:*'
        for path in _MODULE.findall(verilog)
    ]


def keep_placement(folder: Path) -> None:
    """Write what of nextpnr's design is worth keeping, and remove the rest."""
    written = folder / PLACED
    modules: dict[str, Any] = json.loads(written.read_text(encoding="utf-8"))["modules"]
    cells: dict[str, Any] = next(iter(modules.values()))["cells"]
    blocks = cell_blocks(cells)
    found: Counter[tuple[int, int, str, str]] = Counter()
    for name, cell in cells.items():
        place = _PLACE.match(cell["attributes"].get("NEXTPNR_BEL", ""))
        if place is None:  # Constants have no place.
            continue
        for kind in _kinds(cell):
            found[int(place[1]), int(place[2]), kind, block_name(blocks[name])] += 1
    placed = tuple(PlacedCells(*key, count) for key, count in sorted(found.items()))
    write_json(folder / PLACEMENT, Placement(placed))
    written.unlink()


def read_placement(folder: Path) -> Placement | None:
    """Return the placement of a bitstream's folder; None where an older release made it."""
    path = folder / PLACEMENT
    return read_json(path, Placement) if path.exists() else None


def block_name(path: str) -> str:
    """Return the block of a module's path, as `BlockCells` names it."""
    parts = path.split(".")
    if parts[:2] == ["accelerator", "core"] and len(parts) > 2 and parts[2] != "entry":
        return parts[2]
    return {"accelerator": STREAMS, "bridge": SERIAL_LINE}.get(parts[0], BOARD)


def count_blocks(placement: Placement) -> tuple[BlockCells, ...]:
    """Return what each block takes, the largest first."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for cells in placement.cells:
        if cells.kind:
            counts[cells.block][cells.kind] += cells.count
    found = [
        BlockCells(name, count["lut"], count["ff"], count["dsp"], count["bram"])
        for name, count in counts.items()
    ]
    return tuple(sorted(found, key=lambda block: (-block.lut, block.block)))


def cell_kind(cell_type: str) -> str:
    """Return the field of `accel.boards.Cells` that a cell counts for; empty for what is none."""
    return next((kind for kind, names in _KINDS if names.search(cell_type)), "")


def _kinds(cell: Mapping[str, Any]) -> tuple[str, ...]:
    kind = cell_kind(cell["type"])
    registered = str(cell["parameters"].get(_REGISTER, "0")).strip().endswith("1")
    return (kind, "ff") if kind == "lut" and registered else (kind,)


def cell_blocks(cells: Mapping[str, Any]) -> dict[str, str]:
    """Return the module's path of every cell of a netlist in Yosys's JSON.

    Its own, else that of the nearest cell it feeds; empty where there is none.
    """
    drivers: dict[int, str] = {}
    readers: dict[int, list[str]] = defaultdict(list)
    for name, cell in cells.items():
        for port, bits in cell["connections"].items():
            output = cell["port_directions"][port] == "output"
            for bit in bits:
                if isinstance(bit, int) and output:
                    drivers[bit] = name
                elif isinstance(bit, int):
                    readers[bit].append(name)
    found = {
        name: cell["attributes"][_ATTRIBUTE]
        for name, cell in cells.items()
        if _ATTRIBUTE in cell["attributes"]
    }
    feeding: dict[str, list[str]] = defaultdict(list)
    fed: dict[str, list[str]] = defaultdict(list)
    for bit, driver in drivers.items():
        for reader in readers[bit]:
            feeding[reader].append(driver)
            fed[driver].append(reader)
    # Backwards first; what feeds nothing that is known takes after what feeds it.
    for neighbours in (feeding, fed):
        waiting = deque(sorted(found))
        while waiting:
            name = waiting.popleft()
            for other in neighbours[name]:
                if other not in found:
                    found[other] = found[name]
                    waiting.append(other)
    return {name: found.get(name, "") for name in cells}
