"""Networks of convolutions, pooling and moving averages, through Verilator."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw import ChronogateError, Padding
from hw.network.mode import Mode
from hw.network.serialization import fingerprint, load_network, save_network
from sim.measure import measure_cycles
from sim.rtl_model import RtlModel
from sim.verification import CycleReport
from tests.hw.chains import Chain, decomposition, endless, recurrent, separable, tcn
from tests.hw.drawing import draw_codes


@pytest.mark.parametrize("make", [tcn, separable, recurrent, decomposition])
def test_rtl_equals_golden_model_and_its_cycles_the_contract(
    make: Callable[[], Chain], tmp_path: Path
) -> None:
    network = make().network(make.__name__)
    codes = draw_codes(
        np.random.default_rng(3), network.input_format, 120, network.look_back, network.features
    )
    expected = network.reference(codes)
    assert len(np.unique(expected, axis=0)) > 60
    with RtlModel(network, tmp_path, "-O0") as model:
        assert measure_cycles(model) == CycleReport.predicted(network.timing)
        assert model.run(codes).outputs.tolist() == expected.tolist()
        for seed, (gaps, stalls) in enumerate([(0.5, 0.0), (0.0, 0.8), (0.3, 0.5)]):
            run = model.run(codes[:60], gaps, stalls, seed)
            assert run.outputs.tolist() == expected[:60].tolist()


@pytest.mark.parametrize("make", [tcn, separable, decomposition])
def test_files_give_the_same_network(make: Callable[[], Chain], tmp_path: Path) -> None:
    network = make().network(make.__name__)
    save_network(network, tmp_path)
    assert fingerprint(load_network(tmp_path)) == fingerprint(network)


def test_a_burst_too_fast_for_the_next_block_is_refused() -> None:
    chain = Chain().depthwise(5, reuse=4, padding=Padding.SAME)
    chain.conv(1, 4, reuse=6, padding=Padding.VALID).flatten()
    with pytest.raises(ChronogateError, match="takes a beat every 6 cycles but gets one every 4"):
        _ = chain.network("fast").timing


@pytest.mark.parametrize(("make", "mode"), [(endless, Mode.STREAMING), (tcn, Mode.SLIDING)])
def test_series_without_windows(make: Callable[[], Chain], mode: Mode, tmp_path: Path) -> None:
    network = replace(make().network(make.__name__), mode=mode)
    codes = draw_codes(np.random.default_rng(5), network.input_format, 4, 60, network.features)
    expected = network.reference(codes)
    assert expected.shape[:2] == (4, 61 - network.look_back)
    assert len(np.unique(expected.reshape(-1, 4), axis=0)) > 100
    with RtlModel(network, tmp_path, "-O0") as model:
        assert measure_cycles(model) == CycleReport.predicted(network.timing)
        for seed, (gaps, stalls) in enumerate([(0.0, 0.0), (0.5, 0.3)]):
            run = model.run(codes, gaps, stalls, seed)
            assert run.outputs.tolist() == expected.tolist()
