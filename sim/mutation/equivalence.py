"""Proves that a mutant does what the design does, for all inputs and all times.

Original and mutant get the same inputs, free in every cycle but that the first is a reset. They
are equivalent when their output pins never differ where they say something: data, ``tlast`` and
``tid`` while valid, read data while ``rvalid``, an answer's code while its valid, all other pins
in every cycle. Two statements are tried, either suffices:

1. From every state that the *original* reaches, the mutant goes to the same next state and shows
   the same on its pins. This has the original's registers only, so it is easy.
2. With registers of its own, which may hold something else where it does not matter, the mutant
   shows the same.

A mutant of a counter's upper bits differs, but only after more events than anyone simulates. For
it there is a weaker statement: the first one, for all cycles in which every counter of the
original is below `FEW`.
"""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from pathlib import Path
from typing import Self

from hw.errors import ChronogateError
from sim.mutation.mutant import SELECTOR, SELECTOR_BITS, Mutant
from sim.mutation.netlist import NETLIST
from sim.mutation.subject import Pin
from sim.mutation.yosys import run_yosys

SECONDS = 10
"""Of the processor, for one statement in one way; what is open after that is not proved."""

FEW = 256
"""Events up to which mutants of counters are compared, where they are not equivalent."""


@dataclass(frozen=True)
class Statement:
    """What is proved of each mutant.

    Parameters
    ----------
    name
        Of its files.
    shared
        Whether the mutant shares the original's registers.
    few
        Whether it is about the cycles only in which all counters are below `FEW`.
    """

    name: str
    shared: bool
    few: bool = False


STEP, PINS = Statement("step", True), Statement("pins", False)
FEW_STEP = Statement("few_step", True, True)

DIRECT, MERGED = "", "lcorr; scorr;"
"""Ways to a proof: at once, and after registers that are proved always equal are merged."""

PROVED, REFUTED = "Property proved", "was asserted in frame"
"""Words of ABC."""

CHOSEN = "chosen"
_COUNTERS = "control.counters."
"""Where counters behind AXI4-Lite, and their snapshots, lie."""

_TO_GATES = (
    "hierarchy -top miter",
    "proc -noopt",
    "flatten",
    "opt_expr",
    "opt_merge",
    "opt_clean",
    "techmap",
    "opt_expr",
    "opt_merge",
    "dffunmap",
    "simplemap",
    "aigmap",
    "opt_clean",
)

_EVERT = Path(__file__).with_name("evert.py")
_QUALIFIED = {
    "_tdata": "_tvalid",
    "_tlast": "_tvalid",
    "_tid": "_tvalid",
    "_rdata": "_rvalid",
    "_rresp": "_rvalid",
    "_bresp": "_bvalid",
}
"""Pins that mean something only while another one is high."""


class Answer(StrEnum):
    """What is known of a mutant that the testbench does not kill."""

    EQUIVALENT = "equivalent"
    RARE = "equal below 256 counts"
    MISSED = "missed"


@dataclass(frozen=True)
class Prover:
    """The statements about some mutants of one netlist.

    Yosys writes them once for all mutants, with the selector in registers that hold; a mutant is
    chosen by what these begin with.
    """

    folder: Path

    @classmethod
    def prepare(cls, mutants: Sequence[Mutant], pins: Sequence[Pin], folder: Path) -> Self:
        """Write the statements about `mutants`; `pins` are those of the top."""
        widths = _evert(mutants, folder)
        counters = _counters(folder)
        for statement in (STEP, PINS, FEW_STEP):
            name = statement.name
            text = "\n".join(_miter(pins, widths, counters, statement)) + "\n"
            (folder / f"{name}.v").write_text(text, encoding="utf-8")
            script = ["read_rtlil logic.il", f"read_verilog {name}.v", *_TO_GATES]
            run_yosys([*script, f"write_aiger -zinit -symbols {name}.aig"], folder, name)
        return cls(folder)

    def answer(self, mutant: Mutant) -> Answer:
        """Tell what a mutant is; what is left open is missed."""
        for statements, proved in (
            ((STEP, PINS), Answer.EQUIVALENT),
            ((FEW_STEP,), Answer.RARE),
        ):
            open_ones = set(statements)
            for effort, statement in product((DIRECT, MERGED), statements):
                outcome = self._prove(mutant, statement, effort) if statement in open_ones else ""
                if outcome == PROVED:
                    return proved
                if outcome == REFUTED:
                    # Who differs on the pins differs in some step, too, but not the other way.
                    open_ones -= {statement} if statement is STEP else set(statements)
        return Answer.MISSED

    def _prove(self, mutant: Mutant, statement: Statement, effort: str) -> str:
        name = f"{statement.name}{mutant.number}"
        text = (self.folder / f"{statement.name}.aig").read_bytes()
        (self.folder / f"{name}.aig").write_bytes(begin_with(text, mutant.number))
        commands = f"read_aiger {name}.aig; zero; strash; scleanup; {effort} pdr"
        # ABC's own limit counts seconds of the wall: on a busy machine it would prove less.
        limited = ["sh", "-c", f'ulimit -t {SECONDS}; exec "$0" -c "$1"', _abc(), commands]
        run = subprocess.run(limited, cwd=self.folder, capture_output=True, text=True, check=False)
        (self.folder / f"{name}.abc").write_text(run.stdout, encoding="utf-8")
        return next((word for word in (PROVED, REFUTED) if word in run.stdout), "")


def begin_with(aiger: bytes, mutant: int) -> bytes:
    """Return a statement (binary AIGER) with another mutant chosen."""
    head, _, rest = aiger.partition(b"\n")
    latches = int(head.split()[3])
    lines = rest.split(b"\n", latches)
    names = re.findall(rb"^l(\d+) " + CHOSEN.encode() + rb"\[(\d+)\]", aiger, re.MULTILINE)
    assert len(names) == SELECTOR_BITS, "the statement has lost bits of the selector"
    for latch, bit in names:
        lines[int(latch)] = lines[int(latch)].split()[0] + (
            b" 1" if mutant >> int(bit) & 1 else b""
        )
    return b"\n".join([head, *lines])


def _evert(mutants: Sequence[Mutant], folder: Path) -> list[int]:
    """Write the logic between the registers, with the mutants behind their selector."""
    script = [
        f"read_rtlil {NETLIST}",
        *(mutant.command for mutant in mutants),
        # The reset gives them; a mutant between a register and its name contradicts the name's.
        "setattr -unset init w:*",
        "memory_map",
        "dffunmap",
        f"expose w:{_COUNTERS}running* w:{_COUNTERS}count*",
        "opt_clean",
        "rename -top logic",
    ]
    (folder / "logic.ys").write_text("\n".join(script) + "\n", encoding="utf-8")
    command = [sys.executable, str(_EVERT), "logic.ys", "logic.il"]
    with (folder / "logic.log").open("w", encoding="utf-8") as log:
        run = subprocess.run(command, cwd=folder, stdout=log, stderr=log, check=False)
    if run.returncode:
        raise ChronogateError(f"Yosys could not prepare proofs: see {folder / 'logic.log'}")
    return [int(width) for width in (folder / "logic.widths").read_text().split()]


def _counters(folder: Path) -> list[tuple[str, int]]:
    """Return name and width of the counters behind AXI4-Lite."""
    text = (folder / "logic.il").read_text(encoding="utf-8")
    found = re.findall(rf"wire width (\d+) output \d+ \\({re.escape(_COUNTERS)}\w+)", text)
    return [(name, int(width)) for width, name in found]


def _miter(
    pins: Sequence[Pin],
    widths: Sequence[int],
    counters: Sequence[tuple[str, int]],
    statement: Statement,
) -> Iterator[str]:
    """Yield Verilog whose one output says that the two differ."""
    inputs = [pin for pin in pins if pin.is_input]
    outputs = [pin for pin in pins if not pin.is_input]
    yield f"module miter({', '.join(pin.name for pin in inputs)}, differs);"
    yield from (f"  input [{pin.width - 1}:0] {pin.name};" for pin in inputs)
    yield "  output differs;"
    yield "  reg begun = 0;"
    yield f"  reg [{SELECTOR_BITS - 1}:0] {CHOSEN} = 0;"
    yield f"  always @(posedge aclk) begin begun <= 1; {CHOSEN} <= {CHOSEN}; end"
    given = [f".{pin.name}({pin.name})" for pin in inputs if pin.name != "aresetn"]
    given += [".aresetn(aresetn & begun)"]
    for copy, number in (("right", "0"), ("wrong", CHOSEN)):
        state = "right" if statement.shared else copy
        for k, width in enumerate(widths):
            yield f"  wire [{width - 1}:0] {copy}_d{k};"
            if state == copy:
                yield f"  reg [{width - 1}:0] {copy}_q{k} = 0;"
                yield f"  always @(posedge aclk) {copy}_q{k} <= {copy}_d{k};"
        yield from (f"  wire [{pin.width - 1}:0] {copy}_{pin.name};" for pin in outputs)
        taken = [f".{pin.name}({copy}_{pin.name})" for pin in outputs]
        for k, (name, width) in enumerate(counters):
            yield f"  wire [{width - 1}:0] {copy}_count{k};"
            taken.append(f".\\{name} ({copy}_count{k})")
        states = [f".q{k}({state}_q{k}), .d{k}({copy}_d{k})" for k in range(len(widths))]
        yield f"  logic {copy}(.{SELECTOR}({number}), {', '.join(given + taken + states)});"
    counts = ["right_dropped_windows", *(f"right_count{k}" for k in range(len(counters)))]
    passes = " | ".join(f"({count} >= {FEW})" for count in counts) if statement.few else "0"
    yield f"  wire many = {passes};"
    # What is seen during the reset, before the first state is reached, does not count.
    names = {pin.name for pin in outputs}
    seen = [f"begun & {_difference(pin.name, names)}" for pin in outputs]
    steps = [f"(right_d{k} != wrong_d{k})" for k in range(len(widths))] if statement.shared else []
    yield f"  assign differs = ~many & ({' | '.join(seen + steps)});"
    yield "endmodule"


def _difference(name: str, names: set[str]) -> str:
    differs = f"(right_{name} != wrong_{name})"
    for ending, qualifier in _QUALIFIED.items():
        valid = name.removesuffix(ending) + qualifier
        if name.endswith(ending) and valid in names:
            return f"(right_{valid} & {differs})"
    return differs


def _abc() -> str:
    # The package is only located, not imported: importing it loads all of Yosys.
    package = importlib.util.find_spec("pyosys")
    if package is None or package.origin is None:
        raise ChronogateError("Yosys is missing: install it with `pip install pyosys`")
    return str(Path(package.origin).with_name("yosys-abc"))
