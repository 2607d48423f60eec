"""One test for every cure in the compatibility module."""

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from accel.float64 import (
    count_float32_differences,
    evaluate_float64,
    float64,
    quantize_float64,
    trace_float64,
)
from accel.qkeras_compat import (
    keras,
    load_model,
    qkeras,
    save_model,
    tf,
)
from hw.errors import ChronogateError
from tests.accel.conversion.models import bits, chain, dense, recurrent


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


@pytest.mark.parametrize("kind", [qkeras.QGRU, qkeras.QSimpleRNN])
def test_is_sequence(kind: type) -> None:
    layer = kind(
        2,
        kernel_quantizer=bits(6),
        recurrent_quantizer=bits(6),
        bias_quantizer=bits(6),
        state_quantizer=bits(6),
    )
    assert layer(np.zeros((1, 3, 2), np.float32)).shape == (1, 2)


def test_unstack() -> None:
    layer = recurrent(qkeras.QGRU, 2, reset_after=True)
    assert layer(np.zeros((1, 3, 2), np.float32)).shape == (1, 2)


def test_quantized_relu_rounds_in_float64() -> None:
    # Between the two halves there is a float64 but no float32.
    just_below_half = np.array([0.5 - 2.0**-40, 0.5 + 2.0**-40]) / 16
    codes = quantize_float64(qkeras.quantized_relu(4, 0), just_below_half) * 16
    assert codes.tolist() == [0, 1]


@pytest.mark.parametrize("quantizer", [
    qkeras.quantized_relu(5, 2), qkeras.quantized_relu(8, 0), qkeras.quantized_bits(6, 1, alpha=1),
])  # fmt: skip
def test_float64_quantizers_agree_with_float32_where_that_is_exact(quantizer: object) -> None:
    values = np.arange(-2000, 2000) / 256
    stock = np.asarray(quantizer(tf.constant(values, tf.float32)), np.float64)
    assert (quantize_float64(quantizer, values) == stock).all()


def test_string_quantizers_are_parsed_without_warnings() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert qkeras.QActivation("quantized_bits(8,2,alpha=1)").quantizer.integer == 2


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


def test_load_model_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ChronogateError, match=r"no model file .*missing\.h5"):
        load_model(tmp_path / "missing.h5")
    (tmp_path / "model.keras").write_text("")
    with pytest.raises(ChronogateError, match=r"model\.keras is not an \.h5 file"):
        load_model(tmp_path / "model.keras")
    (tmp_path / "broken.h5").write_text("no HDF5")
    with pytest.raises(ChronogateError, match=r"broken\.h5 does not load"):
        load_model(tmp_path / "broken.h5")


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
