"""Turns registers into pins: `python evert.py SCRIPT OUTPUT`.

After the Yosys script, every flip-flop of the top is replaced by an input ``q<n>`` in place of its
output and an output ``d<n>`` in place of its input; the logic in between is written as RTLIL, and
the widths, one a line, beside it.

A script, not a module of the package: nothing of the package is imported.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any


def main() -> None:
    """Run the script and write the result."""
    script, output = sys.argv[1:]
    # A native module without type information.
    yosys: Any = import_module("pyosys.libyosys")
    design = yosys.Design()
    yosys.run_pass(f"script {script}", design)
    module = design.top_module()
    widths = []
    cells = [cell for _, cell in module.cells_.items() if cell.type.str() == "$dff"]
    for number, cell in enumerate(cells):
        pins = {name: cell.getPort(yosys.IdString(f"\\{name}")) for name in ("D", "Q")}
        width = pins["Q"].size()
        module.remove(cell)
        for name, is_input in (("Q", True), ("D", False)):
            wire = module.addWire(yosys.IdString(f"\\{name.lower()}{number}"), width)
            wire.port_input, wire.port_output = is_input, not is_input
            ends = (pins[name], yosys.SigSpec(wire))
            module.connect(*(ends if is_input else reversed(ends)))
        widths.append(width)
    module.fixup_ports()
    yosys.run_pass(f"write_rtlil {output}", design)
    Path(output).with_suffix(".widths").write_text("".join(f"{w}\n" for w in widths))


if __name__ == "__main__":
    main()
