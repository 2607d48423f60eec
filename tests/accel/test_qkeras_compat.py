"""One test for every cure in the compatibility module."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from accel.keras_models.files import load_model, save_model
from accel.keras_models.float64 import (
    count_float32_differences,
    evaluate_float64,
    float64,
    quantize_float64,
    trace_float64,
)
from accel.qkeras_compat import (
    keras,
    qkeras,
    tf,
)
from tests.accel.conversion.models import bits, chain, dense, recurrent
from tests.accel.qkeras_cures import CASES, Stack, run_case


def test_legacy_keras_is_what_tensorflow_gives() -> None:
    assert tf.keras.Model is keras.Model
    assert keras.__version__.startswith("2.")


def test_import_prints_nothing() -> None:
    command = [sys.executable, "-W", "error", "-c", "import accel.qkeras_compat"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("", "")


def test_keras_3_imported_first_is_named() -> None:
    code = (
        "import os; os.environ['TF_USE_LEGACY_KERAS'] = '0'\n"
        "import tensorflow as tf; tf.keras.Model\n"
        "from hw.errors import ChronogateError\n"
        "try:\n import accel.qkeras_compat\n"
        "except ChronogateError as error:\n print(error)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "import accel first" in result.stdout


OURS = Stack(tf, keras, qkeras)
CURED: dict[str, object] = {
    "is_sequence of QGRU": [1, 2],
    "is_sequence of QSimpleRNN": [1, 2],
    "unstack": [1, 2],
    "quantized_relu in float64": [8, 9],
    "quantized_po2 in graphs": [0.25, 1, 4],
    "quantized_relu_po2 in graphs": [0.25, 1, 4],
    "causal QSeparableConv1D": [1, 5, 2],
    "hard_tanh by name": [1, 4],
    "binary functions by name": [1.0, 1.0],
    "functions in files": "hard_tanh",
    "quantized_relu's configuration": False,
    "quantized_bits' configuration": 0,
    "quantized_hswish's configuration": 4,
    "strings are parsed quietly": [],
    "layers are serialized quietly": [],
    "weights are drawn quietly": [],
}


@pytest.fixture(scope="module")
def stock() -> dict[str, object]:
    """Return what stock QKeras 0.9.0 gives for every case; one process imports it for all."""
    command = [sys.executable, "-m", "tests.accel.qkeras_cures"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


@pytest.mark.parametrize("cure", CASES)
def test_stock_needs_the_cure_and_ours_has_it(cure: str, stock: dict[str, object]) -> None:
    assert run_case(CASES[cure], OURS) == CURED[cure]
    assert stock[cure] != CURED[cure]


def test_stock_does_not_know_its_own_layers_in_files(tmp_path: Path) -> None:
    save_model(chain([dense(2)], (3,)), tmp_path / "model.h5")
    with pytest.raises(ValueError, match="Unknown layer: 'QDense'"):
        keras.models.load_model(tmp_path / "model.h5", compile=False)
    assert load_model(tmp_path / "model.h5").layers[-1].units == 2


@pytest.mark.parametrize("quantizer", [
    qkeras.quantized_relu(5, 2), qkeras.quantized_relu(8, 0), qkeras.quantized_bits(6, 1, alpha=1),
])  # fmt: skip
def test_float64_quantizers_agree_with_float32_where_that_is_exact(quantizer: object) -> None:
    values = np.arange(-2000, 2000) / 256
    stock = np.asarray(quantizer(tf.constant(values, tf.float32)), np.float64)
    assert (quantize_float64(quantizer, values) == stock).all()


TINY = 2.0**-40
"""Added to a value of a few bits it is lost in float32, and not in float64."""


def _exponent(x: np.ndarray) -> np.ndarray:
    return 2.0 ** np.clip(np.rint(np.log2(np.abs(x))), -4, 3)


def _swish(x: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(x * np.clip(x + 3, 0, 6) / 6 * 64), -256, 255) / 64


IN_FLOAT64: list[tuple[object, Callable[[np.ndarray], np.ndarray]]] = [
    (qkeras.quantized_bits(6, 1, alpha=1), lambda x: np.clip(np.rint(x * 16), -32, 31) / 16),
    (qkeras.quantized_bits(6, 1, 1, alpha=0.5), lambda x: np.clip(np.rint(x * 16), -31, 31) / 32),
    (qkeras.quantized_relu(6, 1), lambda x: np.clip(np.rint(x * 32), 0, 63) / 32),
    (
        qkeras.quantized_relu(6, 1, negative_slope=0.25),
        lambda x: np.clip(np.rint(x * 16), 0, 31) / 16 + np.clip(np.rint(x * 4), -8, 0) / 16,
    ),
    (
        qkeras.quantized_relu(6, 1, use_sigmoid=1),
        lambda x: 2 * np.clip(2 * (np.rint(np.clip(x / 4 + 0.5, 0, 1) * 64) / 64) - 1, 0, 63 / 64),
    ),
    (qkeras.quantized_tanh(6), lambda x: np.clip(np.rint(np.clip(x, -1, 1) * 32), -32, 31) / 32),
    (
        qkeras.quantized_tanh(6, use_real_tanh=True),
        lambda x: np.clip(np.rint(np.tanh(x) * 32), -32, 31) / 32,
    ),
    (
        qkeras.quantized_sigmoid(6),
        lambda x: np.clip(np.rint(np.clip(x / 2 + 0.5, 0, 1) * 64), 0, 63) / 64,
    ),
    (
        qkeras.quantized_sigmoid(6, use_real_sigmoid=True),
        lambda x: np.clip(np.rint(64 / (1 + np.exp(-x))), 0, 63) / 64,
    ),
    (qkeras.quantized_po2(4), lambda x: np.where(x < 0, -1, 1) * _exponent(x)),
    (
        qkeras.quantized_relu_po2(4),
        lambda x: np.where(
            x < 1e-7, 2.0**-8, 2.0 ** np.clip(np.rint(np.log2(np.maximum(x, 1e-7))), -8, 7)
        ),
    ),
    (qkeras.quantized_hswish(9, 2, alpha=1), _swish),
    (qkeras.binary(alpha=1), lambda x: np.where(x < 0, -1.0, 1.0)),
    (qkeras.stochastic_binary(alpha=1), lambda x: np.where(x < 0, -1.0, 1.0)),
    (qkeras.ternary(alpha=1, threshold=0.5), lambda x: (np.abs(x) >= 0.5) * np.sign(x)),
    (qkeras.stochastic_ternary(alpha=1, threshold=0.5), lambda x: (np.abs(x) >= 0.5) * np.sign(x)),
]


@pytest.mark.parametrize(("quantizer", "formula"), IN_FLOAT64)
@pytest.mark.parametrize("in_graph", [False, True])
def test_every_quantizer_computes_in_float64(
    quantizer: object, formula: Callable[[np.ndarray], np.ndarray], in_graph: bool
) -> None:
    grid = np.arange(-300, 300)[:, np.newaxis] / 64 + 1 / 4096
    # Thresholds lie at odd 128ths and 64ths: one on either side of each, a float64 away.
    values = np.concatenate([grid, grid - 1 / 4096 + TINY, grid - 1 / 4096 - TINY]).ravel()
    call = tf.function(quantizer) if in_graph else quantizer
    found = quantize_float64(call, values)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, formula(values))


def test_saving_and_loading_is_quiet_and_changes_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = chain([
        qkeras.QActivation("quantized_bits(8,2,alpha=1)"),
        recurrent(qkeras.QLSTM, recurrent_activation="hard_sigmoid"),
        dense(2, activation=qkeras.quantized_tanh(6)),
        dense(2, activation=qkeras.quantized_relu(6, 2)),
    ])  # fmt: skip
    save_model(model, tmp_path / "model.h5")
    loaded = load_model(tmp_path / "model.h5")
    x = np.random.default_rng(0).normal(size=(5, 4, 2))
    assert (evaluate_float64(loaded, x) == evaluate_float64(model, x)).all()
    assert capfd.readouterr() == ("", "")


def test_floatx_is_restored() -> None:
    def fail() -> None:
        with float64():
            assert keras.backend.floatx() == "float64"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert keras.backend.floatx() == "float32"


def test_evaluate_float64_runs_the_layers_in_float64() -> None:
    # 1 + 2^-30 needs more than float32's 24 bits.
    layer = dense(1, use_bias=False, kernel_quantizer=bits(2, 1))
    model = chain([layer], (2,))
    layer.set_weights([np.ones((2, 1))])
    assert evaluate_float64(model, np.array([[1.0, 2.0**-30]])) == 1 + 2.0**-30
    assert model.dtype == "float32"


def test_float32_differences_are_counted() -> None:
    layer = dense(1, use_bias=False, kernel_quantizer=bits(2, 1))
    model = chain([layer], (2,))
    layer.set_weights([np.ones((2, 1))])
    x = np.array([[1.0, 2.0**-30], [1.0, 2.0**-20], [2.0**-30, 0.0]])
    assert count_float32_differences(model, x) == 1


def test_functional_models_are_rebuilt_too() -> None:
    inputs = keras.Input((4, 2))
    model = keras.Model(inputs, dense(2)(keras.layers.Flatten()(inputs)))
    x = np.arange(16).reshape(2, 4, 2) / 8
    assert (evaluate_float64(model, x) == model(x).numpy()).all()


def test_trace_shows_every_step_of_a_recurrent_layer() -> None:
    model = chain([recurrent(qkeras.QGRU, 3), dense(1)], (4, 2))
    x = np.random.default_rng(0).integers(-8, 8, (6, 4, 2)) / 8
    trace = trace_float64(model, x)
    gru, head = trace.values()
    assert gru.shape == (6, 4, 3)
    assert (head == evaluate_float64(model, x)).all()
    shorter = trace_float64(model, x[:, :2])
    assert (next(iter(shorter.values())) == gru[:, :2]).all()
