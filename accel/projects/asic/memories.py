"""Splits a design for a chip: logic, and memories as modules of their own.

On a chip nothing has a value before it is written. Memories that are only read become logic.
Memories that are written become modules ``<top>_ram_<n>`` when they are large enough for a macro,
flip-flops when they are small. `Ram.initialized` tells of those to which the RTL gives contents
other than zero; a chip has to load them (`hw.control.reload`).
"""

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from accel.bitstream import yosys_worker
from accel.bitstream.process import last_error, run_logged
from hw.errors import ChronogateError

MACRO_BITS = 1024
"""Fewer bits than these are smaller as flip-flops than as the smallest macro."""

_SOURCE = "design.v"
_MEMORIES = "memories.json"


@dataclass(frozen=True)
class Ram:
    """A memory that is written.

    Parameters
    ----------
    name
        Of its module; of a memory made of flip-flops, in the RTL.
    words, width
        How many words of how many bits.
    read_ports, write_ports
        How many of each.
    initialized
        Whether the RTL gives it contents other than zero.
    """

    name: str
    words: int
    width: int
    read_ports: int
    write_ports: int
    initialized: bool

    @property
    def bits(self) -> int:
        """All of them."""
        return self.words * self.width


@dataclass(frozen=True)
class Split:
    """A design in two files.

    Parameters
    ----------
    logic
        Verilog of the top, without large memories.
    memories
        Verilog of the modules ``<top>_ram_<n>``; empty without any.
    rams
        Those modules.
    small
        Memories that became flip-flops of `logic`.
    transistors
        Yosys's estimate for `logic` in static CMOS, flip-flops included.
    flip_flops
        How many bits of them `logic` has.
    """

    logic: str
    memories: str
    rams: tuple[Ram, ...]
    small: tuple[Ram, ...]
    transistors: int
    flip_flops: int

    @property
    def gates(self) -> int:
        """Gate equivalents: NAND gates of two inputs have four transistors."""
        return -(-self.transistors // 4)


def split(verilog: str, top: str, folder: Path, macro_bits: int = MACRO_BITS) -> Split:
    """Split a design and estimate its area.

    Parameters
    ----------
    verilog, top
        The design.
    folder
        For files on the way, and logs.
    macro_bits
        Memories of at least so many bits become modules.

    Raises
    ------
    ChronogateError
        When Yosys fails.
    """
    (folder / _SOURCE).write_text(verilog, encoding="utf-8")
    first = [
        f"read_verilog {_SOURCE}",
        f"hierarchy -check -top {top}",
        *("proc", "flatten", "opt_clean -purge", "memory -nomap", "memory_map -rom-only"),
        # What a flip-flop never changes from is a constant, which the words of a ROM are here.
        "opt -full",
        f"write_json {_MEMORIES}",
        "write_rtlil flat.il",
    ]
    _run(first, folder, "memories")
    rams = _rams(json.loads((folder / _MEMORIES).read_text(encoding="utf-8")), top)
    large = {cell: ram for cell, ram in rams.items() if ram.bits >= macro_bits}
    small = tuple(ram for cell, ram in rams.items() if cell not in large)
    names = {cell: f"{top}_ram_{number}" for number, cell in enumerate(large)}
    second = [
        "read_rtlil flat.il",
        *(f"submod -name {name} {top}/{cell}" for cell, name in names.items()),
        f"memory_map {top}",
        f"opt -full {top}",
        # No value before the reset.
        f"setattr -unset init {top}/w:*",
        f"opt_clean -purge {top}",
        f"check -assert {top}",
        f"select {top}",
        "write_verilog -noattr -selected logic.v",
        *(
            [f"select {' '.join(names.values())}", "write_verilog -noattr -selected memories.v"]
            if large
            else []
        ),
        "select -clear",
        *(f"blackbox {name}" for name in names.values()),
        f"synth -top {top} -run coarse:check",
        # Flip-flops of any kind are plain ones with gates in front.
        *("dfflegalize -cell $_DFF_P_ x", "abc -g cmos2", "opt_clean"),
        "tee -q -o area.json stat -json -tech cmos",
    ]
    _run(second, folder, "split")
    text = (folder / "area.json").read_text(encoding="utf-8")
    area = json.loads(text[text.index("{") :])["design"]
    transistors = str(area["estimated_num_transistors"]).rstrip("+")
    return Split(
        logic=(folder / "logic.v").read_text(encoding="utf-8"),
        memories=(folder / "memories.v").read_text(encoding="utf-8") if large else "",
        rams=tuple(replace(ram, name=names[cell]) for cell, ram in large.items()),
        small=small,
        transistors=int(transistors),
        flip_flops=area["num_cells_by_type"].get("$_DFF_P_", 0),
    )


def _rams(document: dict, top: str) -> dict[str, Ram]:
    """Return the memories of the top by the names of their cells."""
    found = {}
    for name, cell in document["modules"][top]["cells"].items():
        if cell["type"] == "$mem_v2":
            parameters = cell["parameters"]
            words, width, read, write = (
                int(parameters[key], 2) for key in ("SIZE", "WIDTH", "RD_PORTS", "WR_PORTS")
            )
            given = "1" in parameters["INIT"]
            identity = parameters["MEMID"].lstrip("\\")
            found[name] = Ram(identity, words, width, read, write, given)
    return found


def _run(passes: list[str], folder: Path, name: str) -> None:
    script, log = folder / f"{name}.ys", folder / f"{name}.log"
    script.write_text("\n".join(passes) + "\n", encoding="utf-8")
    command = [sys.executable, str(Path(yosys_worker.__file__).resolve()), script.name]
    if run_logged(command, folder, log, lambda line: None) != 0:
        raise ChronogateError(f"Yosys failed ({last_error(log)}): this is a bug, please report it")
