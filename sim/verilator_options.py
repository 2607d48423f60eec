"""What every build of RTL with Verilator is told: in this process, and under cocotb."""

WAIVED = ("-Wno-WIDTHEXPAND", "-Wno-WIDTHTRUNC")
"""Warnings about code that Yosys wrote: it extends and truncates without saying so. Any other
warning ends the build."""

LARGE = 1_000_000
"""Characters of Verilog from which on conditions are not merged: docs/verification.md has figures.

Verilator moves statements to merge their conditions. What that costs grows faster than what the C++
compiler saves by it: from here on the build takes no longer without, and the simulation is as fast
or faster.
"""


def optimized(characters: int) -> tuple[str, ...]:
    """Return the options of optimization for a design of so much Verilog."""
    merged = () if characters < LARGE else ("-fno-merge-cond-motion",)
    return ("-O3", "--x-assign", "fast", *merged)
