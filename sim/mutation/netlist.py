"""The netlist that is mutated, the list of its mutants, and all of them in one Verilog.

The netlist is what Yosys's synthesis begins with for every target: flattened, optimized, words
narrowed (`wreduce`), memories collected, but words not yet cut into gates. There a cell still
knows its line of the source, Verilator runs it as fast as the design, and what nothing depends on
is gone, which a mutant would change unseen.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from amaranth.back import rtlil

from hw.top.axi import Accelerator
from sim.mutation.mutant import Mutant, is_logic
from sim.mutation.subject import Subject
from sim.mutation.yosys import run_script, run_yosys

TOP = "accelerator"
NETLIST = "netlist.il"
_OPTIMIZED = ("opt -full", "wreduce", "opt")
_OPEN_COUNTERS = Path(__file__).with_name("open_counters.py")
_UNCLOCKED = re.compile(
    r"cell \$mem_v2 (\S+)\n(?: {4}.*\n)*? {4}parameter \\RD_CLK_ENABLE \d+'0+\n"
)
"""A memory that is read without a clock."""
_SPARE = 1.5
"""So many times the mutants are listed, as those of the clock are left out."""


def write_netlist(subject: Subject, folder: Path) -> None:
    """Synthesize a design into ``netlist.il``; every cell knows its kind of block."""
    top = Accelerator(subject.network, subject.control)
    text = rtlil.convert(top, name=TOP, emit_src=True)
    (folder / "design.il").write_text(text, encoding="utf-8")
    script = [
        "read_rtlil design.il",
        f"hierarchy -top {TOP}",
        "proc",
        *_OPTIMIZED,
        *(f'setattr -set block "{kind}" {modules}/c:*' for kind, modules in subject.blocks),
        "flatten",
        "memory -nomap",
        *_OPTIMIZED,
        "opt_clean -purge",
        "delete t:$scopeinfo",
        f"write_rtlil {NETLIST}",
    ]
    run_yosys(script, folder, "netlist")


def list_mutants(counts: Sequence[tuple[str, int]], folder: Path, seed: int) -> list[Mutant]:
    """Return so many mutants of each kind of block in ``netlist.il``, spread evenly by Yosys.

    Mutants of the clock are left out: they are no logic, and no simulator without gate delays
    shows what they do. So are pins that a memory does not have.
    """
    script = [f"read_rtlil {NETLIST}"]
    for place, (block, count) in enumerate(counts):
        wanted = int(count * _SPARE)
        script.append(
            f"mutate -list {wanted} -seed {seed} -o mutants{place}.txt c:* a:block={block} %i"
        )
    run_yosys(script, folder, "mutants")
    unclocked = _UNCLOCKED.findall((folder / NETLIST).read_text(encoding="utf-8"))
    mutants: list[Mutant] = []
    for place, (block, count) in enumerate(counts):
        lines = (folder / f"mutants{place}.txt").read_text(encoding="utf-8").splitlines()
        chosen = [line for line in lines if is_logic(line, unclocked)][:count]
        mutants += [
            Mutant.parse(line, len(mutants) + k, block) for k, line in enumerate(chosen, start=1)
        ]
    return mutants


def write_mutated(mutants: Sequence[Mutant], folder: Path) -> Path:
    """Put all mutants behind the selector of one Verilog file; counters keep their names."""
    script = [f"read_rtlil {NETLIST}", *(mutant.command for mutant in mutants), "opt_clean"]
    run_script(_OPEN_COUNTERS, script, "mutated.v", folder, "mutated")
    return folder / "mutated.v"
