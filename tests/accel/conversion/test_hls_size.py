"""Layers too large for hls4ml's strategy Latency, and the time that g++ takes for their weights."""

from pathlib import Path

import numpy as np

from accel.conversion.csim import csim
from accel.conversion.hls import write_project
from hw import Activation, Dense, FixedPoint, Flatten, Function, Network, Node, Port, Quantizer
from tests.accel.conversion.compare import compare_codes, draw_codes
from tests.hw.recurrent_shapes import GRID, recurrent_layer

WEIGHT = FixedPoint(6, 1)
NARROW = Quantizer(Function.LINEAR, GRID)


def test_large_layers_take_the_strategy_resource(tmp_path: Path) -> None:
    """As hls4ml writes them, g++ would take minutes: its time is quadratic in such a list."""
    rng = np.random.default_rng(0)
    source = Port("x", 100, GRID, 3)

    def dense(n_in: int, n_out: int, reuse: int, format: FixedPoint, steps: int | None) -> Dense:
        kernel = rng.integers(WEIGHT.minimum, WEIGHT.maximum, (n_in, n_out), endpoint=True)
        bias = rng.integers(WEIGHT.minimum, WEIGHT.maximum, n_out)
        return Dense(kernel, bias, format, WEIGHT, WEIGHT, reuse, steps)

    every = dense(100, 41, 123, GRID, 3)  # 123 divides nothing: hls4ml snaps it
    gru = recurrent_layer(
        "gru_after", 41, 40, 3, 0, input_reuse=7, recurrent_reuse=150, return_sequences=True
    )
    head = dense(120, 60, 1000, GRID, None)
    nodes = (
        Node("every", every, ("x",)),
        Node("a", Activation(41, every.output, NARROW, 3), ("every",)),
        Node("gru", gru, ("a",)),
        Node("b", Activation(40, gru.hidden, NARROW, 3), ("gru",)),
        Node("flat", Flatten(3, 40, GRID), ("b",)),
        Node("head", head, ("flat",)),
    )
    network = Network("large", (source,), nodes, ("head",))
    folder = write_project(network, tmp_path, "io_stream").folder
    assert folder is not None
    codes = draw_codes(network, 40, 0)
    compare_codes("C simulation", network.reference(codes), csim(folder, codes))
    parameters = (folder / "firmware" / "parameters.h").read_text()
    assert parameters.count("strategy = nnet::resource") == 4  # both products of the GRU too
