"""Every family learns, converts and equals QKeras; its parts are what they say."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import accel
from accel.configuration.config import EXAMPLES, example, parse_config, template
from accel.configuration.sections import TrainingConfig
from accel.forecasters.build import (
    build_float_twin,
    build_forecaster,
    count_coefficients,
    hls_settings,
)
from accel.forecasters.closed_form import Rows, fit_linear, low_rank, rounded, rounded_together
from accel.forecasters.fit_data import FitData
from accel.forecasters.formats import Format
from accel.forecasters.layer_names import OUTPUT
from accel.forecasters.registry import FAMILIES, AnyModel
from accel.forecasters.shape import Shape
from accel.forecasters.solving import layer_of
from accel.qkeras_compat import keras, tf
from accel.training.fitting import fit, predict_float32, seed_everything
from accel.training.learning import shape_of as shape_of_config
from hw.errors import ChronogateError
from hw.network.graph import Network
from sim.rtl_model import RtlModel
from tests.accel.conversion.compare import assert_equal_to_qkeras, compare_codes, draw_codes
from tests.accel.forecasting import SETTINGS, model_of, shape_of, windows
from tests.flow.test_drawn_models import check_cycles


@pytest.fixture(autouse=True)
def eager() -> Iterator[None]:
    """Train without XLA, which compiles for longer than these models learn."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def begun(settings: AnyModel, shape: Shape) -> tuple[keras.Model, bool]:
    """Return a forecaster before its first epoch, and whether its weights have a closed form."""
    train, validation = windows(shape, 200, 1), windows(shape, 60, 2)
    seed_everything(1)
    model = build_forecaster(settings, shape)
    started = settings.start(model, FitData(shape, train, validation))
    assert started == settings.closed_form
    return model, started


def trained(family: str, shape: Shape, **changes: object) -> tuple[keras.Model, list[float]]:
    """Return a forecaster and its validation errors: after a closed form, after two epochs."""
    settings = model_of(family, **changes)
    train, validation = windows(shape, 200, 1), windows(shape, 60, 2)
    model, started = begun(settings, shape)
    training = TrainingConfig(epochs=2, batch_size=100)
    history = fit(model, train, validation, training, lambda units: None, started)
    assert len(history) == 2 + started
    return model, [epoch.validation_error for epoch in history]


def converted(
    family: str, model: keras.Model, folder: Path, **changes: object
) -> tuple[Network, np.ndarray]:
    """Return the network, equal to QKeras, and the codes of its forecasts for `draw_codes`."""
    settings = hls_settings(model_of(family, **changes), model.layers)
    graph = accel.convert(model, folder, family, hls_config=settings)
    codes = draw_codes(graph.network, 40, 3)
    kept = graph.kept_channels
    return graph.network, assert_equal_to_qkeras(model, graph.network, codes, kept)


@pytest.mark.parametrize("family", SETTINGS)
def test_a_family_learns_and_converts(family: str, tmp_path: Path) -> None:
    shape = shape_of(targets=1 if family in ("mlp", "lstm", "tcn") else 2)
    model, errors = trained(family, shape)
    if FAMILIES[family].closed_form:
        assert errors[0] < 0.2  # of a variance of 1/2 and a noise of 1/25
    else:
        assert errors[1] < errors[0]
    network, _ = converted(family, model, tmp_path)
    assert network.name == family
    assert count_coefficients(build_float_twin(model_of(family), shape)) == count_coefficients(
        model
    )


@pytest.mark.parametrize(("family", "changes"), [
    ("sparse_tsf", {"reuse": {"dense": 3}}),
    ("seasonal", {"reuse": {"dense": (1, 6, 4)}}),
    ("hybrid", {"base": "seasonal", "normalization": "last", "reuse": {"dense": 24}}),
])  # fmt: skip
def test_the_rtl_says_the_same(family: str, changes: dict[str, object], tmp_path: Path) -> None:
    """The level, picked and repeated channels, periods, and a sum of two forecasts."""
    model, _ = trained(family, shape_of(), **changes)
    network, golden = converted(family, model, tmp_path, **changes)
    with RtlModel(network, tmp_path / "rtl", optimize="-O0") as rtl:
        run = rtl.run(draw_codes(network, 40, 3), input_gaps=0.3, output_stalls=0.3, seed=1)
        compare_codes(family, golden, run.outputs)
        rtl.reset()
        check_cycles(network, rtl)


def test_other_settings_convert(tmp_path: Path) -> None:
    """What the smallest of each family leaves out."""
    for family, targets, changes in (
        ("sparse_tsf", 1, {"neighbours": True}),
        ("dlinear", 2, {"shared": False, "normalization": "mean"}),
        ("ridge", 1, {"shared": True, "normalization": "last"}),
        ("low_rank", 2, {"shared": True, "persistence": 10.0}),
        ("low_rank", 1, {"shared": True, "persistence": 0.0}),
        ("seasonal", 1, {"evenness": 0.0}),
        ("hybrid", 2, {"normalization": "none", "hidden": ()}),
        ("mlp", 2, {"shared": True, "normalization": "mean"}),
    ):
        model, _ = trained(family, shape_of(targets), **changes)
        converted(family, model, tmp_path / family, **changes)


def test_absolute_errors_teach_the_median() -> None:
    """Of targets that are 2 seven times out of ten and 0 else: 2 instead of 1.4."""
    shape = shape_of(targets=1)
    train = windows(shape, 200, 1)
    targets = np.where(np.arange(200) % 10 < 7, 2.0, 0.0)[:, None] * np.ones((1, shape.outputs))
    seen = replace(train, inputs=np.zeros_like(train.inputs), targets=targets)
    found: dict[str, float] = {}
    for loss in ("squared", "absolute"):
        seed_everything(1)
        model = build_forecaster(model_of("mlp", hidden=()), shape)
        training = TrainingConfig(epochs=30, learning_rate=0.2, loss=loss)
        history = fit(model, seen, seen, training, lambda units: None)
        errors = predict_float32(model, seen.inputs) - seen.targets
        error = np.mean(np.abs(errors) if loss == "absolute" else errors**2)
        assert min(epoch.validation_error for epoch in history) == error
        found[loss] = float(predict_float32(model, seen.inputs).mean())
    assert abs(found["squared"] - 1.4) < 0.1
    assert abs(found["absolute"] - 2.0) < 0.1


def test_every_family_is_a_file_with_its_name_and_an_example() -> None:
    assert set(EXAMPLES) == set(FAMILIES) == set(SETTINGS)
    for family in FAMILIES:
        config = parse_config(template("x", family), family)
        assert (config.name, config.model.family) == ("x", family)
        shape = shape_of_config(config)
        model = build_forecaster(config.model, shape)
        assert model.input_shape == (None, shape.look_back, shape.channels)
        assert model.output_shape == (None, shape.outputs)
        assert set(config.model.folding) <= set(
            hls_settings(config.model, model.layers)["LayerName"]
        )
        assert "docs/forecasters.md" in example(family)


@pytest.mark.parametrize(("family", "changes", "shape", "words"), [
    ("sparse_tsf", {}, Shape(10, 8, 4, ("a",), ("a",)), "look_back = 10 is no multiple"),
    ("sparse_tsf", {"neighbours": True}, shape_of(), "neighbours = false"),
    ("seasonal", {}, Shape(12, 10, 4, ("a",), ("a",)), "horizon = 10 is no multiple"),
    ("simple_rnn", {"segment": 5}, shape_of(), "segment = 5 does not divide"),
    ("dlinear", {"average": 12}, shape_of(), "leaves no season"),
    ("hybrid", {"base": "seasonal"}, Shape(8, 8, 12, ("a",), ("a",)), "longer than"),
    ("nlinear", {}, Shape(8, 8, 4, ("a",), ("b",)), "leaves out the target 'b'"),
])  # fmt: skip
def test_refusals(family: str, changes: dict[str, object], shape: Shape, words: str) -> None:
    with pytest.raises(ChronogateError, match=words):
        build_forecaster(model_of(family, **changes), shape)


def test_a_level_returns_to_the_mean_unless_it_persists() -> None:
    """The last row of weights is that of the level, which is given back whole beside it."""
    shape, found = shape_of(), []
    for persistence in (0.0, 1e9):
        model, _ = begun(model_of("low_rank", shared=True, persistence=persistence, rank=3), shape)
        output = layer_of(model, OUTPUT)
        found.append(output.kernel_quantizer_internal(output.kernel).numpy())
    free, held = found
    assert free.shape == (4, shape.horizon)
    assert free[-1].any()
    assert not held[-1].any()
    assert held[:-1].any(axis=1).all()  # its penalty is the level's alone


@pytest.mark.parametrize("changes", [{"shared": False}, {"normalization": "last"}])
def test_persistence_needs_a_level_of_each_target(changes: dict[str, object]) -> None:
    given = {"shared": True, "persistence": 1.0, **changes}
    with pytest.raises(ValueError, match="persistence needs shared = true"):
        model_of("low_rank", **given)


def test_a_first_factor_is_rounded_together() -> None:
    """At 4 bits, on neighbouring steps that are alike: it loses less than rounding each weight."""
    rng = np.random.default_rng(3)
    inputs = np.cumsum(rng.normal(size=(500, 12)), axis=1) / 4
    outputs = inputs @ rng.normal(0, 0.4, (12, 6)) + rng.normal(0, 0.1, (500, 6))
    fit = Rows(inputs, outputs, np.ones(outputs.shape, dtype=bool))
    number = Format(bits=4, integer=1)
    exact, together = low_rank(fit, 2, 1.0, None), low_rank(fit, 2, 1.0, number)
    assert np.array_equal(together, rounded(together, number))
    centred = inputs - inputs.mean(axis=0)
    losses = [
        np.square(centred @ (found - exact)).sum() for found in (together, rounded(exact, number))
    ]
    assert losses[0] < 0.5 * losses[1]


def test_weights_rounded_together_lie_on_the_grid_and_lose_less() -> None:
    """On inputs as alike as neighbouring hours, at 4 bits."""
    rng = np.random.default_rng(5)
    inputs = np.cumsum(rng.normal(size=(400, 12)), axis=1)
    weights = rng.normal(0, 0.4, (12, 3))
    number = Format(bits=4, integer=0)
    hessian = inputs.T @ inputs + np.eye(12)
    together = rounded_together(weights, hessian, number)
    assert np.array_equal(together, rounded(together, number))
    losses = [
        np.square(inputs @ (found - weights)).sum()
        for found in (together, rounded(weights, number))
    ]
    assert losses[0] < 0.5 * losses[1]


def test_a_fit_on_a_fine_grid_is_the_ridge_regression() -> None:
    rng = np.random.default_rng(6)
    inputs = rng.normal(size=(90, 5))
    outputs = inputs @ rng.normal(size=(5, 2)) + 3.0
    mask = np.ones(outputs.shape, dtype=bool)
    found = fit_linear(Rows(inputs, outputs, mask), Rows(inputs, outputs, mask), None, (1e-6,))
    assert np.rint(found.predict(inputs) * 1e4).tolist() == np.rint(outputs * 1e4).tolist()
    hidden = mask.copy()
    hidden[:40] = False  # rows whose target was filled teach nothing
    wrong = np.where(hidden, outputs, 1e3)
    again = fit_linear(Rows(inputs, wrong, hidden), Rows(inputs, outputs, mask), None, (1e-6,))
    assert np.rint(again.predict(inputs) * 1e4).tolist() == np.rint(outputs * 1e4).tolist()


def test_the_hybrid_keeps_its_base() -> None:
    """The network learns the residual: the ridge regression under it is not trained."""
    shape = shape_of()
    settings = model_of("hybrid")
    data = FitData(shape, windows(shape, 200, 1), windows(shape, 60, 2))
    model = build_forecaster(settings, shape)
    settings.start(model, data)
    before = model.get_layer("base").get_weights()
    training = TrainingConfig(epochs=1, batch_size=50)
    fit(model, data.train, data.validation, training, lambda units: None)
    for old, new in zip(before, model.get_layer("base").get_weights(), strict=True):
        assert old.tobytes() == new.tobytes()
    assert any(weights.any() for weights in model.get_layer(OUTPUT).get_weights())
