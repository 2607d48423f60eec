"""Proves that a mutant does what the design does, for all inputs and all times.

Original and mutant get the same inputs, free in every cycle but that the first is a reset. They
are equivalent when their output pins never differ where they say something: data, ``tlast`` and
``tid`` while valid, read data while ``rvalid``, an answer's code while its valid, all other pins
in every cycle.

A mutant whose registers may all hold something else is hard to prove equal. Most change a few
only, where it does not matter. So the mutant has registers of its own where it needs them, and
shares all others with the original. What is proved is that from every state that the two reach
they show the same on their pins *and* give the shared registers the same next values: by
induction, registers of its own would then hold the same in all cycles. At first all are shared.
When some are found to get another value, the mutant gets these for itself, and so on.
"""

import importlib.util
import re
import subprocess
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from hw.errors import ChronogateError
from sim.mutation.mutant import SELECTOR, SELECTOR_BITS, Mutant
from sim.mutation.netlist import NETLIST
from sim.mutation.subject import Pin
from sim.mutation.yosys import run_script, run_yosys

SECONDS = 15
"""Of the processor, for one way to a proof; what is open after that is not proved."""

DEEP_SECONDS = 90
"""For the last way."""

LOOKING = 6
"""Seconds in which differences of registers are looked for in one round."""

ROUNDS = 25
"""In which a mutant gets registers of its own."""

FRAMES = 40
"""Cycles in which registers are looked for that get another value; a window's and some more."""

AHEAD = 2
"""Cycles after the first difference of a shared register in which others are looked for."""

WAYS = (
    ("sat", SECONDS),
    ("pdr", SECONDS),
    ("lcorr; scorr; pdr", SECONDS),
    ("lcorr; scorr -F 4 -C 5000; pdr", DEEP_SECONDS),
)
"""Ways to a proof: where nothing is left but constants; at once; after registers that are proved
always equal are merged; after those that are so for what four cycles say."""

PROVED, REFUTED = ("Property proved", "UNSATISFIABLE"), "was asserted in frame"
"""Words of ABC."""

_ASSERTED = re.compile(r"Output +(\d+) was asserted in frame +(\d+) ")

_WITHOUT_REGISTERS = ("combinational", "UNDECIDED")
"""Words of ABC where no register is left."""

MITER = "miter"
OWN = "own"
CHOSEN = "chosen"

_TO_GATES = (
    "hierarchy -top miter",
    "proc -noopt",
    "flatten",
    "opt_expr",
    "opt_merge",
    "opt_clean",
    "techmap",
    "setundef -zero",
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
    MISSED = "missed"


@dataclass(frozen=True)
class Prover:
    """The statement about some mutants of one netlist.

    Yosys writes it once for all mutants, with the selector, and the choice of registers that a
    mutant has for itself, in registers that hold; a mutant is chosen by what these begin with.
    """

    folder: Path

    @classmethod
    def prepare(cls, mutants: Sequence[Mutant], pins: Sequence[Pin], folder: Path) -> Self:
        """Write the statement about `mutants`; `pins` are those of the top."""
        text = "\n".join(_miter(pins, _evert(mutants, folder))) + "\n"
        (folder / f"{MITER}.v").write_text(text, encoding="utf-8")
        script = ["read_rtlil logic.il", f"read_verilog {MITER}.v", *_TO_GATES]
        run_yosys([*script, f"write_aiger -zinit -symbols {MITER}.aig"], folder, MITER)
        return cls(folder)

    def answer(self, mutant: Mutant) -> Answer:
        """Tell what a mutant is; what is left open is missed."""
        own = set[int]()
        for _ in range(ROUNDS):
            said = self._abc(mutant, own, f"bmc3 -a -F {FRAMES} -T {LOOKING}")
            frames = {int(output): int(at) for output, at in _ASSERTED.findall(said)}
            pins = frames.pop(0, None)
            if pins is not None and pins <= min(frames.values(), default=pins):
                return Answer.MISSED  # So far nothing else differed: an input shows the mutant.
            if not frames:
                break
            first = min(frames.values())
            own |= {output - 1 for output, at in frames.items() if at <= first + AHEAD}
        for way, seconds in WAYS:
            said = self._abc(mutant, own, f"orpos; {way}", seconds)
            if any(word in said for word in PROVED):
                return Answer.EQUIVALENT
            if REFUTED in said:
                break
        return Answer.MISSED

    def _abc(
        self, mutant: Mutant, own: Collection[int], commands: str, seconds: int = SECONDS
    ) -> str:
        name = f"{MITER}{mutant.number}"
        text = (self.folder / f"{MITER}.aig").read_bytes()
        chosen = {(CHOSEN, bit) for bit in range(SELECTOR_BITS) if mutant.number >> bit & 1}
        text = begin_with(text, chosen | {(OWN, register) for register in own})
        (self.folder / f"{name}.aig").write_bytes(text)
        said = ""
        # What is the same in both may leave no register, and then ABC wants those that hold.
        for cleanup in ("scleanup;", ""):
            script = f"read_aiger {name}.aig; zero; strash; {cleanup} {commands}"
            # ABC's own limit counts seconds of the wall: on a busy machine it would prove less.
            limited = ["sh", "-c", f'ulimit -t {seconds}; exec "$0" -c "$1"', _abc(), script]
            said = subprocess.run(
                limited, cwd=self.folder, capture_output=True, text=True, check=False
            ).stdout
            with (self.folder / f"{name}.abc").open("a", encoding="utf-8") as log:
                log.write(f"{sorted(own)}: {commands}\n{said}")
            if not any(word in said for word in _WITHOUT_REGISTERS):
                break
        return said


def begin_with(aiger: bytes, ones: Collection[tuple[str, int]]) -> bytes:
    """Return a statement (binary AIGER) in which bits of `CHOSEN` and `OWN` begin with one."""
    head, _, rest = aiger.partition(b"\n")
    latches = int(head.split()[3])
    lines = rest.split(b"\n", latches)
    names = re.findall(rf"^l(\d+) ({CHOSEN}|{OWN})\[(\d+)\]".encode(), aiger, re.MULTILINE)
    found = {(name.decode(), int(bit)): int(latch) for latch, name, bit in names}
    for one in ones:
        lines[found[one]] = lines[found[one]].split()[0] + b" 1"
    return b"\n".join([head, *lines])


def _evert(mutants: Sequence[Mutant], folder: Path) -> list[int]:
    """Write the logic between the registers, with the mutants behind their selector."""
    script = [
        f"read_rtlil {NETLIST}",
        *(mutant.command for mutant in mutants),
        # The reset gives them; a mutant between a register and its name contradicts the name's.
        "setattr -unset init w:*",
        "memory_map",
        # What lies behind the end of a memory is the same in both, not anything at all in each.
        "setundef -undriven -zero",
        "dffunmap",
        "opt_clean",
        "rename -top logic",
    ]
    run_script(_EVERT, script, "logic.il", folder, "logic")
    return [int(width) for width in (folder / "logic.widths").read_text().split()]


def _miter(pins: Sequence[Pin], widths: Sequence[int]) -> Iterator[str]:
    """Yield Verilog whose outputs say that pins differ (0), and each shared register (from 1)."""
    inputs = [pin for pin in pins if pin.is_input]
    outputs = [pin for pin in pins if not pin.is_input]
    count = len(widths)
    yield f"module {MITER}({', '.join(pin.name for pin in inputs)}, differs);"
    yield from (f"  input [{pin.width - 1}:0] {pin.name};" for pin in inputs)
    yield f"  output [{count}:0] differs;"
    yield "  reg begun = 0;"
    yield "  always @(posedge aclk) begun <= 1;"
    for name, width in ((CHOSEN, SELECTOR_BITS), (OWN, count)):
        yield f"  reg [{width - 1}:0] {name} = 0;"
        yield f"  always @(posedge aclk) {name} <= {name};"
    given = [f".{pin.name}({pin.name})" for pin in inputs if pin.name != "aresetn"]
    given += [".aresetn(aresetn & begun)"]
    for k, width in enumerate(widths):
        for copy in ("right", "wrong"):
            yield f"  wire [{width - 1}:0] {copy}_d{k};"
            yield f"  reg [{width - 1}:0] {copy}_r{k} = 0;"
            yield f"  always @(posedge aclk) {copy}_r{k} <= {copy}_d{k};"
        yield f"  wire [{width - 1}:0] right_q{k} = right_r{k};"
        yield f"  wire [{width - 1}:0] wrong_q{k} = {OWN}[{k}] ? wrong_r{k} : right_r{k};"
        yield f"  assign differs[{k + 1}] = ~{OWN}[{k}] & (right_d{k} != wrong_d{k});"
    for copy, number in (("right", "0"), ("wrong", CHOSEN)):
        yield from (f"  wire [{pin.width - 1}:0] {copy}_{pin.name};" for pin in outputs)
        taken = [f".{pin.name}({copy}_{pin.name})" for pin in outputs]
        states = [f".q{k}({copy}_q{k}), .d{k}({copy}_d{k})" for k in range(count)]
        yield f"  logic {copy}(.{SELECTOR}({number}), {', '.join(given + taken + states)});"
    # What is seen during the reset, before the first state is reached, does not count.
    names = {pin.name for pin in outputs}
    seen = [f"begun & {_difference(pin.name, names)}" for pin in outputs]
    yield f"  assign differs[0] = {' | '.join(seen)};"
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
