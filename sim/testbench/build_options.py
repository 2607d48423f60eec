"""How a testbench is compiled: optimizing costs more than it gives where a run is short."""

from hw.network.mode import Mode
from sim.testbench.case import Case

LONG_RUN = 50_000
"""Cycles of a test from which on the design is optimized."""

QUICK = ("OPT_FAST=-O0", "OPT_SLOW=-O0", "OPT_GLOBAL=-O1")
OPTIMIZED = ("OPT_FAST=-O1", "OPT_SLOW=-O0", "OPT_GLOBAL=-O1")

ONE_FILE = ("--output-split", "100000")
"""A small design in one C++ file, whose headers are read once and need no precompiling."""


def build_options(case: Case) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return options of make, and of Verilator.

    The runtime (``OPT_GLOBAL``) is optimized always, since it is built once and kept.
    """
    rows, steps = case.codes.shape[:2]
    forecasts = rows if case.network.mode is Mode.WINDOW else rows * steps
    cycles = forecasts * case.network.worst_timing.interval_cycles
    return (QUICK, ONE_FILE) if cycles < LONG_RUN else (OPTIMIZED, ())
