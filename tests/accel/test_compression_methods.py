"""Each compression method does what it says, and what it makes converts exactly."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from accel.compression.dense_parts import bias_of
from accel.compression.distillation import Imitation
from accel.compression.grids import WeightGrid, best_grid
from accel.compression.kernels import kernels, stored_nonzeros, weights_of
from accel.compression.method import Method
from accel.compression.methods.bits import Bits, allotted
from accel.compression.methods.calibrate import Calibrate, best_point
from accel.compression.methods.low_rank import LowRank, factors
from accel.compression.methods.magnitude import Magnitude
from accel.compression.methods.season import Season, measure
from accel.compression.methods.tensor_train import TensorTrain, cut, factored
from accel.compression.methods.units import Units
from accel.compression.periods import dominant_periods
from accel.compression.surgeon import pruned
from accel.qkeras_compat import qkeras, tf
from accel.training.fitting import predict_float32
from hw.errors import ChronogateError
from sim.measure import measure_cycles
from sim.rtl_model import RtlModel
from sim.verification import CycleReport
from tests.accel.compressing import compressed, converted, lesson_of, trained
from tests.accel.conversion.compare import draw_codes
from tests.accel.forecasting import SEASON

MAGNITUDE = Magnitude(method="magnitude", sparsity=0.5, steps=1, epochs=1)
SEASONAL = Season(method="season", sparsity=0.75, steps=1, epochs=1, periods=1)
LOW_RANK = LowRank(method="low_rank", rank=2, epochs=1)
TRAIN = TensorTrain(method="tensor_train", rank=1, epochs=1)
BITS = Bits(method="bits", budget=4.0, fewest=2, epochs=1)
CALIBRATE = Calibrate(method="calibrate", weights=4, values=5)


@pytest.fixture(autouse=True)
def eager() -> Iterator[None]:
    """Train without XLA, which compiles for longer than these models learn."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def test_periods_are_peaks_of_the_training_rows() -> None:
    time = np.arange(2000)
    series = 3 * np.sin(2 * np.pi * time / 24) + np.sin(2 * np.pi * time / 12) + 0.01 * time
    series += np.random.default_rng(1).normal(0, 0.3, 2000)
    found = dominant_periods(series[:, None], 2, 48)
    assert np.rint(np.array(found) * 2).tolist() == [48, 24]
    assert np.rint(dominant_periods(series[:, None], 1, 20)[0]) == 12  # none longer than that


def test_the_surgeon_keeps_what_the_measure_wants() -> None:
    rng = np.random.default_rng(3)
    time = np.arange(500)
    rows = np.stack([np.sin(2 * np.pi * time / 8), np.cos(2 * np.pi * time / 8)], axis=1)
    rows = np.concatenate([0.5 * rows, rng.normal(0, 1, (500, 2))], axis=1)
    weights = np.array([[1.0], [1.0], [0.9], [0.9]])
    gone = np.zeros((4, 1), dtype=bool)
    for emphasis, kept in ((1.0, [False, False, True, True]), (100.0, [True, True, False, False])):
        _, keep = pruned(weights, measure(rows, time, (8.0,), emphasis), 2, gone)
        assert keep[:, 0].tolist() == kept
    # Of two inputs that are the same, one takes over what the other gave.
    twins = rng.normal(0, 1, (500, 1)).repeat(2, axis=1)
    values, keep = pruned(np.array([[1.0], [0.8]]), twins.T @ twins / 500, 1, gone[:2])
    assert keep.sum() == 1
    assert np.rint(10 * values.sum()) == 18
    # And counts as much as both from then on: the third one goes next, though larger than each.
    three = np.concatenate([twins, rng.normal(0, 1, (500, 1))], axis=1)
    measured = three.T @ three / 500
    _, keep = pruned(np.array([[1.0], [0.9], [1.2]]), measured, 2, gone[:3])
    assert keep[:, 0].tolist() in ([True, False, False], [False, True, False])
    # What was 0 stays, and counts.
    gone[0] = True
    _, keep = pruned(weights, np.eye(4), 2, gone)
    assert keep.sum() == 2
    assert not keep[0, 0]


@pytest.mark.parametrize("family", ["mlp", "simple_rnn"])
def test_season_prunes_every_kernel(family: str, tmp_path: Path) -> None:
    model, (done,) = compressed(family, (SEASONAL,))
    assert done.notes["periods"] == [float(SEASON)]
    for name, values in kernels(model).items():
        assert np.count_nonzero(values) <= values.size - round(0.75 * values.size), name
    converted(family, model, tmp_path)


def test_low_rank_comes_close_and_costs_less(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows = rng.normal(0, 1, (300, 6)) * [9, 1, 1, 1, 1, 1]
    weights = rng.normal(0, 1, (6, 5))
    lost = {}
    for by in ("svd", "regression"):
        first, second = factors(weights, rows, 2, by)
        lost[by] = np.sum((rows @ (weights - first @ second)) ** 2)
        assert np.rint((rows @ first).std(axis=0) * 100).tolist() == [100, 100]
    assert lost["regression"] < lost["svd"]
    plain = trained("mlp", lesson_of())
    model, (done,) = compressed("mlp", (LOW_RANK,))
    assert done.weights < done.weights_before
    assert [layer.name for layer in model.layers if "factor" in layer.name] == [
        "dense_1_factor", "dense_1_factors", "forecast_factor", "forecast_factors",
    ]  # fmt: skip
    before, after = (
        converted("mlp", each, tmp_path / name, reuse={"dense": [12, 6]})
        for name, each in (("plain", plain), ("factorised", model))
    )
    assert sum(layer.multipliers for layer in after.timing.layers) < sum(
        layer.multipliers for layer in before.timing.layers
    )


def test_a_tensor_train_is_the_kernel_that_it_was_cut_from(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    weights = rng.normal(0, 1, (12, 6))
    whole = cut(weights, 99)
    assert np.abs(whole.kernel - weights).max() < 1e-9
    assert (factored(48), factored(7)) == ((6, 8), (1, 7))
    lesson = lesson_of()
    plain = trained("mlp", lesson, hidden=(6,))
    exact = TensorTrain(method="tensor_train", rank=8, layers=("dense_1",), bits=16, epochs=0)
    layer = plain.get_layer("dense_1")
    layer.kernel_quantizer_internal = layer.bias_quantizer_internal = qkeras.quantized_bits(
        16, 2, alpha=1
    )
    layer.kernel_quantizer = layer.bias_quantizer = layer.kernel_quantizer_internal
    assert bias_of(layer) is not None
    layer.bias.assign(rng.normal(0, 0.5, 6))
    inputs = lesson.validation.inputs
    same = exact.apply(plain, lesson).model
    assert np.abs(predict_float32(same, inputs) - predict_float32(plain, inputs)).max() < 0.02
    model, (done,) = compressed("mlp", (TRAIN,), hidden=(6,))
    assert done.weights < done.weights_before / 2
    assert done.notes["dense_1"] == {"inputs": (4, 6), "outputs": (2, 3), "rank": 1}
    network = converted("mlp", model, tmp_path, hidden=(6,), reuse={"dense": [12, 6]})
    assert network.timing.interval_cycles < 64


def test_bits_go_where_they_are_cheap(tmp_path: Path) -> None:
    errors = {"a": {2: 5.0, 3: 1.1, 4: 1.0}, "b": {2: 1.2, 3: 1.1, 4: 1.0}}
    assert allotted(errors, {"a": 10, "b": 30}, 3.0) == {"a": 4, "b": 2}
    assert allotted(errors, {"a": 10, "b": 30}, 2.25) == {"a": 3, "b": 2}
    assert allotted(errors, {"a": 10, "b": 30}, 1.0) == {"a": 2, "b": 2}
    model, (done,) = compressed("simple_rnn", (BITS,))
    assert done.bits_after <= 4 * done.weights < done.bits_before
    widths = done.notes["bits"]
    assert isinstance(widths, dict)
    assert {w.key: w.bits // w.size for w in weights_of(model)} == widths
    converted("simple_rnn", model, tmp_path)


def test_calibration_moves_the_points(tmp_path: Path) -> None:
    small = np.random.default_rng(1).normal(0, 0.02, 100)
    grid = best_grid(small, 4)
    assert grid.integer < -3
    assert best_grid(np.zeros(3), 4) == WeightGrid(4, 0)
    kept = small / grid.scale
    assert np.array_equal(np.asarray(grid.quantizer(tf.constant(kept))), grid.rounded(small))
    assert WeightGrid.of(grid.quantizer) == grid
    assert best_point(np.array([0.0, 3.0]), 4, True) == 2
    assert best_point(np.array([-5.0, 1.5]), 4, False) == 1
    for family in ("mlp", "simple_rnn"):
        model, (done,) = compressed(family, (CALIBRATE,))
        assert done.bits_after == 4 * done.weights
        assert done.validation_after < 1.5 * done.validation_before
        converted(family, model, tmp_path / family)


def test_calibration_may_imitate_what_was_before() -> None:
    distance: dict[float, float] = {}
    for imitate in (0.0, 20.0):
        lesson = lesson_of()
        before = trained("mlp", lesson)
        wanted = predict_float32(before, lesson.train.inputs)
        method = Calibrate(
            method="calibrate", weights=2, epochs=30, learning_rate=0.003, imitate=imitate
        )
        lesson.validation = replace(
            lesson.validation, targets=predict_float32(before, lesson.validation.inputs)
        )
        found = predict_float32(method.apply(before, lesson).model, lesson.train.inputs)
        distance[imitate] = float(np.mean((found - wanted) ** 2))
        guide = Imitation(before, wanted + 0.5, imitate)
        rows = [tf.constant(row, tf.float32) for row in guide.rows]
        inputs = tf.constant(lesson.train.inputs, tf.float32)
        _, more = guide.forecast(inputs, rows)
        assert np.rint(1000 * float(more)) == 250 * imitate
    assert distance[20.0] < 0.8 * distance[0.0], distance


@pytest.mark.parametrize("methods", [
    (MAGNITUDE, LOW_RANK, SEASONAL, CALIBRATE),
    (CALIBRATE, LOW_RANK, Units(method="units", share=0.5, epochs=1), BITS),
    (BITS, SEASONAL, TRAIN, MAGNITUDE),
])  # fmt: skip
def test_methods_compose(methods: tuple[Method, ...], tmp_path: Path) -> None:
    model, done = compressed("mlp", methods, hidden=(8,))
    assert [one.method for one in done] == [method.method for method in methods]
    for first, second in pairwise(done):
        assert (first.weights, first.bits_after) == (second.weights_before, second.bits_before)
    assert sum(found.sum() for found in stored_nonzeros(model).values()) == done[-1].nonzero_after
    converted("mlp", model, tmp_path, hidden=(8,))


def test_what_is_compressed_runs_in_the_rtl(tmp_path: Path) -> None:
    methods = (
        LOW_RANK.model_copy(update={"layers": ("forecast",)}),
        TRAIN.model_copy(update={"layers": ("dense_1",)}),
        BITS,
    )
    settings: dict[str, object] = {"hidden": (6,), "reuse": {"dense": [12, 6]}}
    model, _ = compressed("mlp", methods, **settings)
    network = converted("mlp", model, tmp_path / "run", skip_zeros=False, **settings)
    codes = draw_codes(network, 40, 1)
    with RtlModel(network, tmp_path / "sim", "-O0") as rtl:
        assert measure_cycles(rtl) == CycleReport.predicted(network.timing)
        assert rtl.run(codes, 0.3, 0.3).outputs.tolist() == network.reference(codes).tolist()


@pytest.mark.parametrize(("family", "method", "words"), [
    ("mlp", LowRank(method="low_rank", rank=40), "makes no dense layer smaller: lower rank"),
    ("mlp", LowRank(method="low_rank", layers=("dense_9",)), "'dense_9' is no trained dense layer"),
    ("mlp", TensorTrain(method="tensor_train", rank=40), "makes no dense layer smaller"),
    ("linear", TensorTrain(method="tensor_train", layers=("forecast",)), "each time step"),
    ("mlp", Bits(method="bits", budget=3, fewest=4), "fewest = 4 is above budget = 3"),
])  # fmt: skip
def test_what_cannot_be_is_refused(family: str, method: Method, words: str) -> None:
    lesson = lesson_of(120)
    with pytest.raises(ChronogateError, match=words):
        method.apply(trained(family, lesson), lesson)


def test_season_needs_a_period_in_the_window() -> None:
    lesson = lesson_of(120)
    model = trained("mlp", lesson)
    lesson.series = np.linspace(0, 1, 40)[:, None]
    with pytest.raises(ChronogateError, match="finds no period of 12 steps or fewer"):
        SEASONAL.apply(model, lesson)
