"""Training is reproducible; the baselines are what their names say."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from accel.configuration.config import parse_config, template
from accel.configuration.sections import TrainingConfig
from accel.datasets.windows import Windows
from accel.forecasters.build import build_forecaster
from accel.forecasters.families.mlp import MlpModel
from accel.forecasters.shape import Shape
from accel.progress import SilentProgress
from accel.scoring.baselines import fit_ridge, last_value, seasonal_naive
from accel.training.fitting import fit, seed_everything
from accel.training.prepared import prepare
from accel.training.result import load_test_windows, load_training, metadata
from accel.training.train import save_training, train
from hw.errors import ChronogateError
from tests.accel.meter import HORIZON, LOOK_BACK, configured, readings


def test_same_seed_same_weights(tmp_path: Path) -> None:
    config = configured(tmp_path, readings())
    runs = [train(config, SilentProgress()) for _ in range(2)]
    weights = [run.model.get_weights() for run in runs]
    assert len(weights[0]) == 4
    for first, second in zip(*weights, strict=True):
        assert first.tobytes() == second.tobytes()
    assert runs[0].result.model == runs[1].result.model
    save_training(runs[0], tmp_path)
    assert load_training(tmp_path) == runs[0].result
    assert load_test_windows(tmp_path).inputs.tolist() == runs[0].test.inputs.tolist()
    found = metadata(runs[0].result)
    assert (found.look_back, found.horizon) == (LOOK_BACK, HORIZON)
    assert [feature.name for feature in found.features] == ["load", "wind"]
    assert found.targets[0].name == "load"


@pytest.mark.parametrize(
    ("reset_after", "hidden"), [("true", "[]"), ("false", "[4]")], ids=["after", "before"]
)
def test_a_gru_is_reproducible_too(tmp_path: Path, reset_after: str, hidden: str) -> None:
    """Compiled by XLA, with a while loop over time."""
    config = configured(tmp_path, readings())
    text = f'family = "gru"\nunits = 3\nreset_after = {reset_after}\nhidden = {hidden}'
    old = (tmp_path / "meter.toml").read_text(encoding="utf-8")
    text = old.replace('family = "mlp"\nhidden = [3]', text) + "\nfloat_twin = true\n"
    config = parse_config(text, "gru.toml").model_copy(update={"data": config.data})
    runs = [train(config, SilentProgress()) for _ in range(2)]
    for first, second in zip(*(run.model.get_weights() for run in runs), strict=True):
        assert first.tobytes() == second.tobytes()
    assert runs[0].result.float_mse == runs[1].result.float_mse
    assert runs[0].result.float_mse is not None


def test_a_filled_target_teaches_nothing(tmp_path: Path) -> None:
    """Whatever value stands where nothing was observed, the same weights come out."""
    data = prepare(configured(tmp_path, readings()))
    mask = np.random.default_rng(5).integers(0, 2, data.train.mask.shape).astype(bool)
    weights = []
    shape = Shape(LOOK_BACK, HORIZON, 4, ("load", "wind"), ("load",))
    for value in (0.0, 1e3):
        targets = np.where(mask, data.train.targets, value)
        seen = replace(data.train, targets=targets, mask=mask)
        seed_everything(1)
        model = build_forecaster(MlpModel(family="mlp", hidden=(3,)), shape)
        fit(model, seen, data.validation, TrainingConfig(epochs=2), lambda units: None)
        weights.append(model.get_weights())
    for first, second in zip(*weights, strict=True):
        assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('family = "gru"|family = "transformer"', "family"),
        ("look_back = 48|look_back = -1", "look_back"),
        ("look_back = 48|look_bakc = 48", "look_bakc"),
        ("units = 16|units = 'many'", "units"),
    ],
)
def test_bad_configurations_name_the_key(change: str, message: str) -> None:
    old, new = change.split("|")
    text = template("x", "gru")
    assert old in text
    with pytest.raises(ChronogateError, match=message):
        parse_config(text.replace(old, new, 1), "x.toml")


def test_last_value_and_seasonal_naive() -> None:
    values, origins = np.arange(20.0)[:, np.newaxis], np.array([8, 9])
    assert last_value(values, origins, 3).tolist() == [[7, 7, 7], [8, 8, 8]]
    # A season of two: the value of the same phase in the last whole season before the origin.
    assert seasonal_naive(values, origins, 3, 2).tolist() == [[6, 7, 6], [7, 8, 7]]


def windows_of(inputs: np.ndarray, targets: np.ndarray) -> Windows:
    count = len(inputs)
    return Windows(
        inputs,
        targets,
        np.ones(targets.shape, dtype=bool),
        np.zeros(count, dtype="datetime64[s]"),
        np.arange(count),
    )


def test_ridge_finds_an_exact_linear_rule() -> None:
    """Without a penalty, and with whole-numbered weights, rounding gives the weights back."""
    rng = np.random.default_rng(2)
    weights = rng.integers(-5, 6, (8, 2))
    inputs = rng.integers(-9, 10, (200, 4, 2)).astype(float)
    targets = inputs.reshape(200, -1) @ weights + 3
    data = windows_of(inputs, targets)
    ridge = fit_ridge(data, data, penalties=(1e-9, 1e3))
    assert ridge.penalty == 1e-9
    assert np.rint(ridge.weights).tolist() == weights.tolist()
    assert np.rint(ridge.predict(inputs)).tolist() == targets.tolist()


def test_ridge_solves_the_penalized_equations() -> None:
    """Against NumPy's solver on the same equations: equal to nine decimal places of the scale."""
    rng = np.random.default_rng(3)
    inputs = rng.integers(-9, 10, (50, 3, 1)).astype(float)
    targets = rng.integers(-9, 10, (50, 1)).astype(float)
    data = windows_of(inputs, targets)
    ridge = fit_ridge(data, data, penalties=(10.0,))
    flat = inputs.reshape(50, -1) - inputs.reshape(50, -1).mean(axis=0)
    wanted = np.linalg.solve(flat.T @ flat + 10 * np.eye(3), flat.T @ (targets - targets.mean(0)))
    assert np.rint(ridge.weights * 1e9).tolist() == np.rint(wanted * 1e9).tolist()
