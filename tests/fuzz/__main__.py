"""``python -m tests.fuzz COUNT``: drawn models through all realizations, cumulatively.

Each call checks COUNT models that its folder does not hold yet, and sums all of them up.
"""

import argparse
import sys
from pathlib import Path

from accel.progress import show_progress
from tests.fuzz.run import Plan, read_results, run
from tests.fuzz.summary import summary, verdict, warning


def main() -> int:
    """Run and print the summary; the exit status is 1 when a model failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument(
        "count", type=int, help="models that were not run before, or not so deep; 0 sums up only"
    )
    parser.add_argument("--seed", type=int, default=0, help="first seed")
    parser.add_argument(
        "--every", type=int, default=5, help="every n-th also as RTL and HLS; 0 for none"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--folder", type=Path, default=Path("runs/fuzz"), help="of the results")
    parser.add_argument("--cases", type=Path, default=Path("tests/flow/cases"),
                        help="where failing models go")  # fmt: skip
    given = parser.parse_args()
    plan = Plan(given.folder, given.seed, given.count, given.every, given.jobs, given.cases)
    try:
        with show_progress() as progress:
            run(plan, progress.step(f"Checking {given.count} models", given.count))
    except KeyboardInterrupt:
        print(f"interrupted: what is done is in {given.folder}, the next call goes on")
        return 130
    outcomes = read_results(given.folder)
    print(summary(outcomes))
    if warning(outcomes):
        print(f"warning: {warning(outcomes)}")
    return verdict(outcomes)


if __name__ == "__main__":
    sys.exit(main())
