"""The in-process model: equal to the golden model, quick to notice what is wrong."""

import ctypes
import shutil
from itertools import cycle, product
from pathlib import Path

import numpy as np
import pytest

import sim
from hw import ChronogateError, FixedPoint, Flatten, Network, Node, Overflow, Port, Rounding
from sim.measure import measure_cycles
from sim.rtl_model import RtlModel
from sim.streams import pack, unpack
from sim.verification import CycleReport
from sim.verilated import build_library
from sim.verilator_options import LARGE, optimized
from tests.hw.drawing import draw_codes, draw_network
from tests.sim.toy import BUGS, toy_network, toy_verilog

SOURCES = Path(sim.__file__).parent
CODES = np.arange(-128, 128)[:, np.newaxis]


@pytest.mark.parametrize("kind", ["mlp", "lstm", "gru_after", "gru_before"])
def test_rtl_equals_golden_model_and_its_cycles_the_contract(kind: str, tmp_path: Path) -> None:
    network = draw_network(7, kind)
    rng = np.random.default_rng(7)
    codes = draw_codes(rng, network.input_format, 600, network.look_back, network.features)
    expected = network.reference(codes).tolist()
    ticks: list[int] = []
    with RtlModel(network, tmp_path, "-O0") as model:
        assert measure_cycles(model) == CycleReport.predicted(network.timing)
        assert model.run(codes, tick=ticks.append).outputs.tolist() == expected
        for seed, (gaps, stalls) in enumerate([(0.5, 0.0), (0.0, 0.5), (0.3, 0.9)]):
            run = model.run(codes[:64], gaps, stalls, seed)
            assert run.outputs.tolist() == expected[:64]
        floats = network.input_format.to_float(codes)
        assert model.predict(floats).tolist() == (
            network.output_format.to_float(np.array(expected)).tolist()
        )
    assert sum(ticks) == 600


def test_two_models_live_in_one_process(tmp_path: Path) -> None:
    networks = [draw_network(seed, "mlp") for seed in (1, 2)]
    models = [RtlModel(network, tmp_path, "-O0") for network in networks]
    for _ in range(2):
        for network, model in zip(networks, models, strict=True):
            codes = draw_codes(
                np.random.default_rng(0),
                network.input_format,
                20,
                network.look_back,
                network.features,
            )
            assert model.run(codes).outputs.tolist() == network.reference(codes).tolist()
    for model in models:
        model.close()


def test_unchanged_design_is_not_built_again(tmp_path: Path) -> None:
    library = RtlModel(toy_network(), tmp_path, verilog=toy_verilog()).library
    before = library.stat().st_mtime_ns
    assert RtlModel(toy_network(), tmp_path, verilog=toy_verilog()).library == library
    assert library.stat().st_mtime_ns == before
    other = RtlModel(toy_network(), tmp_path, verilog=toy_verilog("wrong code")).library
    assert other != library
    assert sorted(tmp_path.glob("*.so")) == sorted([library, other])


def test_a_changed_header_of_the_wrapper_builds_again(tmp_path: Path) -> None:
    for name in ("rtl_model.cpp", "rtl_predict.h", "rtl_streams.h"):
        shutil.copy(SOURCES / name, tmp_path)

    def built() -> Path:
        wrapper = tmp_path / "rtl_model.cpp"
        return build_library(toy_network(), tmp_path, "-O0", verilog=toy_verilog(), wrapper=wrapper)

    before = built()
    header = tmp_path / "rtl_streams.h"
    header.write_text(header.read_text().replace("HANG = 1", "HANG = 9"))
    assert built() != before


def test_large_designs_keep_their_conditions_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "-fno-merge-cond-motion" not in optimized(LARGE - 1)
    with RtlModel(toy_network(), tmp_path, "-O0", verilog=toy_verilog()) as small:
        monkeypatch.setattr("sim.verilator_options.LARGE", 10)
        assert "-fno-merge-cond-motion" in optimized(10)
        with RtlModel(toy_network(), tmp_path, "-O0", verilog=toy_verilog()) as large:
            assert large.library != small.library
            assert large.run(CODES).outputs.tolist() == CODES.tolist()


def test_hand_written_design_passes(tmp_path: Path) -> None:
    with RtlModel(toy_network(), tmp_path, verilog=toy_verilog()) as model:
        for gaps, stalls in product((0.0, 0.5), (0.0, 0.8)):
            assert model.run(CODES, gaps, stalls, 3).outputs.tolist() == CODES.tolist()


NOTICED = {
    "lost beat": "hangs",
    "repeated beat": "more than windows were sent",
    "changed data": "changed",
    "withdrawn valid": "withdrawn",
    "no tlast": "has tlast 0",
    "hang": "hangs",
}


@pytest.mark.parametrize("bug", sorted(BUGS))
def test_every_bug_is_noticed(bug: str, tmp_path: Path) -> None:
    with RtlModel(toy_network(), tmp_path, optimize="-O0", verilog=toy_verilog(bug)) as model:
        if bug == "wrong code":
            wrong = np.flatnonzero(model.run(CODES).outputs != CODES)
            assert CODES[wrong].tolist() == [[77]]
        else:
            with pytest.raises(ChronogateError, match=NOTICED[bug]):
                model.run(CODES, input_gaps=0.5, output_stalls=0.6, seed=1)


def test_after_an_error_the_model_starts_afresh(tmp_path: Path) -> None:
    with RtlModel(toy_network(), tmp_path, verilog=toy_verilog("hang")) as model:
        with pytest.raises(ChronogateError, match="hangs"):
            model.run(CODES)
        assert model.run(CODES[:20]).outputs.tolist() == CODES[:20].tolist()
    with pytest.raises(ChronogateError, match="closed"):
        model.run(CODES)


def test_impossible_gaps_are_refused(tmp_path: Path) -> None:
    with RtlModel(toy_network(), tmp_path, verilog=toy_verilog()) as model:
        with pytest.raises(ChronogateError, match="probabilities"):
            model.run(CODES, input_gaps=1.0)


@pytest.mark.parametrize("overflow", [Overflow.SAT, Overflow.WRAP])
def test_hls4ml_entry_at_the_ends(overflow: Overflow, tmp_path: Path) -> None:
    """NaN, infinities, and formats beyond the integers that float64 holds."""
    format = FixedPoint(60, 60, True, Rounding.RND_CONV, overflow)
    network = Network(
        "wide",
        (Port("input", 1, format, 1),),
        (Node("flat", Flatten(1, 1, format), ("input",)),),
        ("flat",),
    )
    function = ctypes.CDLL(str(RtlModel(network, tmp_path, "-O0").library)).wide_double

    def entry(value: float) -> float:
        source, result = ctypes.c_double(value), ctypes.c_double()
        function(ctypes.byref(source), ctypes.byref(result))
        return result.value

    values = [-1.0, 3.0, 2.0**59, -(2.0**59), 2.0**70, -(2.0**70) - 2.0**20, 2.0**59 - 2.0**6]
    expected = format.to_float(format.quantize(np.array(values))).tolist()
    assert [entry(value) for value in values] == expected
    assert np.isnan(entry(np.nan))
    assert np.isnan(entry(np.inf)) == (overflow is Overflow.WRAP)


# Every rounding and every overflow, not every pair: the wrapper treats them one after the other.
MODES = list(zip(Rounding, cycle(Overflow), strict=False))


@pytest.mark.parametrize("modes", MODES, ids="-".join)
def test_hls4ml_entry_quantizes_like_fixed_point(
    modes: tuple[Rounding, Overflow], tmp_path: Path
) -> None:
    """The C functions that hls4ml's ModelGraph calls, over four times the format's range."""
    format = FixedPoint(4, 2, modes[0] is not Rounding.RND, *modes)
    network = Network(
        "a-b",
        (Port("input", 1, format, 1),),
        (Node("flat", Flatten(1, 1, format), ("input",)),),
        ("flat",),
    )
    library = RtlModel(network, tmp_path, "-O0").library
    function = ctypes.CDLL(str(library)).a_b_double
    values = np.arange(-256, 257) * (format.step / 8)
    given = []
    for value in values:
        source, result = ctypes.c_double(value), ctypes.c_double()
        function(ctypes.byref(source), ctypes.byref(result))
        given.append(result.value)
    assert given == format.to_float(format.quantize(values)).tolist()


@pytest.mark.parametrize("width", [1, 7, 8, 9, 16, 17, 33, 63])
@pytest.mark.parametrize("signed", [True, False])
def test_packing(width: int, signed: bool) -> None:
    port = Port("x", 3, FixedPoint(width, width, signed))
    ends = [port.format.minimum, port.format.maximum, 0]
    codes = np.array([ends, ends[::-1]], dtype=np.int64)
    beats = pack(codes, port)
    assert beats.shape == (2, 3 * -(-width // 8))
    assert unpack(beats, port).tolist() == codes.tolist()
