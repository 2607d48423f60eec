"""What skipped zeros and replaceable weights cost a depthwise convolution on an ECP5.

python -m tests.bench_hw.depthwise
"""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from hw import DepthwiseConv1D, Network, Node, Port
from hw.top.axi import accelerator_verilog
from tests.bench_hw.families import FAMILIES, cells
from tests.bench_hw.table import print_table
from tests.hw.recurrent_shapes import GRID

CHANNELS, TAPS, STEPS, REUSE = 16, 5, 24, 20


def convolution(kept: float) -> DepthwiseConv1D:
    """Return a convolution with a share of its weights."""
    rng = np.random.default_rng(1)
    shape = (TAPS, CHANNELS, 1)
    kernel = rng.integers(-127, 128, shape) * (rng.random(shape) < kept)
    bias = rng.integers(-127, 128, CHANNELS)
    return DepthwiseConv1D(kernel, bias, GRID, GRID, GRID, STEPS, REUSE)


def accelerator(spec: DepthwiseConv1D, control: bool) -> str:
    """Return the Verilog of an accelerator of one layer."""
    port = Port("input", CHANNELS, GRID, STEPS)
    network = Network("one_layer", (port,), (Node("layer", spec, ("input",)),), ("layer",))
    return accelerator_verilog(network, control=control)


def main() -> None:
    """Print the cells of each variant."""
    whole, half = convolution(1), convolution(0.5)
    variants = (
        ("every weight", whole, False),
        ("half of them zero", half, False),
        ("and skipped", replace(half, skip_zeros=True), False),
        ("and few operands", replace(half, skip_zeros=True, few_operands=True), False),
        ("every weight, registers", whole, True),
        ("and reloadable", replace(whole, reloadable=True), True),
    )
    kinds = ("LUT4", "CCU2C", "TRELLIS_FF", "MULT18X18D")
    rows = []
    for name, spec, control in variants:
        with tempfile.TemporaryDirectory() as folder:
            counts = cells(accelerator(spec, control), FAMILIES[0], Path(folder))
        interval, multipliers = spec.timing.interval_cycles, spec.timing.multipliers
        rows.append((name, interval, multipliers, *(counts.get(kind, 0) for kind in kinds)))
    head = f"depthwise {TAPS} x {CHANNELS}"
    print_table((head, "interval", "multipliers", "LUT4", "CCU2C", "FF", "DSP"), rows)


if __name__ == "__main__":
    main()
