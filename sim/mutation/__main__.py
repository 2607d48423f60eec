"""Runs the testbench on mutants and prints what it missed: `python -m sim.mutation`; see `--help`.

Ends with 1 when it kills less than 99 % of the mutants that are not proved equal.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from sim.mutation.campaign import WANTED, Campaign, Fate, Row, rows
from sim.mutation.catalogue import SUBJECTS
from sim.mutation.equivalence import Answer

_COLUMNS = ("block", "mutants", "killed", "missed", "equivalent", "killed of the others")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sim.mutation", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a slice, in two minutes")
    parser.add_argument("--only", default="", help="text in the name of the design")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=1, help="of the choice of mutants")
    parser.add_argument("--folder", type=Path, default=Path("runs/mutation"))
    parser.add_argument(
        "--living",
        action="store_true",
        help="run only what no testbench has killed yet; to try out new tests",
    )
    given = parser.parse_args(arguments)
    start, fates = time.perf_counter(), list[Fate]()
    campaign = Campaign(given.folder, given.quick, given.workers, given.seed, given.living, _tell)
    for subject in SUBJECTS:
        if given.only in subject.name and (subject.quick or not given.quick):
            fates += campaign.run(subject)
    table = rows(fates)
    total = Row("all", tuple(fates))
    _print([*table, total])
    print(f"\n{len(fates)} mutants in {time.perf_counter() - start:.0f} seconds")
    _print_tests(fates)
    for fate in fates:
        if fate.answer is Answer.MISSED:
            print(f"missed: {fate.subject}, {fate.mutant.block}: {fate.mutant}")
    return 0 if fates and total.share >= WANTED else 1


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _print(lines: Sequence[Row]) -> None:
    table = Table(*_COLUMNS, box=MARKDOWN)
    for row in lines:
        counts = [row.count(kind) for kind in (None, Answer.MISSED, Answer.EQUIVALENT)]
        numbers = (len(row.fates), *counts)
        table.add_row(row.block, *map(str, numbers), f"{100 * row.share:.1f} %")
    Console(width=200, soft_wrap=True).print(table)


def _print_tests(fates: Sequence[Fate]) -> None:
    found = Counter(fate.verdict.test for fate in fates if fate.verdict.test is not None)
    print("killed by " + ", ".join(f"{test}: {count}" for test, count in found.items()))


if __name__ == "__main__":
    sys.exit(main())
