"""Plants one bug of each kind and prints who finds it: `python -m sim.mutation.planted`.

Each is a change of the shipped source (`sim.formal.bug`); the golden model stays as it is. Ends
with 1 when one is not found.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from sim.formal.bug import Bug, seeded
from sim.mutation.bench import Verdict, run_design
from sim.mutation.catalogue import SUBJECTS
from sim.mutation.netlist import write_mutated


@dataclass(frozen=True)
class Planted:
    """A bug, what it is called, and the design of the catalogue in which it is planted."""

    kind: str
    subject: str
    bug: Bug


PLANTED = (
    Planted(
        # Beats come every cycle there; those of an LSTM are too far apart to meet a full buffer.
        "off-by-one stall: the output's buffer takes a beat a cycle before it has room",
        "registers",
        Bug(
            "hw.top.skid_buffer", "self.i.ready.eq(~full)", "self.i.ready.eq(~full | self.o.ready)"
        ),
    ),
    Planted(
        "stale state after reset: the place in the window survives",
        "LSTM",
        Bug(
            "hw.top.single_entry",
            'Signal(layout.size, name="state")',
            'Signal(layout.size, name="state", reset_less=True)',
        ),
    ),
    Planted(
        "wrong rounding at ties: up instead of to even",
        "LSTM",
        Bug("hw.number.resize", "half & (below | floor[0])", "half"),
    ),
    Planted(
        "swapped gates: the input gate forgets, the forget gate lets in",
        "LSTM",
        Bug(
            "hw.layer.recurrent.lstm_cell",
            "old.eq(gates[FORGET] * kept),\n            new.eq(gates[INPUT] * gates[CANDIDATE]),",
            "old.eq(gates[INPUT] * kept),\n            new.eq(gates[FORGET] * gates[CANDIDATE]),",
        ),
    ),
    Planted(
        "late tlast: a window that is closed too late is not dropped",
        "LSTM",
        Bug("hw.top.framing", "fits.eq((tlast == beat.last)", "fits.eq((tlast <= beat.last)"),
    ),
)


def run(planted: Planted, folder: Path) -> Verdict:
    """Build the design with the bug and run the shipped tests until the first that fails."""
    place = next(k for k, subject in enumerate(SUBJECTS) if subject.name == planted.subject)
    folder.mkdir(parents=True, exist_ok=True)
    with seeded(planted.bug):
        # With hardware imported anew, the catalogue and what makes netlists of it are new, too.
        subject = import_module("sim.mutation.catalogue").SUBJECTS[place]
        import_module("sim.mutation.netlist").write_netlist(subject, folder)
    return run_design(SUBJECTS[place], write_mutated([], folder))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sim.mutation.planted", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("runs/planted"))
    parser.add_argument("--only", default="", help="text in the kind of bug")
    parser.add_argument("--quick", action="store_true", help="only one of them")
    given = parser.parse_args(arguments)
    table = Table("bug", "found by", "after cycles", "says", box=MARKDOWN)
    chosen = [planted for planted in PLANTED if given.only in planted.kind][
        : 1 if given.quick else None
    ]
    verdicts = []
    for number, planted in enumerate(chosen):
        verdict = run(planted, given.folder / str(number))
        verdicts.append(verdict)
        table.add_row(planted.kind, verdict.test or "nobody", str(verdict.cycles), verdict.words)
    Console(width=240, soft_wrap=True).print(table)
    return 0 if verdicts and all(verdict.test for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
