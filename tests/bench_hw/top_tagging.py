"""The top-tagging LSTM, 20 steps of 6 -> 20, for the lowest latency of a step on an ECP5-85.

``python -m tests.bench_hw.top_tagging [--quick] [--seeds N] [--only TEXT]``: what was tried. Each
window is checked in simulation, each clock is routed. The layer of hls4ml's paper
(arXiv:2207.00559) takes about 16 cycles of 5 ns a step on an UltraScale+. Fails when the fastest
8-bit layer takes more than 80 ns a step.

Weights of 8 bits are random over the whole range, the worst case for adders. Those of 16 bits are
``ap_fixed<16,6>``, as drawn by Keras before training: uniform and orthogonal.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from amaranth.back import verilog

from hw import (
    LSTM,
    FixedPoint,
    Function,
    Overflow,
    Quantizer,
    Rounding,
    SharedLSTM,
    UnrolledLSTM,
)
from tests.bench_hw.ecp5 import Design, Routed, cell_types, implement
from tests.bench_hw.table import print_table
from tests.bench_hw.unrolled import Chain
from tests.hw.harness import run_block
from tests.hw.recurrent_shapes import recurrent_layer

N_IN, UNITS, STEPS = 6, 20, 20
DSP_BLOCKS = 156
MOST_NS = 80
WORD = FixedPoint(16, 6, True, Rounding.RND_CONV, Overflow.SAT)

Spec = LSTM | SharedLSTM | UnrolledLSTM


@dataclass(frozen=True, eq=False)
class Entry:
    """A layer, what it is, and the bits of its weights and states."""

    name: str
    bits: int
    spec: Spec
    quick: bool = False


def layer_of(bits: int, kept: float = 1) -> LSTM:
    """Return the layer with so many bits, of whose weights a share is `kept`."""
    layer = recurrent_layer("lstm", N_IN, UNITS, STEPS, seed=1, multipliers=1)
    assert isinstance(layer, LSTM)
    rng = np.random.default_rng(1)
    if bits == 16:
        layer = _sixteen_bits(layer, rng)
    return replace(
        layer,
        kernel=layer.kernel * (rng.random(layer.kernel.shape) < kept),
        recurrent_kernel=layer.recurrent_kernel * (rng.random((UNITS, 4 * UNITS)) < kept),
    )


def _sixteen_bits(layer: LSTM, rng: np.random.Generator) -> LSTM:
    scale = 1 << WORD.fraction
    limit = np.sqrt(6 / (N_IN + 4 * UNITS))
    turns = [np.linalg.qr(rng.normal(size=(UNITS, UNITS)))[0] for _ in range(4)]
    saturating = Rounding.RND_CONV, Overflow.SAT
    return replace(
        layer,
        kernel=np.rint(rng.uniform(-limit, limit, (N_IN, 4 * UNITS)) * scale).astype(np.int64),
        recurrent_kernel=np.rint(np.concatenate(turns, axis=1) * scale).astype(np.int64),
        bias=np.repeat(np.array([0, scale, 0, 0]), UNITS),
        input=WORD,
        kernel_format=WORD,
        recurrent_format=WORD,
        bias_format=WORD,
        state=WORD,
        activation=Quantizer(Function.HARD_TANH, FixedPoint(16, 1, True, *saturating)),
        recurrent_activation=Quantizer(
            Function.HARD_SIGMOID, FixedPoint(16, 0, False, *saturating)
        ),
    )


def fastest_pool(layer: LSTM) -> LSTM:
    """Return the layer on the pool, within the part's multipliers, that takes fewest cycles."""
    pools = (layer.pooled(count) for count in range(1, DSP_BLOCKS))
    fitting = [pool for pool in pools if pool.timing.multipliers <= DSP_BLOCKS]
    return min(fitting, key=lambda pool: (pool.timing.interval_cycles, pool.timing.multipliers))


def fastest_pair(layer: LSTM) -> LSTM:
    """Return the same for a pool for each of the two products."""
    pairs = (
        replace(layer, multipliers=None, input_reuse=inputs, recurrent_reuse=recurrent)
        for inputs in range(8, 40)
        for recurrent in range(8, 40)
    )
    fitting = [pair for pair in pairs if pair.timing.multipliers <= DSP_BLOCKS]
    return min(fitting, key=lambda pair: (pair.timing.interval_cycles, pair.timing.multipliers))


def entries() -> Iterator[Entry]:
    """Yield what is tried."""
    for bits in (8, 16):
        layer = layer_of(bits)
        pool, pair = fastest_pool(layer), fastest_pair(layer)
        yield Entry(f"folded, one pool of {pool.multipliers}", bits, pool, quick=bits == 8)
        reuse = f"R = {pair.input_reuse} and {pair.recurrent_reuse}"
        yield Entry(f"folded, two pools, {reuse}", bits, pair)
        yield Entry("one engine of 26", bits, SharedLSTM.of(layer, 26))
    for bits, kept, registers, cell_registers in (
        (8, 1, 1, 3),
        (8, 1, 2, 3),
        (8, 1, 3, 3),
        (8, 1, 0, 0),
        (8, 0.5, 2, 3),
        (8, 0.5, 1, 1),
        (8, 0.5, 0, 1),
        (8, 0.5, 0, 0),
        (8, 0.25, 0, 1),
        (8, 0.25, 0, 0),
        (16, 0.5, 2, 3),
        (16, 0.25, 2, 3),
        (16, 0.25, 0, 0),
    ):
        weights = "" if kept == 1 else f", {1 - kept:.0%} pruned"
        name = f"unrolled, {registers} + {cell_registers} registers{weights}"
        spec = UnrolledLSTM.of(layer_of(bits, kept), registers, extra_depth=1)
        yield Entry(name, bits, replace(spec, cell_registers=cell_registers))


def check(entry: Entry) -> None:
    """End the program where a window is wrong in simulation, or later than predicted."""
    spec = entry.spec
    port = spec.inputs[0]
    rng = np.random.default_rng(2)
    codes = rng.integers(port.format.minimum // 4, port.format.maximum // 4, (1, STEPS, N_IN))
    fed = np.arange(STEPS) * spec.timing.interval_cycles
    found = run_block(spec, codes, fed)
    if found.codes.tolist() != spec.reference(codes).tolist():
        sys.exit(f"{entry.name}: the hardware is not the reference")
    if int(found.cycles[0] - fed[-1]) != spec.timing.latency_cycles:
        sys.exit(f"{entry.name}: the latency is not the predicted one")


def row(entry: Entry, routed: Routed, folder: Path) -> tuple[object, ...]:
    """Return a line of the table."""
    types = cell_types(routed.design, folder)
    return (
        entry.name,
        entry.bits,
        routed.design.cycles,
        routed.fmax_mhz,
        routed.latency_ns,
        types["MULT18X18D"],
        routed.cells,
        routed.ff,
        f"{routed.routing_share:.0%}",
    )


def main() -> None:
    """Print the table, and fail where the fastest layer of 8 bits is too slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one folded layer, simulated")
    parser.add_argument("--seeds", type=int, default=1, help="placements tried for each")
    parser.add_argument("--only", default="", help="layers whose names contain this text")
    parser.add_argument("--bits", type=int, choices=(8, 16), help="layers of so many bits")
    arguments = parser.parse_args()
    entered = [
        entry
        for entry in entries()
        if arguments.only in entry.name
        and arguments.bits in (None, entry.bits)
        and (entry.quick or not arguments.quick)
    ]
    for entry in entered:
        check(entry)
    if arguments.quick:
        rows = [(entry.name, entry.bits, entry.spec.timing.interval_cycles) for entry in entered]
        print_table(("layer", "bits", "cycles a step, predicted and counted"), rows)
        return
    designs = []
    for number, entry in enumerate(entered):
        text = verilog.convert(Chain([entry.spec]), name="top", emit_src=False)
        designs.append(Design(f"top{number}", text, "top", entry.spec.timing.interval_cycles))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        routed = implement(designs, arguments.seeds, folder)
        routes = [row(entry, run, folder) for entry, run in zip(entered, routed, strict=True)]
    head = "layer", "bits", "cycles a step", "MHz", "ns a step", "DSP", "nextpnr cells", "FF"
    print_table((*head, "wires in the slowest path"), routes)
    fastest = [
        run.latency_ns
        for entry, run in zip(entered, routed, strict=True)
        if entry.bits == 8 and isinstance(entry.spec, UnrolledLSTM)
    ]
    if fastest and min(fastest) > MOST_NS:
        sys.exit(f"{min(fastest):.0f} ns a step")


if __name__ == "__main__":
    main()
