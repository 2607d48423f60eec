"""The schedules beside the limits that none can beat, and the growth with model size.

``python -m tests.bench_hw.limits [--quick] [--plot FILE]``: closed forms, no simulation. Fails
where a recurrent step takes more cycles beyond its limit than tolerated, where interleaved series
leave multipliers idle, where a dense layer's interval is not its reuse factor, or where writing
the Verilog of 150,000 weights takes too long or too much memory.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, product
from math import ceil
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from hw import Dense, FixedPoint
from tests.bench_hw.families import FAMILIES, cells
from tests.bench_hw.generation import Generated, generate, units_for
from tests.bench_hw.table import print_table
from tests.hw.limits import (
    LEAST_UTILIZATION,
    Step,
    one_pool,
    products_of,
    separate_pools,
    utilization,
)

KINDS = ("lstm", "gru_after", "gru_before")
UNITS = (8, 12, 16, 20, 32, 33, 64, 96, 128)
INPUTS = (1, 2, 4, 6, 8, 9, 12, 16, 33)
POOLS = (1, 2, 3, 4, 7, 8, 16, 24, 32, 65, 100, 156, 256, 400, 1000)
REUSES = (1, 2, 3, 8, 20, 63, 90, 400)
INTERLEAVED = (
    *((32, 8, 8), (32, 16, 16), (64, 16, 32), (64, 32, 32), (128, 64, 64), (20, 6, 4)),
    *((32, 1, 32), (64, 1, 64), (32, 8, 64), (32, 8, 128)),
)
DENSE = ((16, 64), (64, 32), (7, 13), (1, 9), (50, 1))
LARGE = 150_000
SIZES = (2_000, 5_000, 10_000, 40_000, LARGE)
MOST_SECONDS = 60
MOST_MIB = 2000
MOST_SYNTHESIZED = 40_000
"""Weights of the largest network whose LUTs are counted: synthesis takes minutes beyond."""


@dataclass(frozen=True)
class Growth:
    """A network of the sweep over sizes, and its LUTs on an ECP5 where they were counted."""

    generated: Generated
    luts: int | None


def steps(quick: bool) -> Iterator[tuple[str, Step]]:
    """Schedule every layer of the sweep, on one pool and on separate ones."""
    units_swept, inputs_swept = ((8, 20), (1, 33)) if quick else (UNITS, INPUTS)
    reuses = REUSES[::3] if quick else REUSES
    for kind, units, n_in in product(KINDS, units_swept, inputs_swept):
        products = sum(products_of(kind, units, n_in))
        for pool in sorted({*POOLS, units, units + 1, products}):
            if pool <= products:
                yield "one pool", one_pool(kind, units, n_in, pool)
        inputs, recurrent = products_of(kind, units, n_in)
        for reuse in product(reuses, reuses):
            if reuse[0] <= inputs and reuse[1] <= recurrent:
                yield "separate pools", separate_pools(kind, units, n_in, reuse)


def judge_steps(quick: bool) -> list[str]:
    """Print the worst steps of each kind and folding; return what exceeds its slack."""

    def key(entry: tuple[str, Step]) -> tuple[str, str]:
        return entry[1].kind, entry[0]

    rows, beyond = [], []
    for (kind, pools), entries in groupby(sorted(steps(quick), key=key), key):
        found = [step for _, step in entries]
        worst = max(found, key=lambda step: step.excess)
        rows.append(
            (
                kind,
                pools,
                len(found),
                f"{worst.n_in} -> {worst.units}",
                ", ".join(str(number) for number in worst.folding),
                worst.cycles,
                worst.limit,
                worst.excess,
                worst.slack,
                f"{np.mean([step.excess <= 0 for step in found]):.0%}",
            )
        )
        beyond += [f"{step}: {step.excess} cycles over" for step in found if not step.is_kept]
    print("\nCycles per step: the worst of each sweep beside its limit\n")
    head = "layer", "multipliers", "schedules", "worst", "P or R", "cycles", "limit"
    print_table((*head, "excess", "tolerated", "at the limit"), rows)
    return beyond


def examples() -> None:
    """Print some layers, so that the limits can be seen beside the cycles."""
    found = [
        one_pool(kind, units, n_in, pool)
        for kind, (n_in, units) in product(KINDS, ((1, 20), (6, 20), (16, 64), (16, 128)))
        for pool in (4, 16, 64, 156)
    ]
    rows = [
        (s.kind, f"{s.n_in} -> {s.units}", s.folding[0], s.cycles, s.limit, s.excess) for s in found
    ]
    print("\nSome layers on one pool of P multipliers\n")
    print_table(("layer", "shape", "P", "cycles per step", "limit", "excess"), rows)


def judge_utilization() -> list[str]:
    """Print the utilization with interleaved series; return what leaves multipliers idle."""
    rows, beyond = [], []
    for kind, (units, n_in, pool) in product(KINDS, INTERLEAVED):
        share = utilization(kind, units, n_in, pool)
        rows.append((kind, f"{n_in} -> {units}", pool, f"{share:.2%}"))
        if share < LEAST_UTILIZATION:
            beyond.append(f"{kind} {n_in} -> {units} with {pool} multipliers: {share:.2%} used")
    print("\nUtilization of the pool with 256 interleaved series in turns\n")
    print_table(("layer", "shape", "P", "utilization"), rows)
    return beyond


def judge_dense() -> list[str]:
    """Print how many reuse factors were tried; return those that are not the interval."""
    rows, beyond = [], []
    grid = FixedPoint(8, 2)
    for n_in, n_out in DENSE:
        kernel, bias = np.ones((n_in, n_out), np.int64), np.ones(n_out, np.int64)
        factors = range(1, n_in * n_out + 3)
        for reuse in factors:
            spec = Dense(kernel, bias, grid, grid, grid, reuse)
            exact = spec.timing.interval_cycles == reuse
            if not exact or spec.timing.multipliers > ceil(n_in * n_out / reuse):
                beyond.append(f"dense {n_in} -> {n_out} at reuse factor {reuse}: {spec.timing}")
            # What the interval promises, the columns must be able to keep.
            if spec.program.busy_cycles > reuse:
                beyond.append(f"dense {n_in} -> {n_out} is busy longer than {reuse} cycles")
        rows.append((f"{n_in} -> {n_out}", f"1..{factors[-1]}", "R for every R"))
    print("\nFolded dense layers\n")
    print_table(("shape", "reuse factors R", "interval"), rows)
    return beyond


def grow(quick: bool) -> list[Growth]:
    """Write networks of several sizes, and count the LUTs of the small ones."""
    weights = (SIZES[0], LARGE) if quick else SIZES
    wanted = [("mlp", _mlp_sizes(count)) for count in weights]
    wanted += [("lstm", (units_for("lstm", count),)) for count in weights]
    result = []
    for kind, size in wanted:
        generated = generate(kind, size)
        luts = None
        if generated.weights <= MOST_SYNTHESIZED * 1.1:
            with tempfile.TemporaryDirectory() as folder:
                counts = cells(generated.verilog, FAMILIES[0], Path(folder))
            luts = counts.get("LUT4", 0) + 2 * counts.get("CCU2C", 0)
        print(f"  {generated.name}: {generated.seconds:.1f} s", file=sys.stderr, flush=True)
        result.append(Growth(generated, luts))
    return result


def _mlp_sizes(weights: int) -> tuple[int, ...]:
    """Return layers 3.5 n, 2 n, n, 20 that have about so many weights, at least."""
    n = 2
    while 9 * n * n + 20 * n < weights:
        n += 1
    return 7 * n // 2 + n % 2, 2 * n, n, 20


def judge_growth(growth: Sequence[Growth]) -> list[str]:
    """Print the sweep over sizes; return what takes too long or too much memory."""
    rows, beyond = [], []
    for entry in growth:
        made = entry.generated
        luts = "" if entry.luts is None else f"{entry.luts:,}"
        rows.append(
            (
                made.name,
                f"{made.weights:,}",
                made.multipliers,
                f"{made.cycles:,}",
                luts,
                made.seconds,
                f"{made.peak_mib:,.0f}",
                f"{len(made.verilog) / 2**20:.1f}",
            )
        )
        if made.seconds > MOST_SECONDS or made.peak_mib > MOST_MIB:
            beyond.append(f"{made.name}: {made.seconds:.0f} s and {made.peak_mib:.0f} MiB")
    print("\nWriting the Verilog of folded networks (LUTs of an ECP5 counted for the small ones)\n")
    head = "network", "weights", "multipliers", "cycles", "LUTs"
    print_table((*head, "seconds", "peak MiB", "Verilog MiB"), rows)
    return beyond


def plot(growth: Sequence[Growth], path: Path) -> None:
    """Draw cycles, LUTs and generation time against the number of weights."""
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    axes = figure.subplots(1, 3, sharex=True)
    for kind in ("mlp", "lstm"):
        of_kind = [entry for entry in growth if entry.generated.name.startswith(kind)]
        small = [entry for entry in of_kind if entry.luts is not None]
        weights = [entry.generated.weights for entry in of_kind]
        axes[0].plot(weights, [e.generated.cycles for e in of_kind], "o-", label=kind)
        axes[1].plot([e.generated.weights for e in small], [e.luts for e in small], "o-")
        axes[2].plot(weights, [e.generated.seconds for e in of_kind], "o-")
    for axis, label in zip(
        axes, ("cycles per window or step", "LUTs on an ECP5", "seconds to write"), strict=True
    ):
        axis.set(xscale="log", yscale="log", xlabel="weights", ylabel=label)
        axis.grid(alpha=0.3)
    axes[0].legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def main() -> None:
    """Print all tables and fail where a limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few sizes")
    parser.add_argument("--plot", type=Path, help="picture of the growth with model size")
    arguments = parser.parse_args()
    beyond = judge_steps(arguments.quick)
    examples()
    beyond += judge_utilization() + judge_dense()
    growth = grow(arguments.quick)
    beyond += judge_growth(growth)
    if arguments.plot:
        plot(growth, arguments.plot)
    if beyond:
        sys.exit("\n".join(beyond))


if __name__ == "__main__":
    main()
