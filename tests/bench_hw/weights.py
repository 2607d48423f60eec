"""What weights cost: multipliers or shifters, kinds of memory, zeros that are skipped.

python -m tests.bench_hw.weights [--quick]

Fails where weights that are powers of two take a DSP block or multipliers do not take one each,
where a memory is not of the kind that was asked for, or where skipping zeros does not save cycles.
"""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from hw import Dense, FixedPoint, Network, Node, Port
from hw.block import Spec
from hw.product.storage import Storage
from hw.top.axi import accelerator_verilog
from tests.bench_hw.families import FAMILIES, Family, cells
from tests.bench_hw.table import print_table
from tests.hw.recurrent_shapes import recurrent_layer

GRID = FixedPoint(8, 2)
ECP5 = FAMILIES[0]
LUTS = replace(ECP5, name="ECP5, no DSP", synth="synth_ecp5 -nodsp")
SHAPE = (32, 32)
REUSE = 32
KINDS = ("8 bits", "binary", "ternary", "powers of two, 0 to 3", "powers of two, 0 to 6")
DENSITIES = (1, 0.5, 0.25, 0.1)
RECURRENT = (("lstm", 20, 6, 16), ("lstm", 32, 8, 16), ("gru_after", 20, 6, 16))


def draw_kernel(kind: str) -> np.ndarray:
    """Draw dense weights of a kind."""
    rng = np.random.default_rng(1)
    signs = rng.choice([-1, 1], SHAPE)
    match kind:
        case "binary":
            return signs
        case "ternary":
            return signs * (rng.random(SHAPE) < 0.7)
        case "powers of two, 0 to 3":
            return signs << rng.integers(0, 4, SHAPE)
        case "powers of two, 0 to 6":
            return signs << rng.integers(0, 7, SHAPE)
        case _:
            return rng.integers(-127, 128, SHAPE)


def dense(kernel: np.ndarray, reuse: int, storage: Storage = Storage.AUTO) -> Dense:
    """Return a layer with this kernel."""
    bias = np.arange(kernel.shape[1])
    return Dense(kernel, bias, GRID, GRID, GRID, reuse, storage=storage)


def synthesize(spec: Spec, family: Family) -> dict[str, int]:
    """Return the cells of an accelerator of one layer."""
    port = spec.inputs[0]
    network = Network(
        "one_layer",
        (Port("input", port.channels, port.format, port.steps),),
        (Node("layer", spec, ("input",)),),
        ("layer",),
    )
    with tempfile.TemporaryDirectory() as folder:
        return cells(accelerator_verilog(network), family, Path(folder))


def compare_codes(quick: bool) -> list[str]:
    """Print what multiplies by each kind of weights; return what is wrong."""
    rows, wrong = [], []
    for kind in KINDS[:3] if quick else KINDS:
        spec = dense(draw_kernel(kind), REUSE)
        for family in (ECP5,) if spec.timing.shifters or quick else (ECP5, LUTS):
            counts = synthesize(spec, family)
            timing, dsp = spec.timing, family.count(counts, family.dsp)
            rows.append(
                (
                    kind,
                    family.name,
                    timing.interval_cycles,
                    timing.multipliers,
                    dsp,
                    counts["LUT4"],
                    counts["CCU2C"],
                    family.count(counts, family.block_ram),
                )
            )
            if timing.shifters and dsp:
                wrong.append(f"{kind} weights take {dsp} DSP blocks")
    heads = ("weights", "family", "interval", "lanes", "DSP", "LUT4", "CCU2C", "block RAM")
    print_table(heads, rows)
    return wrong


def compare_storages(quick: bool) -> list[str]:
    """Print the memories of each choice in each family; return what is wrong."""
    rows, wrong = [], []
    for storage in (Storage.ROM, Storage.BLOCK_RAM):
        spec = dense(draw_kernel("8 bits")[:16, :16], 64, storage)
        for family in FAMILIES[:2] if quick else FAMILIES:
            counts = synthesize(spec, family)
            block = family.count(counts, family.block_ram)
            dsp, wanted = family.count(counts, family.dsp), spec.timing.multipliers
            luts = sum(n for name, n in counts.items() if name.startswith(("LUT", "SB_LUT")))
            latency = spec.timing.latency_cycles
            rows.append((storage, family.name, latency, wanted, dsp, block, luts))
            if (block > 0) != (storage is Storage.BLOCK_RAM):
                wrong.append(f"{family.name}: weights in {storage} take {block} block RAMs")
            if dsp != wanted:
                wrong.append(f"{family.name}: {wanted} multipliers take {dsp} DSP blocks")
    print_table(("storage", "family", "latency", "multipliers", "DSP", "block RAM", "LUT"), rows)
    return wrong


def compare_columns(quick: bool) -> list[str]:
    """Print both ways to skip zeros in a dense layer; return what is wrong."""
    rows = []
    rng = np.random.default_rng(1)
    shape = (16, 8) if quick else (64, 32)
    kernel = rng.integers(-127, 128, shape) * (rng.random(shape) < 0.5)
    spec = Dense(kernel, rng.integers(-127, 128, shape[1]), GRID, GRID, GRID, 16)
    alone = replace(spec, skip_zeros=True)
    for way, found in (
        ("no", spec),
        ("lanes alone", alone),
        ("few operands", replace(alone, few_operands=True)),
    ):
        counts, timing = synthesize(found, ECP5), found.timing
        row = way, timing.interval_cycles, timing.multipliers, counts["LUT4"], counts["TRELLIS_FF"]
        rows.append(row)
    print_table(("zeros skipped", "interval", "multipliers", "LUT4", "FF"), rows)
    few = rows[2][3] < rows[1][3]
    return [] if few else ["lanes with few operands take as many LUTs as lanes that work alone"]


def compare_zeros(quick: bool) -> list[str]:
    """Print cycles and cells of recurrent layers with zeros; return what is wrong."""
    rows, wrong = [], []
    rng = np.random.default_rng(1)
    for kind, units, n_in, pool in RECURRENT[:1] if quick else RECURRENT:
        whole = recurrent_layer(kind, n_in, units, seed=1, multipliers=pool)
        for density in DENSITIES:
            kept = [
                k * (rng.random(k.shape) < density) for k in (whole.kernel, whole.recurrent_kernel)
            ]
            thin = replace(whole, kernel=kept[0], recurrent_kernel=kept[1])
            for spec in (thin, replace(thin, skip_zeros=True)):
                timing = spec.timing
                counts = {} if quick else synthesize(spec, ECP5)
                rows.append(
                    (
                        f"{kind} {n_in}-{units}",
                        f"{density:.0%}",
                        "yes" if spec.skip_zeros else "no",
                        timing.interval_cycles,
                        -(-spec.plan.products // pool),
                        timing.multipliers,
                        counts.get("LUT4"),
                        counts.get("TRELLIS_FF"),
                    )
                )
            before, after = rows[-2][3], rows[-1][3]
            if density <= 0.5 and after > 0.75 * before:
                wrong.append(
                    f"{kind}: {density:.0%} of the weights take {after} of {before} cycles"
                )
    heads = ("layer", "weights", "skipped", "step", "products / pool", "multipliers", "LUT4", "FF")
    print_table(heads, rows)
    return wrong


def main() -> None:
    """Print all tables."""
    quick = "--quick" in sys.argv
    parts = (compare_codes, compare_storages, compare_columns, compare_zeros)
    wrong = [problem for part in parts for problem in part(quick)]
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
