"""Proves all properties and prints the table: `python -m sim.formal`; see `--help`.

Ends with 1 when a property fails, or a seeded bug is not found.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from sim.formal.campaign import Row, chosen, run
from sim.formal.property import Property
from sim.formal.prover import FAIL, PASS, Verdict

_COLUMNS = ("property", "block", "engine", "holds for", "CPU seconds", "result", "seeded bug")


def main(arguments: Sequence[str] | None = None) -> int:
    """Prove and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sim.formal", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only a slice, in under a minute")
    parser.add_argument("--only", default="", help="text in the subject, block or property")
    parser.add_argument("--no-bugs", action="store_true", help="do not try the seeded bugs")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--folder", type=Path, default=Path("runs/formal"))
    given = parser.parse_args(arguments)
    tasks = chosen(given.only, given.quick)
    start, bugs = time.perf_counter(), not given.no_bugs
    rows = run(tasks, given.folder, given.workers, bugs, tick=_tell)
    _print(rows)
    wrong = [row for row in rows if not row.holds]
    bounded = sum(row.rule.depth is not None for row in rows)
    print(
        f"\n{len(rows) - len(wrong)} of {len(rows)} properties proved"
        + (" and their seeded bugs found" if bugs else "")
        + f", {len(rows) - bounded} unbounded and {bounded} bounded, "
        f"in {time.perf_counter() - start:.0f} seconds"
    )
    for row in wrong:
        print(f"look at {row.proof.folder}: {row.rule.block}: {row.rule.name}")
    return 1 if wrong or not rows else 0


def _tell(rule: Property, verdict: Verdict, is_bug: bool) -> None:
    expected = FAIL if is_bug else PASS
    mark = "ok " if verdict.outcome == expected else "BAD"
    what = "with its bug" if is_bug else "as shipped"
    line = f"{mark} {verdict.outcome:7} {verdict.seconds:5.1f} s  {rule.block}: {rule.name} {what}"
    print(line, file=sys.stderr, flush=True)


def _print(rows: Sequence[Row]) -> None:
    table = Table(*_COLUMNS, box=MARKDOWN)
    for row in rows:
        found = "" if row.bug is None else "found" if row.bug.outcome == FAIL else row.bug.outcome
        rule, proof = row.rule, row.proof
        table.add_row(
            *(rule.name, rule.block, rule.engine, rule.bound, f"{proof.seconds:.1f}"),
            *(proof.outcome, found),
        )
    Console(width=200, soft_wrap=True).print(table)


if __name__ == "__main__":
    sys.exit(main())
