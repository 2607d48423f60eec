"""Drawn models of real QKeras layers: QKeras = golden model = RTL, and cycles as predicted."""

from pathlib import Path

import numpy as np
import pytest

import accel
from accel.qkeras_compat import keras
from hw.network.graph import Network
from sim.measure import measure_cycles
from sim.rtl_model import RtlModel
from tests.accel.conversion.compare import assert_equal_to_qkeras, compare_codes, draw_codes
from tests.flow.drawing import KINDS, draw_model
from tests.flow.tally import tally

SEEDS = range(3 * len(KINDS))
"""Models that run as RTL, 3 of each kind; `make fuzz` draws more."""

FAST = 5
"""Models of each kind that only the golden model computes; ``python -m tests.flow.tally`` more."""

WINDOWS = 40


@pytest.mark.parametrize("seed", SEEDS)
def test_drawn_model(seed: int, tmp_path: Path) -> None:
    keras.backend.clear_session()  # names and memory do not depend on the tests before
    drawn = draw_model(seed)
    graph = accel.convert(drawn.model, hls_config=drawn.hls_config)
    network = graph.network
    codes = draw_codes(network, WINDOWS, seed)
    expected = assert_equal_to_qkeras(drawn.model, network, codes, graph.kept_channels)
    # Compiling dominates, and so few windows need no fast simulation.
    with RtlModel(network, tmp_path, optimize="-O0") as rtl:
        for gaps, stalls in ((0.0, 0.0), (0.4, 0.0), (0.0, 0.5), (0.3, 0.3)):
            run = rtl.run(codes, input_gaps=gaps, output_stalls=stalls, seed=seed)
            layer = f"{network.nodes[-1].name} in RTL (gaps {gaps}, stalls {stalls})"
            compare_codes(layer, expected, run.outputs)
        rtl.reset()
        check_cycles(network, rtl)


@pytest.mark.parametrize("part", range(FAST))
def test_more_drawn_models(part: int) -> None:
    print(tally(len(SEEDS) + part * len(KINDS), len(KINDS)))


def check_cycles(network: Network, rtl: RtlModel) -> None:
    """Compare every predicted figure with the one counted at the handshakes."""
    counted, predicted = measure_cycles(rtl), network.timing
    for name in ("latency", "last_beat", "window", "interval", "step"):
        key = f"{name}_cycles"
        assert getattr(counted, key) == getattr(predicted, key), key


def test_models_differ_and_say_something() -> None:
    """Keep the drawing honest: most models must not give one constant."""
    varied = 0
    for seed in SEEDS:
        keras.backend.clear_session()
        network = accel.convert(draw_model(seed).model).network
        varied += len(np.unique(network.reference(draw_codes(network, WINDOWS, seed)))) > 2
    assert varied > 0.7 * len(SEEDS)
