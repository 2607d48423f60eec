"""Runs Yosys passes in a process of its own: `python yosys_worker.py PASSES`.

Yosys ends the process at an error and fills it with its memory, so it never runs in the process
that asked for it. PASSES is a file with one Yosys command per line. Before each, its number goes
to stderr; everything that Yosys says goes to stdout.

A script, not a module of the package: nothing of the package is imported.
"""

import sys
from importlib import import_module
from pathlib import Path

MARK = "chronogate: pass "


def main() -> None:
    """Run the passes of the file named on the command line, in order."""
    # A native module without type information.
    libyosys = import_module("pyosys.libyosys")
    design = libyosys.Design()
    for number, line in enumerate(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()):
        print(f"{MARK}{number}", file=sys.stderr, flush=True)
        libyosys.run_pass(line, design)


if __name__ == "__main__":
    main()
