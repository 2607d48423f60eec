"""Sliding, streaming and interleaved networks: RTL = golden model, cycles predicted = counted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw import (
    LSTM,
    Activation,
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
from hw.network.mode import Mode
from sim.measure import measure_cycles
from sim.rtl_model import RtlModel
from sim.verification import CycleReport
from tests.hw.drawing import draw_codes, draw_network, draw_recurrent

BYTE = FixedPoint(8, 3, True, Rounding.RND_CONV, Overflow.SAT)


def assert_equal(actual: np.ndarray, expected: np.ndarray) -> None:
    assert actual.shape == expected.shape
    wrong = np.argwhere(actual != expected)
    assert not len(wrong), (
        f"{len(wrong)} of {actual.size} codes differ, first at {wrong[0]}: "
        f"RTL {actual[tuple(wrong[0])]}, golden model {expected[tuple(wrong[0])]}"
    )


@pytest.mark.parametrize(("seed", "kind"), [(1, "mlp"), (2, "lstm"), (3, "gru_before")])
def test_sliding_gives_a_forecast_for_every_sample(seed: int, kind: str, tmp_path: Path) -> None:
    network = replace(draw_network(seed, kind), mode=Mode.SLIDING)
    rng = np.random.default_rng(seed)
    length = network.look_back + 20
    codes = draw_codes(rng, network.input_format, 3, length, network.features)
    expected = network.reference(codes)
    assert expected.shape[1] == 21
    with RtlModel(network, tmp_path) as rtl:
        for gaps, stalls in ((0.0, 0.0), (0.6, 0.0), (0.3, 0.6)):
            assert_equal(rtl.run(codes, gaps, stalls, seed).outputs, expected)
        assert rtl.dropped_windows == 0
        assert measure_cycles(rtl) == CycleReport.predicted(network.timing)


def test_sliding_forecasts_of_several_beats(tmp_path: Path) -> None:
    """All steps of an LSTM's sequence: most of them need not wait for the newest beat."""
    network = draw_network(2, "lstm")
    squeeze, lstm = network.nodes[:2]
    assert isinstance(lstm.spec, LSTM)
    every = replace(lstm, spec=replace(lstm.spec, return_sequences=True))
    network = Network(
        "sequences", network.inputs, (squeeze, every), (every.name,), mode=Mode.SLIDING
    )
    length = network.look_back + 7
    codes = draw_codes(np.random.default_rng(2), network.input_format, 2, length, network.features)
    expected = network.reference(codes)
    assert expected.shape == (2, 8, network.look_back, lstm.spec.units)
    with RtlModel(network, tmp_path) as rtl:
        for gaps, stalls in ((0.0, 0.0), (0.3, 0.6)):
            assert_equal(rtl.run(codes, gaps, stalls, 1).outputs, expected)
        assert measure_cycles(rtl) == CycleReport.predicted(network.timing)


def test_a_sliding_window_equals_the_window_alone() -> None:
    network = draw_network(2, "lstm")
    codes = draw_codes(
        np.random.default_rng(2), network.input_format, 1, network.look_back + 3, network.features
    )
    sliding = replace(network, mode=Mode.SLIDING).reference(codes)[0]
    for start, forecast in enumerate(sliding):
        window = codes[:, start : start + network.look_back]
        assert_equal(forecast, network.reference(window)[0])


def test_a_series_shorter_than_the_look_back_is_refused() -> None:
    network = replace(draw_network(2, "lstm"), mode=Mode.SLIDING)
    with pytest.raises(ChronogateError, match="looks back"):
        network.reference(np.zeros((1, network.look_back - 1, network.features), dtype=np.int64))


def per_sample(series: int, reuse: int, mode: Mode, steps: int = 1) -> Network:
    """Return a network without memory whose output still tells samples and channels apart."""
    rng = np.random.default_rng(reuse)
    dense = Dense(
        draw_codes(rng, BYTE, 3, 2), draw_codes(rng, BYTE, 2), BYTE, BYTE, BYTE, reuse, steps,
        series,
    )  # fmt: skip
    squeeze = Activation(2, dense.output, Quantizer(Function.LINEAR, BYTE), steps, series)
    return Network(
        "sample",
        (Port("input", 3, BYTE, steps, series),),
        (Node("dense", dense, ("input",)), Node("squeeze", squeeze, ("dense",))),
        ("squeeze",),
        mode=mode,
    )


@pytest.mark.parametrize(
    ("series", "reuse", "mode", "steps"),
    [
        (1, 3, Mode.STREAMING, 1),
        (5, 1, Mode.STREAMING, 1),
        (64, 4, Mode.STREAMING, 1),
        (1000, 2, Mode.STREAMING, 1),
        (3, 2, Mode.WINDOW, 4),
        (1, 2, Mode.WINDOW, 4),
    ],
)
def test_a_forecast_for_every_sample(
    series: int, reuse: int, mode: Mode, steps: int, tmp_path: Path
) -> None:
    network = per_sample(series, reuse, mode, steps)
    rng = np.random.default_rng(series)
    length = steps if mode is Mode.WINDOW else 9
    codes = draw_codes(rng, BYTE, min(series, 7) + 2 * (series < 4), length, 3)
    expected = network.reference(codes)
    with RtlModel(network, tmp_path) as rtl:
        for gaps, stalls in ((0.0, 0.0), (0.4, 0.4)):
            assert_equal(rtl.run(codes, gaps, stalls, series).outputs, expected)
        if series > 1:
            order = rng.permutation(np.repeat(np.arange(min(series, len(codes))), length))
            rows = codes[: min(series, len(codes))]
            run = rtl.run(rows, 0.2, 0.2, 1, order=order)
            assert_equal(run.outputs, expected[: len(rows)])
        assert measure_cycles(rtl) == CycleReport.predicted(network.timing)


def stateful(kind: str, series: int, seed: int) -> Network:
    """Return two stacked recurrent layers that give a forecast for every sample."""
    rng = np.random.default_rng(seed)
    first = replace(draw_recurrent(rng, BYTE, 3, 1, kind), return_sequences=True, series=series)
    narrow = Quantizer(Function.LINEAR, BYTE)
    between = Activation(first.units, first.outputs[0].format, narrow, 1, series)
    second = replace(
        draw_recurrent(rng, BYTE, first.units, 1, "gru_after"),
        return_sequences=True,
        series=series,
    ).pooled(3)
    return Network(
        f"{kind}{series}",
        (Port("input", 3, BYTE, 1, series),),
        (
            Node("first", first, ("input",)),
            Node("between", between, ("first",)),
            Node("second", second, ("between",)),
        ),
        ("second",),
        mode=Mode.STREAMING,
    )


@pytest.mark.parametrize(
    ("kind", "series", "seed"),
    [("lstm", 1, 1), ("gru_before", 1, 2), ("lstm", 6, 3), ("gru_after", 40, 4)],
)
def test_states_are_kept_from_sample_to_sample(
    kind: str, series: int, seed: int, tmp_path: Path
) -> None:
    network = stateful(kind, series, seed)
    rng = np.random.default_rng(seed)
    length, rows = 30, min(series, 8) + (series < 8)
    codes = draw_codes(rng, BYTE, rows, length, 3)
    expected = network.reference(codes)
    assert len(np.unique(expected[:, 5:].reshape(-1, expected.shape[2]), axis=0)) > 10
    with RtlModel(network, tmp_path) as rtl:
        for gaps, stalls in ((0.0, 0.0), (0.4, 0.4)):
            assert_equal(rtl.run(codes, gaps, stalls, series).outputs, expected)
        if series > 1:
            alone = codes[: min(rows, series)]
            order = rng.permutation(np.repeat(np.arange(len(alone)), length))
            run = rtl.run(alone, 0.1, 0.1, 1, order=order)
            assert_equal(run.outputs, expected[: len(alone)])
        assert measure_cycles(rtl) == CycleReport.predicted(network.timing)
