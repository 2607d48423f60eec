"""HGQ2 models of Keras 3: per-element bit widths, equal to HGQ2's own quantized inference."""

import os
from collections.abc import Callable
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"

import hls4ml
import keras
import numpy as np
import pytest
from hgq.config import QuantizerConfigScope
from hgq.layers import (
    QGRU,
    QAdd,
    QAveragePooling1D,
    QBatchNormalization,
    QConv1D,
    QDense,
    QMaxPooling1D,
    QMultiply,
    QSubtract,
    Quantizer,
    QUnaryFunctionLUT,
)
from hgq.utils import trace_minmax

import accel
from hw.errors import ChronogateError
from hw.layer.elementwise.element_quantizer import ElementQuantizer
from hw.network.graph import Network
from tests.frontends.compare import assert_exact, assert_rtl_equal

L = keras.layers
WINDOWS = 300


def mlp(kind: str = "kif", **options: str) -> keras.Model:
    """Return dense layers, a normalization and an output quantizer."""
    with QuantizerConfigScope(q_type=kind, place="all", **options):
        return keras.Sequential([
            L.Input((6,)), QDense(5, activation="relu"), QBatchNormalization(),
            QDense(3, enable_oq=True),
        ])  # fmt: skip


def convolutional(padding: str = "same") -> keras.Model:
    """Return what works along time, each step with bit widths of its own.

    (HGQ2 0.2.0 itself does not run a QConv1D with padding causal and such bit widths.)
    """
    return keras.Sequential([
        L.Input((8, 3)), QConv1D(4, 3, activation="relu", padding=padding), QMaxPooling1D(2),
        QDense(3), L.Flatten(), QDense(3), Quantizer(),
    ])  # fmt: skip


def averaging() -> keras.Model:
    return keras.Sequential([
        L.Input((8, 2)), QConv1D(2, 2, strides=2), QAveragePooling1D(2), L.Flatten(), QDense(2),
    ])  # fmt: skip


def graph() -> keras.Model:
    start = L.Input((5,))
    first, second = QDense(4, activation="relu")(start), QDense(4)(start)
    parts = [QAdd()([first, second]), QMultiply()([first, second])]
    difference = QSubtract()([L.Concatenate()(parts), QDense(8)(start)])
    return keras.Model(start, QDense(2, enable_oq=True)(difference))


def table() -> keras.Model:
    curve = QUnaryFunctionLUT("tanh", enable_iq=True, enable_oq=True,
                              allow_heterogeneous_table=False)  # fmt: skip
    return keras.Sequential([L.Input((6,)), QDense(5), curve, QDense(3)])


def shared_input_format() -> keras.Model:
    with QuantizerConfigScope(place="datalane", homogeneous_axis=(0, 1), overflow_mode="SAT",
                              round_mode="RND_CONV"):  # fmt: skip
        return keras.Sequential([L.Input((6,)), QDense(5, activation="relu"), QDense(3)])


def train(model: keras.Model, seed: int = 0) -> keras.Model:
    """Draw weights, and bit widths as training leaves them: some of them zero."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        if weight.name in ("kernel", "bias", "gamma", "beta", "moving_mean"):
            weight.assign(rng.normal(0, 0.7, weight.shape))
    for layer in model._flatten_layers():
        if not type(layer).__name__.startswith("FixedPointQuantizer"):
            continue
        widths = layer._f if hasattr(layer, "_f") else layer._b
        widths.assign(np.clip(np.asarray(widths) + rng.integers(-3, 3, widths.shape), -1, 7))
        if layer.overflow_mode != "WRAP":
            layer._i.assign(np.asarray(layer._i) + rng.integers(-1, 2, layer._i.shape))
    trace_minmax(model, draw(model, 1.5, seed), verbose=0)
    return model


def draw(model: keras.Model, size: float, seed: int) -> np.ndarray:
    """Return float windows; beyond what was traced where `size` is large, so that values wrap."""
    rng = np.random.default_rng(seed + 100)
    return rng.normal(0, size, (WINDOWS, *model.input_shape[1:])).astype(np.float32)


def infer(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Return HGQ2's quantized inference."""
    return np.asarray(model(x, training=False))


MODELS: dict[str, Callable[[], keras.Model]] = {
    "wrap": mlp,
    "bits and integer": lambda: mlp("kbi"),
    "saturate": lambda: mlp(overflow_mode="SAT", round_mode="RND"),
    "symmetric, cut off": lambda: mlp(overflow_mode="SAT_SYM", round_mode="TRN"),
    "same": convolutional,
    "valid": lambda: convolutional("valid"),
    "average": averaging,
    "graph": graph,
    "table": table,
    "one format": shared_input_format,
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", range(2))
def test_golden_model(name: str, seed: int) -> None:
    model = train(MODELS[name](), seed)
    network = accel.convert_from_keras_model(model).network
    x = draw(model, 3.0, seed)
    assert_exact(network, x, infer(model, x))


@pytest.mark.parametrize("name", ["wrap", "same"])
def test_rtl(name: str, tmp_path: Path) -> None:
    model = train(MODELS[name]())
    network = accel.convert_from_keras_model(model).network
    assert_rtl_equal(network, draw(model, 3.0, 0)[:40], tmp_path)


def test_steps_have_formats_of_their_own() -> None:
    network = accel.convert_from_keras_model(train(convolutional())).network
    first = network.nodes[0].spec
    assert isinstance(first, ElementQuantizer)
    assert len(first.choice) == 8
    assert len(first.formats) > 1


def test_plain_hls4ml_takes_the_backend() -> None:
    model = train(mlp())
    graph = hls4ml.converters.convert_from_keras_model(model, backend="Amaranth")
    network = vars(graph)["network"]
    assert isinstance(network, Network)
    x = draw(model, 3.0, 0)
    assert_exact(network, x, infer(model, x))


def test_folding_and_unrolling() -> None:
    model = train(mlp())
    config = {"LayerName": {model.layers[0].name: {"ReuseFactor": 4},
                            model.layers[2].name: {"Strategy": "Latency"}}}  # fmt: skip
    network = accel.convert_from_keras_model(model, hls_config=config).network
    specs = {node.name: node.spec for node in network.nodes}
    assert specs[model.layers[0].name].timing.interval_cycles == 4
    assert type(specs[model.layers[2].name]).__name__ == "UnrolledDense"
    x = draw(model, 3.0, 0)
    assert_exact(network, x, infer(model, x))


def test_input_precision() -> None:
    model = train(mlp(round_mode="RND_CONV"))
    with pytest.raises(ChronogateError, match="is quantized in several ways"):
        accel.convert_from_keras_model(model)
    name = model.inputs[0]._keras_history.operation.name
    config = {"LayerName": {name: {"Precision": "ap_fixed<16,6,AP_TRN,AP_SAT>"}}}
    network = accel.convert_from_keras_model(model, hls_config=config).network
    x = np.round(draw(model, 3.0, 0) * 1024) / 1024  # on the input's grid
    assert_exact(network, x, infer(model, x))


REFUSED: dict[str, tuple[Callable[[], list[keras.Layer]], str]] = {
    "float": (lambda: [L.Dense(2)], "no number format"),
    "recurrent": (lambda: [L.Reshape((3, 2)), QGRU(2)], "is not read by hls4ml"),
    "softmax": (lambda: [QDense(2), L.Activation("softmax")], "Softmax is not supported"),
    "scaler": (lambda: [QDense(2), Quantizer("kif", "datalane", scaler=2.0)], "scaler=2.0"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    layers, message = REFUSED[name]
    model = keras.Sequential([L.Input((6,)), *layers()])
    with pytest.raises(ChronogateError, match=message):
        accel.convert_from_keras_model(model)
