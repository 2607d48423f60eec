"""SharedLSTM and UnrolledLSTM in whole networks: stalls freeze them, states last or end."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw import LSTM, Network, Node, Port, SharedLSTM, UnrolledLSTM
from hw.network.mode import Mode
from sim.rtl_model import RtlModel
from tests.hw.drawing import draw_codes
from tests.hw.recurrent_shapes import recurrent_layer


@pytest.mark.parametrize(("kind", "mode"), [("shared", Mode.STREAMING), ("unrolled", Mode.WINDOW)])
def test_exact_whatever_waits(kind: str, mode: Mode, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    steps = 1 if mode is Mode.STREAMING else 4
    layer = recurrent_layer("lstm", 3, 9, steps, seed=1, multipliers=1)
    assert isinstance(layer, LSTM)
    layer = replace(layer, return_sequences=mode is Mode.STREAMING)
    spec = SharedLSTM.of(layer, 4) if kind == "shared" else UnrolledLSTM.of(layer, 1)
    port = Port("input", 3, layer.input, steps)
    network = Network(kind, (port,), (Node("lstm", spec, ("input",)),), ("lstm",), mode=mode)
    codes = draw_codes(rng, layer.input, 12, 20 if steps == 1 else steps, 3)
    expected = network.reference(codes)
    with RtlModel(network, tmp_path, optimize="-O0") as rtl:
        for gaps, stalls in ((0.0, 0.0), (0.4, 0.4)):
            run = rtl.run(codes, gaps, stalls, seed=1)
            assert run.outputs.tolist() == expected.tolist()
            rtl.reset()
