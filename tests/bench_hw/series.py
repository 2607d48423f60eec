"""Many series on one GRU core: interleaved, and one after the other on a core for one series.

``python -m tests.bench_hw.series [--quick] [--seeds N]``: a GRU 8 -> 32 with 8 bits and a dense
forecast, stateful: every sample gives a forecast. Cycles are counted in Verilator, in the order in
which samples come (in turn, and shuffled), and must be the predicted ones; so must every forecast.
Interleaved samples come in turns (`in_turns` of `hw.layer.recurrent.folded_recurrence`).
The clock is that of an ECP5-85 by Yosys and nextpnr.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hw import Activation, Dense, Network, Node, Port
from hw.network.collisions import predicted_beats
from hw.network.mode import Mode
from hw.top.axi import accelerator_verilog
from sim.rtl_model import RtlModel
from tests.bench_hw.ecp5 import Design, implement
from tests.bench_hw.generation import RELU, WEIGHT
from tests.bench_hw.table import print_table
from tests.hw.recurrent_shapes import GRID, recurrent_layer

N_IN, UNITS, SERIES, MOST_SERIES = 8, 32, 256, 1024
POOLS = (32, 64, 128)
DENSE_REUSE = 8


@dataclass(frozen=True)
class Counted:
    """Cycles between two forecasts as predicted, and as counted in turn and shuffled."""

    predicted: int
    in_turn: float
    shuffled: float


def core(pool: int, series: int) -> Network:
    """Return the network for so many series, with a pool of so many multipliers for the GRU."""
    rng = np.random.default_rng(1)
    gru = recurrent_layer(
        "gru_before",
        N_IN,
        UNITS,
        steps=1,
        seed=1,
        multipliers=pool,
        series=series,
        return_sequences=True,
    )
    if series > 1:
        gru = gru.in_turns()
    narrow = Activation(UNITS, gru.hidden, RELU, 1, series)
    kernel, bias = rng.integers(-127, 128, (UNITS, 1)), rng.integers(-127, 128, 1)
    source = narrow.outputs[0].format
    dense = Dense(kernel, bias, source, WEIGHT, WEIGHT, DENSE_REUSE, 1, series)
    return Network(
        f"gru{pool}_{series}",
        (Port("input", N_IN, GRID, 1, series),),
        (
            Node("gru", gru, ("input",)),
            Node("narrow", narrow, ("gru",)),
            Node("dense", dense, ("narrow",)),
        ),
        ("dense",),
        mode=Mode.STREAMING,
    )


def counted(network: Network, folder: Path, samples: int = 4) -> Counted:
    """Run every series for some samples; ends the program where a forecast is wrong."""
    series = network.input.series
    rows = max(series, 1)
    rng = np.random.default_rng(2)
    codes = rng.integers(GRID.minimum, GRID.maximum + 1, (rows, samples, N_IN))
    expected = network.reference(codes)
    with RtlModel(network, folder) as rtl:
        orders = [np.tile(np.arange(rows), samples)]
        orders.append(rng.permutation(orders[0]))
        found = []
        for order in orders:
            rtl.reset()
            run = rtl.run(codes, order=order if series > 1 else None)
            if not np.array_equal(run.outputs, expected):
                sys.exit(f"{network.name}: the hardware is not the reference")
            if series > 1:
                accepted, leaves = predicted_beats(network, order)
                counts = run.input_beats - run.input_beats[0], run.output_beats - run.input_beats[0]
                if not np.array_equal(accepted, counts[0]) or not np.array_equal(leaves, counts[1]):
                    sys.exit(f"{network.name}: a beat does not move in the cycle predicted")
            found.append(float(np.diff(run.input_beats).mean()))
    return Counted(network.schedule.pace.step, found[0], found[1])


def main() -> None:
    """Print cycles, clocks and forecasts a second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="simulate one pool; no placement")
    parser.add_argument("--seeds", type=int, default=3, help="placements tried for each")
    arguments = parser.parse_args()
    pools = POOLS[:1] if arguments.quick else POOLS
    networks = [core(pool, series) for pool in pools for series in (SERIES, 1)]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        cycles = [counted(network, folder / network.name) for network in networks]
        designs = [
            Design(network.name, accelerator_verilog(network), "accelerator", count.predicted)
            for network, count in zip(networks, cycles, strict=True)
        ]
        clocks: list[tuple[int, float] | None] = [None] * len(designs)
        if not arguments.quick:
            routed = implement(designs, arguments.seeds, folder)
            clocks = [(run.cells, run.fmax_mhz) for run in routed]
        large = core(POOLS[0], MOST_SERIES)
        most = counted(large, folder / large.name)
    rows = []
    failed = most.in_turn != most.predicted
    for network, count, clock in zip(networks, cycles, clocks, strict=True):
        series = network.input.series
        layer = network.timing.layers[0]
        rows.append(
            (
                layer.multipliers,
                f"{SERIES} interleaved" if series > 1 else f"{SERIES} passes of one",
                count.predicted,
                count.in_turn,
                count.shuffled,
                f"{layer.utilization:.1%}" if layer.utilization else "-",
                *(clock or ("-", "-")),
                f"{clock[1] * 1e6 / count.in_turn:,.0f}" if clock else "-",
            )
        )
        failed |= count.in_turn != count.predicted
    head = "multipliers", "series", "cycles a forecast", "counted in turn", "shuffled", "used"
    print_table((*head, "nextpnr cells", "MHz", "forecasts a second"), rows)
    print(
        f"\n{MOST_SERIES:,} series on {POOLS[0]} multipliers, every forecast right: "
        f"{most.predicted} cycles predicted, {most.in_turn:.1f} counted in turn, "
        f"{most.shuffled:.1f} shuffled"
    )
    sys.exit(failed)


if __name__ == "__main__":
    main()
