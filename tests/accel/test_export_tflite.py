"""TFLite in int8: near the golden model, and what it has no counterpart for is refused."""

from pathlib import Path

import numpy as np
import pytest

from accel.export.entry import export_network
from accel.export.formats import Format
from hw import (
    Activation,
    Add,
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
)
from hw.function.qkeras import real_sigmoid
from tests.accel.exporting import BYTE, draw, one
from tests.hw.drawing import draw_network


def bytes_network() -> Network:
    """An MLP whose numbers all have 8 bits, which int8 can hold."""
    rng = np.random.default_rng(3)
    port = Port("input", 6, BYTE)
    nodes: list[Node] = []
    source, grid = "input", BYTE
    for name, n_in, n_out in (("first", 6, 8), ("second", 8, 4)):
        kernel = rng.integers(-100, 101, (n_in, n_out))
        dense = Dense(kernel, rng.integers(-60, 61, n_out), grid, FixedPoint(8, 0),
                      FixedPoint(8, 1), 1)  # fmt: skip
        rounded = Activation(n_out, dense.outputs[0].format, Quantizer(Function.LINEAR, BYTE))
        nodes += [Node(name, dense, (source,)), Node(f"{name}_q", rounded, (name,))]
        source = f"{name}_q"
    return Network("bytes", (port,), tuple(nodes), (source,))


def test_tflite_is_within_one_step_on_bytes(tmp_path: Path) -> None:
    network = bytes_network()
    found = export_network(network, draw(network, 200), Format.TFLITE, tmp_path / "m.tflite")
    assert found.runtime.startswith("TFLite")
    assert found.speed is not None
    assert found.largest_difference <= 2
    assert found.mismatches < found.values / 50


def test_tflite_of_recurrent_layers_is_measured(tmp_path: Path) -> None:
    network = draw_network(2, "lstm")
    found = export_network(network, draw(network), Format.TFLITE, tmp_path / "m.tflite")
    assert 0 < found.mean_difference < found.largest_difference


@pytest.mark.parametrize("integer", [-12, 0, 12])
def test_tflite_of_a_part_that_is_always_zero(integer: int, tmp_path: Path) -> None:
    """As in a hybrid whose ridge regression found nothing: two sums are added, one of them 0."""
    rng = np.random.default_rng(5)
    grids = BYTE, FixedPoint(8, integer), FixedPoint(8, integer + 1)
    drawn = Dense(rng.integers(-100, 101, (6, 4)), rng.integers(-60, 61, 4), *grids, 1)
    nothing = Dense(np.zeros((6, 4), dtype=int), np.zeros(4, dtype=int), *grids, 1)
    both = Add(4, (drawn.outputs[0].format, nothing.outputs[0].format), (1, 1))
    result = FixedPoint(8, integer + 2, True, Rounding.RND_CONV, Overflow.SAT)
    rounded = Activation(4, both.outputs[0].format, Quantizer(Function.LINEAR, result))
    nodes = (
        Node("drawn", drawn, ("input",)),
        Node("nothing", nothing, ("input",)),
        Node("both", both, ("drawn", "nothing")),
        Node("rounded", rounded, ("both",)),
    )
    network = Network("hybrid", (Port("input", 6, BYTE),), nodes, ("rounded",))
    found = export_network(network, draw(network, 200), Format.TFLITE, tmp_path / "m.tflite")
    assert found.largest_difference <= 2


def test_tflite_refuses_staircases(tmp_path: Path) -> None:
    network = one(real_sigmoid(6))
    with pytest.raises(ChronogateError, match=r"'function': a staircase .* no counterpart"):
        export_network(network, draw(network), Format.TFLITE, tmp_path / "m.tflite")
