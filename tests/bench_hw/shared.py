"""One engine of P multipliers for all layers of an MLP 16-64-32-32-5, with 8-bit weights.

``python -m tests.bench_hw.shared``: cycles between two forecasts as predicted and as counted in
simulation, beside nngen's published ones and beside the chain of one engine for each layer on the
same multipliers. Fails when a count is not what was predicted, or more than 5 % above the products
per multiplier plus 10 cycles a layer.
"""

import sys
from itertools import pairwise

import numpy as np

from hw import (
    Activation,
    ChronogateError,
    Dense,
    FixedPoint,
    Function,
    Network,
    Node,
    Overflow,
    Port,
    Quantizer,
    Rounding,
    SharedDense,
    SharedLayer,
)
from hw.network.balance import balance_to_multipliers
from tests.bench_hw.table import print_table
from tests.bench_hw.weather_mlp import random_layers
from tests.hw.harness import run_block

SIZES = (16, 64, 32, 32, 5)
INPUT = FixedPoint(8, 1)
WEIGHT = FixedPoint(8, 1)
BIAS = FixedPoint(11, 4)
RELU = Quantizer(Function.LINEAR, FixedPoint(8, 5, False, Rounding.RND_CONV, Overflow.SAT))
NNGEN = {1: 6_361, 2: 3_193, 4: 2_561}
"""Cycles of nngen 1.3.4 for this network with 8-bit integers, by its number of multipliers."""
MULTIPLIERS = (1, 2, 4, 8, 16)


def engine(multipliers: int) -> SharedDense:
    """Return the network on one engine."""
    layers = random_layers(SIZES, WEIGHT.width)
    return SharedDense(
        tuple(
            SharedLayer(
                layer.kernel, layer.bias, WEIGHT, BIAS, None if layer is layers[-1] else RELU
            )
            for layer in layers
        ),
        INPUT,
        multipliers,
    )


def chain() -> Network:
    """Return the same network with an engine for each layer."""
    spec = engine(1)
    nodes: list[Node] = []
    for index, (layer, source) in enumerate(zip(spec.layers, spec.formats, strict=False)):
        dense = Dense(layer.kernel, layer.bias, source, WEIGHT, BIAS, reuse=1)
        before = nodes[-1].name if nodes else "input"
        nodes.append(Node(f"dense{index}", dense, (before,)))
        if layer.function is not None:
            relu = Activation(layer.kernel.shape[1], dense.output, layer.function)
            nodes.append(Node(f"relu{index}", relu, (nodes[-1].name,)))
    return Network("chain", (Port("input", SIZES[0], INPUT),), tuple(nodes), (nodes[-1].name,))


def counted(spec: SharedDense) -> int:
    """Return the fewest cycles between two right forecasts in simulation, or stop."""
    codes = np.random.default_rng(1).integers(INPUT.minimum, INPUT.maximum + 1, (2, SIZES[0]))
    fed = np.arange(2) * spec.timing.interval_cycles
    found = run_block(spec, codes, fed)
    if found.codes.tolist() != spec.reference(codes).tolist():
        sys.exit(f"{spec.multipliers} multipliers: the hardware is not the reference")
    if int(found.cycles[0] - fed[0]) != spec.timing.latency_cycles:
        sys.exit(f"{spec.multipliers} multipliers: the latency is not the predicted one")
    return int(found.cycles[1] - found.cycles[0])


def streaming(multipliers: int) -> int | str:
    """Return the interval of the chain on the same number of multipliers."""
    try:
        return balance_to_multipliers(chain(), multipliers).interval_cycles
    except ChronogateError:
        return "too few"


def main() -> None:
    """Print one line for each size of the engine."""
    products = sum(a * b for a, b in pairwise(SIZES))
    rows, failed = [], False
    for multipliers in MULTIPLIERS:
        spec = engine(multipliers)
        cycles, limit = counted(spec), 1.05 * products / multipliers + 10 * len(spec.layers)
        failed |= cycles != spec.timing.interval_cycles or cycles > limit
        rows.append(
            (
                multipliers,
                spec.timing.interval_cycles,
                cycles,
                limit,
                spec.timing.latency_cycles,
                NNGEN.get(multipliers, "-"),
                streaming(multipliers),
            )
        )
    header = ("multipliers", "interval", "counted", "limit", "latency", "nngen", "streaming chain")
    print_table(header, rows)
    sys.exit(failed)


if __name__ == "__main__":
    main()
