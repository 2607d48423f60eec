"""What folding offers beside an unrolled network: the half-pruned 16-64-32-32-5 at R = 1 ... 32.

``python -m tests.bench_hw.folded [--quick]``: cycles, multipliers and, where they fit the part,
cells of an ECP5 by Yosys, with every weight and with the zeros left out. The first line is the
unrolled network of `tests.bench_hw.unrolled`.
"""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from amaranth.back import verilog

from hw import Activation, Dense, FixedPoint, UnrolledDense
from tests.bench_hw.families import FAMILIES, cells
from tests.bench_hw.table import print_table
from tests.bench_hw.unrolled import WEIGHT_BITS, Chain, Race, blocks, races

REUSES = (1, 2, 4, 8, 16, 32)
PART = 156
"""Multipliers of an ECP5-85; with more of them Yosys is not asked."""

Folded = Dense | Activation


def folded(race: Race, reuse: int, skip_zeros: bool) -> list[Folded]:
    """Return the network with every layer at one reuse factor."""
    chain: list[Folded] = []
    for block in blocks(race):
        if isinstance(block, UnrolledDense):
            format = FixedPoint(WEIGHT_BITS, WEIGHT_BITS)
            bias = FixedPoint(24, 24 - block.input.fraction)
            dense = Dense(block.kernel, block.bias, block.input, format, bias, reuse)
            chain.append(replace(dense, skip_zeros=skip_zeros))
        else:
            chain.append(block)
    return chain


def main() -> None:
    """Print the curve."""
    quick = "--quick" in sys.argv
    race = races(quick)[-1]
    unrolled = blocks(race)
    latency = sum(block.timing.latency_cycles for block in unrolled)
    adders = sum(block.graph.adders for block in unrolled if isinstance(block, UnrolledDense))
    rows: list[tuple[object, ...]] = [("unrolled", 1, latency, f"{adders} adders", "-", "-", "-")]
    for skip_zeros in (False, True):
        for reuse in REUSES:
            chain = folded(race, reuse, skip_zeros)
            interval = max(block.timing.interval_cycles for block in chain)
            multipliers = sum(block.timing.multipliers for block in chain)
            counts: tuple[object, ...] = ("does not fit", "-", "-")
            if multipliers <= PART:
                with tempfile.TemporaryDirectory() as folder:
                    text = verilog.convert(Chain(chain), name="top", emit_src=False)
                    found = cells(text, FAMILIES[0], Path(folder), "top")
                counts = tuple(found.get(name, 0) for name in ("LUT4", "CCU2C", "MULT18X18D"))
            name = f"R = {reuse}" + (", zeros left out" if skip_zeros else "")
            total = sum(block.timing.latency_cycles for block in chain)
            rows.append((name, interval, total, multipliers, *counts))
    head = "folding", "interval", "latency, cycles", "multipliers"
    print(f"\n{race.name}\n")
    print_table((*head, "LUT4", "CCU2C", "MULT18X18D"), rows)


if __name__ == "__main__":
    main()
