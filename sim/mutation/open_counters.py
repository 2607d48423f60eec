"""Writes Verilog in which counters keep their names: `python open_counters.py SCRIPT OUTPUT`.

A testbench gives counters values by their names. In a netlist the output of a flip-flop may be a
port's wire, and a mutant cuts it into pieces. After the Yosys script, which begins with reading the
netlist, the flip-flops of each counter drive a wire with the name that the counter has in the
design, and that wire drives what they drove before, mutants included.

A script, not a module of the package: nothing of the package is imported.
"""

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

_COUNTER = re.compile(r"\\(control\.counters\.running\d+|dropped_windows)")
_NAMES = {"\\dropped_windows": "\\core.entry.dropped_windows"}
"""Of counters whose wires are ports of the top."""


def main() -> None:
    """Run the script and write the result."""
    script, output = sys.argv[1:]
    # A native module without type information.
    yosys: Any = import_module("pyosys.libyosys")
    design = yosys.Design()
    first, *others = Path(script).read_text(encoding="utf-8").splitlines()
    yosys.run_pass(first, design)
    drivers = _drivers(design.top_module(), yosys.IdString("\\Q"))
    for command in others:
        yosys.run_pass(command, design)
    module = design.top_module()
    widths = {str(wire.name): wire.width for wire in module.wires_.values()}
    for name, bits in drivers.items():
        if name not in _NAMES:
            module.rename(module.wires_[yosys.IdString(name)], yosys.IdString(f"{name}_seen"))
        opened = yosys.IdString(_NAMES.get(name, name))
        wire = yosys.SigSpec(module.addWire(opened, widths[name]))
        for cell, places in bits.items():
            flip_flop, port = module.cell(yosys.IdString(cell)), yosys.IdString("\\Q")
            before, after = flip_flop.getPort(port), yosys.SigSpec()
            for place in places:
                after.append(wire.extract(place, 1))
            flip_flop.setPort(port, after)
            module.connect(before, after)
    yosys.run_pass(f"write_verilog -noattr {output}", design)


def _drivers(module: Any, port: Any) -> dict[str, dict[str, list[int]]]:
    """Return by counter and flip-flop which bit of the counter each bit of its output is."""
    drivers: dict[str, dict[str, list[int]]] = {}
    for cell in module.cells_.values():
        if "dff" not in cell.type.str():
            continue
        for bit in cell.getPort(port).to_sigbit_vector():
            name = bit.wire.name.str()
            if _COUNTER.fullmatch(name):
                drivers.setdefault(name, {}).setdefault(cell.name.str(), []).append(bit.offset)
    return drivers


if __name__ == "__main__":
    main()
