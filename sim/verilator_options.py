"""What every build of RTL with Verilator is told: in this process, and under cocotb."""

WAIVED = ("-Wno-WIDTHEXPAND", "-Wno-WIDTHTRUNC")
"""Warnings about code that Yosys wrote: it extends and truncates without saying so. Any other
warning ends the build."""

OPTIMIZED = ("-O3", "--x-assign", "fast", "-fno-merge-cond-motion")
"""Without the last, Verilator moves statements to merge their conditions, in a time that grows with
the square of their number: minutes for 1,600 multipliers (docs/verification.md has figures)."""
