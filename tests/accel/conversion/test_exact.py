"""Real QKeras layers against the golden model: every layer, every time step, code for code."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

import hls4ml
import numpy as np
import pytest
from hls4ml.utils.config import create_config

import accel
from accel.conversion.entry import to_network
from accel.keras_models.files import save_model
from accel.keras_models.float64 import evaluate_float64
from accel.qkeras_compat import keras, qkeras
from hw.layer.dense.dense import Dense
from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.lstm import LSTM
from hw.network.metadata import Feature, Metadata
from hw.network.serialization import fingerprint, load_network, save_network
from hw.top.axi import accelerator_verilog
from tests.accel.conversion.compare import assert_equal_to_qkeras, draw_codes
from tests.accel.conversion.models import bits, chain, dense, draw_weights, named, recurrent

L = keras.layers
WINDOWS = 200


def check(model: keras.Model, **arguments: object) -> np.ndarray:
    network = accel.convert(model, **arguments).network
    return assert_equal_to_qkeras(model, network, draw_codes(network, WINDOWS, 1))


MLPS: dict[str, Callable[[], list[keras.layers.Layer]]] = {
    "relu": lambda: [qkeras.QActivation(bits(8, 2)), L.Flatten(),
                     dense(5, activation=qkeras.quantized_relu(6, 2)), dense(3)],
    "flatten first": lambda: [L.Flatten(), qkeras.QActivation(bits(6, 1)), dense(3),
                              qkeras.QActivation(bits(7, 2, symmetric=1))],
    "hard functions": lambda: [qkeras.QActivation(bits(6, 1)), qkeras.QActivation("hard_sigmoid"),
                               L.Dropout(0.5), L.Flatten(), dense(4, activation=qkeras.hard_tanh),
                               qkeras.QActivation(qkeras.quantized_sigmoid(5)), dense(2)],
    "relu at the input": lambda: [qkeras.QActivation(qkeras.quantized_relu(6, 2)), L.Flatten(),
                                  dense(4, activation=qkeras.quantized_tanh(6, symmetric=True)),
                                  dense(2, activation=bits(8, 3))],
    "tanh at the input": lambda: [qkeras.QActivation(qkeras.quantized_tanh(5)), L.Flatten(),
                                  dense(3)],
    "symmetric input": lambda: [qkeras.QActivation(bits(5, 0, symmetric=1)), L.Flatten(),
                                dense(3)],
    "unsigned weights": lambda: [
        qkeras.QActivation(bits(6, 1, keep_negative=False)), L.Flatten(),
        dense(3, kernel_quantizer=bits(5, 1, keep_negative=False), use_bias=False),
        dense(2, kernel_quantizer=bits(4, 2, symmetric=1), bias_quantizer=bits(6, 5)),
    ],
    "one bit": lambda: [qkeras.QActivation(qkeras.quantized_relu(1, 0)), L.Flatten(),
                        dense(3, kernel_quantizer=bits(1, 0, keep_negative=False)), dense(1)],
    "reshapes": lambda: [qkeras.QActivation(bits(6, 1)), L.Reshape((-1,)), L.Flatten(), dense(2)],
    "only an activation": lambda: [qkeras.QActivation(bits(6, 1)),
                                   qkeras.QActivation(qkeras.quantized_sigmoid(4)), L.Flatten()],
}  # fmt: skip


@pytest.mark.parametrize("case", MLPS)
def test_mlp(case: str) -> None:
    outputs = check(chain(MLPS[case]()))
    assert len(np.unique(outputs)) > 1


@pytest.mark.parametrize("shape", [(6,), (1, 3), (7, 1)])
def test_input_shapes(shape: tuple[int, ...]) -> None:
    check(chain([qkeras.QActivation(bits(6, 1)), L.Flatten(), dense(3)], shape))


FORMATS: list[dict[str, object]] = [
    {},
    {"recurrent_activation": "hard_sigmoid", "activation": "quantized_tanh"},
    {"state_quantizer": bits(5, 1, symmetric=1), "kernel_quantizer": bits(4, 1)},
    {"activation": qkeras.quantized_relu(6, 2), "state_quantizer": qkeras.quantized_relu(6, 2)},
    {"activation": bits(7, 2), "recurrent_activation": qkeras.hard_sigmoid, "use_bias": False},
    {"activation": qkeras.hard_tanh, "state_quantizer": qkeras.quantized_tanh(6),
     "recurrent_activation": qkeras.quantized_relu(4, 0)},
    {"recurrent_quantizer": bits(3, 2, keep_negative=False), "bias_quantizer": bits(4, 3),
     "implementation": 2},
    {"dropout": 0.3, "recurrent_dropout": 0.3, "units": 1},
]  # fmt: skip


@pytest.mark.parametrize("options", FORMATS, ids=range(len(FORMATS)))
def test_lstm(options: dict[str, object]) -> None:
    model = chain([qkeras.QActivation(bits(6, 1)), recurrent(qkeras.QLSTM, **options), dense(2)])
    outputs = check(model)
    assert len(np.unique(outputs)) > 1


@pytest.mark.parametrize(
    ("options", "reset_after"),
    list(product(FORMATS, (False, True))),
    ids=[f"{i}-{a}" for i, a in product(range(len(FORMATS)), ("before", "after"))],
)
def test_gru(options: dict[str, object], reset_after: bool) -> None:
    layer = recurrent(qkeras.QGRU, **options, reset_after=reset_after)
    outputs = check(chain([qkeras.QActivation(bits(6, 1)), layer, dense(2)]))
    assert len(np.unique(outputs)) > 1


def test_functional_model_and_activations_per_step() -> None:
    inputs = keras.Input((5, 2), name="weather")
    values = qkeras.QActivation(bits(8, 2))(inputs)
    values = qkeras.QActivation(qkeras.quantized_tanh(6))(values)
    model = keras.Model(inputs, dense(2)(recurrent(qkeras.QGRU)(values)))
    draw_weights(model, 3)
    network = accel.convert(model).network
    assert network.input.name == "weather"
    check(model)


def test_h5_file_gives_the_same_network(tmp_path: Path) -> None:
    model = chain([qkeras.QActivation(bits(8, 2)), recurrent(qkeras.QLSTM), dense(2)])
    save_model(model, tmp_path / "model.h5")
    network = accel.convert(model).network
    for path in (tmp_path / "model.h5", str(tmp_path / "model.h5")):
        assert fingerprint(accel.convert(path).network) == fingerprint(network)


def test_network_survives_saving(tmp_path: Path) -> None:
    model = chain([qkeras.QActivation(bits(8, 2)), recurrent(qkeras.QGRU), dense(2)])
    metadata = Metadata((Feature("t", "K", 280.0, 5.0), Feature("p")), horizon=2, look_back=4)
    network = accel.convert(model, metadata=metadata).network
    save_network(network, tmp_path)
    loaded = load_network(tmp_path)
    codes = draw_codes(network, 20, 0)
    assert (loaded.reference(codes) == network.reference(codes)).all()
    assert loaded.metadata == metadata


def test_model_is_not_changed() -> None:
    model = chain([qkeras.QActivation(bits(8, 2)), recurrent(qkeras.QGRU), dense(2)])
    x = np.random.default_rng(0).normal(size=(10, 4, 2))
    config = {"LayerName": {model.input_names[0]: {"Precision": "auto"}}, "Model": {}}
    before = evaluate_float64(model, x), model.to_json()
    accel.convert(model, hls_config=config)
    assert (evaluate_float64(model, x) == before[0]).all()
    assert model.to_json() == before[1]
    assert config == {"LayerName": {model.input_names[0]: {"Precision": "auto"}}, "Model": {}}


@pytest.mark.parametrize("quantizer", [
    bits(8), bits(4, 2, symmetric=1), qkeras.quantized_relu(8, 4), qkeras.quantized_tanh(8),
    "binary_tanh",
], ids=str)  # fmt: skip
def test_a_model_of_one_quantizer(quantizer: object) -> None:
    """It stays a block, and comes behind whatever format the input is given."""
    model = chain([named("all", qkeras.QActivation(quantizer))])
    config = {"LayerType": {"InputLayer": {"Precision": "fixed<16,6>"}}}
    network = accel.convert(model, hls_config=config).network
    assert [node.name for node in network.nodes] == ["all"]
    assert str(network.input_format) == "ap_fixed<16,6>"
    assert len(np.unique(check(model, hls_config=config))) > 1
    if quantizer != "binary_tanh":  # whose values are no plain number format
        assert accel.convert(model).network.input_format == network.output_format
        assert len(np.unique(check(model))) > 1


def test_explicit_input_precision() -> None:
    model = chain([L.Flatten(), dense(2)])
    for precision in ("ap_fixed<7,3,AP_TRN,AP_SAT>", {"result": "ap_fixed<7,3,AP_TRN,AP_SAT>"}):
        config = {"LayerName": {model.input_names[0]: {"Precision": precision}}}
        network = accel.convert(model, hls_config=config).network
        assert str(network.input_format) == "ap_fixed<7,3,TRN,SAT>"
    config = {"LayerType": {"InputLayer": {"Precision": "ap_uint<5>"}}}
    assert str(accel.convert(model, hls_config=config).network.input_format) == "ap_ufixed<5,5>"
    check(model, hls_config=config)


def reuse_of(model: keras.Model, config: object) -> tuple[int, ...]:
    nodes = {n.name: n.spec for n in accel.convert(model, hls_config=config).network.nodes}
    cell, head = nodes["cell"], nodes["head"]
    assert isinstance(cell, (GRU, LSTM))
    assert isinstance(head, Dense)
    return cell.input_reuse, cell.recurrent_reuse, head.reuse


def test_reuse_factors() -> None:
    model = chain([
        qkeras.QActivation(bits(8, 2)), named("cell", recurrent(qkeras.QGRU, 5)),
        named("head", dense(2)),
    ])  # fmt: skip
    assert reuse_of(model, None) == (5, 5, 5)
    assert reuse_of(model, {"Model": {"ReuseFactor": 3}}) == (3, 3, 3)
    assert reuse_of(model, {"LayerType": {"QGRU": {"ReuseFactor": 4}}}) == (4, 4, 5)
    assert reuse_of(model, {"LayerType": {"GRU": {"RecurrentReuseFactor": 6}}}) == (6, 6, 5)
    by_name = {
        "Model": {"ReuseFactor": 2},
        "LayerName": {"cell": {"ReuseFactor": 7, "RecurrentReuseFactor": 11}},
    }
    assert reuse_of(model, by_name) == (7, 11, 2)


def test_input_and_output_types_of_hls4ml_show_the_network() -> None:
    model = chain([qkeras.QActivation(bits(8, 2)), L.Flatten(), dense(2),
                   qkeras.QActivation(bits(6, 1))])  # fmt: skip
    graph = accel.convert(model, io_type="io_parallel")
    assert str(graph.get_input_variables()[0].type.precision) == "fixed<8,3,RND_CONV,SAT,0>"
    assert str(graph.get_output_variables()[0].type.precision) == "fixed<6,2,RND_CONV,SAT,0>"
    assert fingerprint(graph.network) == fingerprint(accel.convert(model).network)


@pytest.mark.parametrize("granularity", ["model", "type", "name"])
def test_config_twin_converts(granularity: str) -> None:
    model = chain([
        qkeras.QActivation(bits(8, 2)), named("cell", recurrent(qkeras.QLSTM, 5)),
        named("head", dense(2)),
    ])  # fmt: skip
    config = accel.config_from_keras_model(model, granularity, default_reuse_factor=6)
    assert reuse_of(model, config) == (6, 6, 6)
    if granularity == "name":
        assert config["LayerName"]["cell"]["RecurrentReuseFactor"] == 6
        config["LayerName"]["cell"]["RecurrentReuseFactor"] = 9
        assert reuse_of(model, config) == (6, 9, 6)


def test_plain_hls4ml_with_our_backend() -> None:
    model = chain([qkeras.QActivation(bits(8, 2)), L.Flatten(), dense(2)])
    config = create_config("unused", backend="Amaranth")
    config |= {"KerasModel": model, "HLSConfig": {"Model": {"Precision": "fixed<16,6>"}}}
    graph = hls4ml.converters.keras_v2_to_hls(config)
    assert graph.network.nodes[-1].name == model.layers[-1].name
    assert_equal_to_qkeras(model, graph.network, draw_codes(graph.network, WINDOWS, 0))


def test_stock_handlers_are_back_after_a_conversion() -> None:
    handlers = hls4ml.converters.keras_v2_to_hls.__globals__["layer_handlers"]
    before = dict(handlers)
    accel.convert(chain([qkeras.QActivation(bits(8, 2)), recurrent(qkeras.QGRU)]))
    assert handlers == before


def test_importing_hls4ml_does_not_import_tensorflow() -> None:
    import subprocess
    import sys

    code = (
        "import sys, hls4ml; print('tensorflow' in sys.modules, 'amaranth' in "
        "hls4ml.backends.get_available_backends())"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.split()[-2:] == ["False", "True"]


def test_models_built_without_an_input_layer(tmp_path: Path) -> None:
    first = qkeras.QActivation(bits(8, 2), input_shape=(4, 2))
    shaped = keras.Sequential([first, recurrent(qkeras.QGRU), dense(2)])
    built = keras.Sequential([qkeras.QActivation(bits(8, 2)), recurrent(qkeras.QGRU), dense(2)])
    built.build((None, 4, 2))
    for model in (shaped, built):
        check(model)
        save_model(model, tmp_path / "model.h5")
        network = accel.convert(tmp_path / "model.h5").network
        assert_equal_to_qkeras(model, network, draw_codes(network, 10, 0))


def test_layer_names_of_all_kinds() -> None:
    model = chain([
        named("in.quantizer", qkeras.QActivation(bits(8, 2))), named("2nd-layer", L.Flatten()),
        named("begin", dense(2)), named("always", qkeras.QActivation(bits(6, 1))),
    ])  # fmt: skip
    network = accel.convert(model).network
    assert [node.name for node in network.nodes] == ["2nd-layer", "begin", "always"]
    assert "module accelerator(" in accelerator_verilog(network)


def test_to_network_is_convert_without_the_graph() -> None:
    model = chain([qkeras.QActivation(bits(8, 2)), L.Flatten(), dense(2)])
    assert fingerprint(to_network(model)) == fingerprint(accel.convert(model).network)
