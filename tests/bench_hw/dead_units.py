"""What structured pruning saves when the units that nothing reads leave the network.

python -m tests.bench_hw.dead_units
"""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from hw import Activation, Dense, Function, Network, Node, Port, Quantizer
from hw.network.dead_units import without_dead_units
from hw.top.axi import accelerator_verilog
from tests.bench_hw.families import FAMILIES, cells
from tests.bench_hw.table import print_table
from tests.hw.recurrent_shapes import GRID, recurrent_layer

FEATURES, UNITS, HORIZON, STEPS = 6, 20, 4, 20
MULTIPLIERS = 16


def forecaster(read: int) -> Network:
    """Return an LSTM of which the first `read` units are read, by itself and by what follows."""
    lstm = recurrent_layer("lstm", FEATURES, UNITS, STEPS, 1, multipliers=MULTIPLIERS)
    alive = np.arange(UNITS)[:, np.newaxis] < read
    lstm = replace(lstm, recurrent_kernel=lstm.recurrent_kernel * alive)
    squeeze = Activation(UNITS, lstm.outputs[0].format, Quantizer(Function.LINEAR, GRID))
    rng = np.random.default_rng(2)
    kernel = rng.integers(-127, 128, (UNITS, HORIZON)) * alive
    dense = Dense(kernel, rng.integers(-127, 128, HORIZON), GRID, GRID, GRID, UNITS)
    nodes = (
        Node("lstm", lstm, ("input",)),
        Node("squeeze", squeeze, ("lstm",)),
        Node("dense", dense, ("squeeze",)),
    )
    return Network("forecaster", (Port("input", FEATURES, GRID, STEPS),), nodes, ("dense",))


def main() -> None:
    """Print cycles and cells with all units read, and with half of them."""
    whole, half = forecaster(UNITS), forecaster(UNITS // 2)
    left = without_dead_units(half).network
    lstm, *rest = left.nodes
    slow = replace(lstm, spec=lstm.spec.folded_to(half.timing.step_cycles))
    designs = {
        f"{UNITS} units read": whole,
        f"{UNITS // 2} read, all built": half,
        f"{UNITS // 2} read, the others removed": left,
        "the same, no faster than before": replace(left, nodes=(slow, *rest)),
    }
    with ThreadPoolExecutor(2) as pool:
        rows = list(pool.map(lambda item: _row(*item), designs.items()))
    title = f"LSTM {FEATURES} -> {UNITS}, dense {HORIZON}"
    print_table((title, "cycles a step", "LUT4", "CCU2C", "FF", "DSP"), rows)


def _row(name: str, network: Network) -> tuple[object, ...]:
    with tempfile.TemporaryDirectory() as folder:
        counts = cells(accelerator_verilog(network), FAMILIES[0], Path(folder))
    kinds = ("LUT4", "CCU2C", "TRELLIS_FF", "MULT18X18D")
    return name, network.timing.step_cycles, *(counts.get(kind, 0) for kind in kinds)


if __name__ == "__main__":
    main()
