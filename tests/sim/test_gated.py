"""Two networks behind a gate on Verilator: codes and every handshake's cycle."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw import ChronogateError
from hw.control.gated_map import GATED_COUNTERS, gated_map
from hw.network.gated import GatedNetwork
from hw.top.gated import gated_verilog
from sim.cocotb_runner import COVERAGE_TESTS, GATED_TESTS, TESTS, run_testbench
from sim.measure import measure_cycles, measure_gated
from sim.rtl_model import RtlModel
from tests.hw.gates import draw_gated, draw_windows

WINDOWS = 150
LATCH = 1 << 1


@pytest.mark.parametrize(
    ("seed", "kind", "beats"), [(1, "gru_after", 1), (2, "lstm", 3), (3, "mlp", 1)]
)
def test_codes_and_cycles(seed: int, kind: str, beats: int, tmp_path: Path) -> None:
    gated = draw_gated(seed, kind, beats)
    registers = gated_map(gated)
    rng = np.random.default_rng(seed)
    verilog = gated_verilog(gated, control=True)
    with RtlModel(gated, tmp_path, "-O0", verilog=verilog) as rtl:
        levels = np.quantile(gated.roughness(draw_windows(rng, gated, 99)), (0.1, 0.5, 0.9))
        for threshold in (0, *levels.astype(int).tolist(), 1 << gated.input_format.width):
            codes = draw_windows(rng, gated, WINDOWS)
            judged = replace(gated, threshold=threshold)
            expected = judged.reference(codes)
            rtl.reset()
            rtl.write_register(registers.offset("threshold"), threshold)
            run = rtl.run(codes)
            same(run.outputs, expected.outputs)
            beats_at = gated.gated_timing.beats(expected.wakes)
            start = run.input_beats[0]
            same(run.input_beats.reshape(WINDOWS, -1) - start, beats_at.input)
            same(run.output_beats.reshape(WINDOWS, -1) - start, beats_at.output)
            rtl.write_register(registers.offset("control"), LATCH)
            wakes = int(expected.wakes.sum())
            counted = (
                WINDOWS, wakes, gated.gated_timing.awake_cycles(beats_at),
                (WINDOWS - wakes) * gated.products[1],
            )  # fmt: skip
            assert [
                rtl.read_register(registers.offset(f"{name}_low")) for name in GATED_COUNTERS
            ] == list(counted)
            assert gated.products_saved(WINDOWS, wakes) == counted[3] - WINDOWS * gated.products[0]
            for gaps, stalls in ((0.5, 0.0), (0.0, 0.7), (0.3, 0.9)):
                rtl.write_register(registers.offset("threshold"), threshold)
                same(rtl.run(codes, gaps, stalls, seed).outputs, expected.outputs)


def test_without_registers_the_threshold_is_a_constant(tmp_path: Path) -> None:
    gated = draw_gated(4, "simple_rnn")
    codes = draw_windows(np.random.default_rng(4), gated, WINDOWS)
    with RtlModel(gated, tmp_path, "-O0") as rtl:
        report = measure_gated(rtl, gated, codes)
        assert report.latency_cycles <= gated.timing.latency_cycles
        assert report.interval_cycles >= gated.best_timing.interval_cycles
        with pytest.raises(ChronogateError, match="has no register"):
            rtl.read_register(0)
        with pytest.raises(ChronogateError, match="use measure_gated"):
            measure_cycles(rtl)


def test_testbench_with_registers(tmp_path: Path) -> None:
    gated = few_in_flight()
    codes = draw_windows(np.random.default_rng(1), gated, 10)
    result = run_testbench(gated, codes, tmp_path, 5, control=True)
    assert result.passed
    assert result.backpressure == TESTS + GATED_TESTS + COVERAGE_TESTS


def few_in_flight() -> GatedNetwork:
    """Draw until six windows fill the design up, as the testbench wants it for a blocked output."""
    drawn = (draw_gated(seed, "gru_before") for seed in range(10, 40))
    found = next(g for g in drawn if g.fewest_in_flight <= 4 and g.look_back > 2)
    return replace(found, in_flight=found.fewest_in_flight)


def same(actual: np.ndarray, expected: np.ndarray) -> None:
    assert actual.shape == expected.shape
    wrong = np.argwhere(actual != expected)
    assert not len(wrong), (
        f"{len(wrong)} of {actual.size} differ, first at {wrong[0]}: "
        f"{actual[tuple(wrong[0])]} instead of {expected[tuple(wrong[0])]}"
    )
