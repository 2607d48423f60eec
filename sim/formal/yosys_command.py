"""Yosys as a program: `python yosys_command.py [-q] [-l LOG] SCRIPT`.

The wheel ``pyosys`` has Yosys as a library only; SymbiYosys calls a program, as it would call
``yosys -ql LOG SCRIPT``. The native library is several times faster than Yosys in WebAssembly.

A script, not a module of the package: nothing of the package is imported.
"""

import os
import sys
from importlib import import_module


def main() -> None:
    """Run one script; what Yosys says goes to the log, if one is named."""
    options, script = sys.argv[1:-1], sys.argv[-1]
    if options and options[-2:-1] and options[-2].endswith("l"):
        log = os.open(options[-1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
    # A native module without type information.
    libyosys = import_module("pyosys.libyosys")
    libyosys.run_pass(f"script {script}", libyosys.Design())


if __name__ == "__main__":
    main()
