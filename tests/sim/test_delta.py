"""Delta layers on Verilator: RTL = golden model, every handshake in the cycle predicted for it."""

from pathlib import Path

import numpy as np
import pytest

from hw.network.handshakes import extra_cycles, predicted_handshakes
from hw.network.mode import Mode
from sim.measure import counted, measure_cycles
from sim.rtl_model import RtlModel
from sim.verification import CycleReport
from tests.hw.delta_networks import delta_network, slow_series
from tests.sim.test_modes import assert_equal


@pytest.mark.parametrize(
    ("seed", "kind", "mode", "layers", "slow"),
    [
        (4, "gru_after", Mode.WINDOW, 1, True),  # beats reach the layer late
        (27, "lstm", Mode.STREAMING, 1, True),  # the layer behind is slower than the best case
        (33, "gru_after", Mode.WINDOW, 2, False),
        (29, "lstm", Mode.STREAMING, 2, False),
        (37, "lstm", Mode.SLIDING, 1, False),
    ],
)
def test_cycles_follow_from_counted_events(
    seed: int, kind: str, mode: Mode, layers: int, slow: bool, tmp_path: Path
) -> None:
    network = delta_network(seed, kind, mode, layers, slow)
    rng = np.random.default_rng(seed)
    length = network.look_back if mode is Mode.WINDOW else network.look_back + 30
    codes = slow_series(rng, network, 40 if mode is Mode.WINDOW else 3, length)
    expected = network.reference(codes)
    assert len(np.unique(expected.reshape(-1, expected.shape[-1]), axis=0)) > 20
    assert len(np.unique(extra_cycles(network, codes))) > 4
    with RtlModel(network, tmp_path, optimize="-O0") as rtl:
        run = rtl.run(codes)
        assert_equal(run.outputs, expected)
        due = predicted_handshakes(network, codes)
        assert (run.input_beats - run.input_beats[0]).tolist() == due.inputs.tolist()
        assert (run.output_beats - run.input_beats[0]).tolist() == due.outputs.tolist()
        for gaps, stalls in ((0.5, 0.0), (0.3, 0.6)):
            run = rtl.run(codes, gaps, stalls, seed)
            assert_equal(run.outputs, expected)
        gappy = rtl.run(codes, 0.9, 0.0, seed)
        apart = counted(network, [codes], gappy.input_beats, gappy.beats)
        assert (np.diff(apart.input_beats) >= network.schedule.pace.step).all()
        assert measure_cycles(rtl) == CycleReport.predicted(network.timing)
