"""Networks with joins in Verilog: codes under gaps and stalls, cycles as predicted."""

from pathlib import Path

import numpy as np
import pytest

from sim.measure import measure_cycles
from sim.rtl_model import RtlModel
from sim.verification import CycleReport
from tests.hw.drawing import draw_codes
from tests.hw.graphs import late_value, mean_normalized, residual, two_branches


@pytest.mark.parametrize("graph", [residual, two_branches, mean_normalized, late_value])
def test_joins_in_verilog(graph, tmp_path: Path) -> None:
    network = graph()
    rng = np.random.default_rng(3)
    codes = draw_codes(rng, network.input_format, 400, network.look_back, network.features)
    expected = network.reference(codes).tolist()
    with RtlModel(network, tmp_path, "-O0") as model:
        assert measure_cycles(model) == CycleReport.predicted(network.timing)
        for seed, (gaps, stalls) in enumerate([(0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.3, 0.9)]):
            model.reset()
            assert model.run(codes, gaps, stalls, seed).outputs.tolist() == expected
