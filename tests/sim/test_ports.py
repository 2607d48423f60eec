"""Several inputs and outputs in Verilog: codes under independent gaps and stalls, cycles."""

from pathlib import Path

import numpy as np
import pytest

from hw import ChronogateError
from sim.measure import cycle_report, measure_cycles
from sim.rtl_model import RtlModel
from sim.verification import CycleReport
from tests.hw.many_ports import draw_arrays, many_ports, static_only


@pytest.mark.parametrize(
    "network", [many_ports(), many_ports(1, 1), static_only()], ids=["series", "beats", "static"]
)
def test_every_stream_has_gaps_of_its_own(network, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    arrays = draw_arrays(network, rng, 300)
    expected = [codes.tolist() for codes in network.evaluate(arrays)]
    with RtlModel(network, tmp_path, "-O0") as model:
        assert measure_cycles(model) == CycleReport.predicted(network.timing)
        for seed, (gaps, stalls) in enumerate([(0.0, 0.0), (0.6, 0.0), (0.0, 0.6), (0.4, 0.8)]):
            model.reset()
            run = model.run(arrays, gaps, stalls, seed)
            assert [codes.tolist() for codes in run.results] == expected
        assert model.dropped_windows == 0
        model.reset()
        run = model.run([array[:6] for array in arrays])
        entered = run.input_beats.reshape(6, -1)
        for number, (beats, timing) in enumerate(
            zip(run.beats, network.timing.outputs, strict=True)
        ):
            report = cycle_report(network, entered, beats.reshape(6, -1), number)
            assert report.latency_cycles == timing.latency_cycles
            assert report.last_beat_cycles == timing.last_beat_cycles
            assert report.window_cycles == timing.window_cycles
        floats = [port.format.to_float(a) for port, a in zip(network.inputs, arrays, strict=True)]
        forecasts = model.predict_all(floats)
        for port, found, codes in zip(network.output_ports, forecasts, expected, strict=True):
            assert found.tolist() == port.format.to_float(np.array(codes)).tolist()
        with pytest.raises(ChronogateError, match=r"has \d outputs"):
            model.predict(floats)
        with pytest.raises(ChronogateError, match=r"takes \d arrays"):
            model.predict_all(floats[:1])
