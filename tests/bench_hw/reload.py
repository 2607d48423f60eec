"""What registers, replaceable weights and states within reach cost on an ECP5.

python -m tests.bench_hw.reload
"""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from accel.boards import find_board
from hw import Activation, Dense, Function, Network, Node, Port, Quantizer
from hw.board.top import TOP_NAME
from hw.network.mode import Mode
from hw.top.axi import accelerator_verilog
from tests.bench_hw.families import FAMILIES, cells
from tests.bench_hw.table import print_table
from tests.hw.recurrent_shapes import GRID, recurrent_layer

FEATURES, UNITS, HORIZON, STEPS = 9, 24, 6, 24
MULTIPLIERS = 16


def forecaster(reloadable: bool, mode: Mode = Mode.WINDOW, state_access: bool = False) -> Network:
    """Return a GRU of the demo's size with a dense layer behind."""
    steps = STEPS if mode is Mode.WINDOW else 1
    gru = recurrent_layer(
        "gru_after",
        FEATURES,
        UNITS,
        steps,
        1,
        multipliers=MULTIPLIERS,
        reloadable=reloadable,
        state_access=state_access,
    )
    squeeze = Activation(UNITS, gru.outputs[0].format, Quantizer(Function.LINEAR, GRID))
    rng = np.random.default_rng(2)
    kernel, bias = rng.integers(-127, 128, (UNITS, HORIZON)), rng.integers(-127, 128, HORIZON)
    dense = Dense(kernel, bias, GRID, GRID, GRID, UNITS * HORIZON, reloadable=reloadable)
    nodes = (
        Node("gru", gru, ("input",)),
        Node("squeeze", squeeze, ("gru",)),
        Node("dense", dense, ("squeeze",)),
    )
    port = Port("input", FEATURES, GRID, steps)
    return Network("forecaster", (port,), nodes, ("dense",), mode=mode)


def main() -> None:
    """Print the cells of each variant."""
    constant, loaded = forecaster(False), forecaster(True)
    streaming = forecaster(False, Mode.STREAMING)
    (gru, *rest) = streaming.nodes
    reached = replace(
        streaming, nodes=(replace(gru, spec=replace(gru.spec, state_access=True)), *rest)
    )
    designs = {
        "constant weights": accelerator_verilog(constant),
        "and registers": accelerator_verilog(constant, control=True),
        "and reloadable": accelerator_verilog(loaded, control=True),
        "streaming, registers": accelerator_verilog(streaming, control=True),
        "and state access": accelerator_verilog(reached, control=True),
    }
    board = find_board("ulx3s-12f")
    with_registers = replace(board, registers=True)
    boards = {
        "whole board": board.top(constant).verilog(),
        "board, registers": with_registers.top(constant).verilog(),
        "board, reloadable": with_registers.top(loaded).verilog(),
    }
    with ThreadPoolExecutor(2) as pool:
        rows = [
            *pool.map(lambda item: _row(*item), designs.items()),
            *pool.map(lambda item: _row(*item, TOP_NAME), boards.items()),
        ]
    headings = ("GRU 9 -> 24, dense 6", "LUT4", "CCU2C", "FF", "DSP", "DP16KD", "DPR16X4")
    print_table(headings, rows)


def _row(name: str, verilog: str, top: str = "accelerator") -> tuple[object, ...]:
    with tempfile.TemporaryDirectory() as folder:
        counts = cells(verilog, FAMILIES[0], Path(folder), top)
    kinds = ("LUT4", "CCU2C", "TRELLIS_FF", "MULT18X18D", "DP16KD", "TRELLIS_DPR16X4")
    memories = counts.get("PDPW16KD", 0)
    values = [counts.get(kind, 0) for kind in kinds]
    values[4] += memories
    return name, *values


if __name__ == "__main__":
    main()
