"""hls4ml's own entry points with ``backend='Amaranth'``: configurations, trace, profiling, io."""

from pathlib import Path

import hls4ml
import numpy as np
import pytest

import accel
from accel.conversion import backend
from accel.keras_models.float64 import evaluate_float64
from accel.qkeras_compat import keras, qkeras
from hw.errors import ChronogateError
from hw.layer.dense.dense import Dense
from hw.layer.recurrent.gru import GRU
from hw.network.serialization import fingerprint, load_network
from hw.top.axi import accelerator_verilog
from tests.accel.conversion.models import bits, chain, dense, named, recurrent

L = keras.layers
X = np.random.default_rng(0).normal(size=(30, 4, 2))


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return chain([
        named("grid", qkeras.QActivation(bits(6, 1))),
        named("gru", recurrent(qkeras.QGRU, 2, return_sequences=True)),
        named("flat", L.Flatten()),
        named("hidden", dense(3)),
        named("tanh", L.Activation("tanh")),
        named("round", qkeras.QActivation(bits(6, 1))),
        named("last", dense(2)),
    ])  # fmt: skip


@pytest.fixture(scope="module")
def small() -> keras.Model:
    return chain([qkeras.QActivation(bits(6, 1)), dense(2)], shape=(3,))


def traced(model: keras.Model, *names: str) -> dict[str, object]:
    config = hls4ml.utils.config_from_keras_model(model, granularity="name", backend="Amaranth")
    for name in names:
        config["LayerName"][name]["Trace"] = True
    return config


def test_trace_gives_every_layers_values(model: keras.Model) -> None:
    names = ["grid", "gru", "flat", "hidden", "hidden_linear", "round", "last"]
    graph = accel.convert(model, hls_config=traced(model, *names))
    outputs, values = graph.trace(X)
    network, expected = graph.network, {}
    codes = network.input_format.quantize(X)
    network.reference(codes, expected)
    assert set(values) == set(names)
    formats = {node.name: node.spec.outputs[0].format for node in network.nodes}
    for name in ("gru", "hidden", "round", "last"):
        assert (values[name] == formats[name].to_float(expected[name])).all(), name
    assert (values["grid"] == network.input_format.to_float(codes)).all()
    assert (values["flat"] == values["gru"].reshape(30, 8)).all()
    assert (values["hidden_linear"] == values["hidden"]).all()
    assert (outputs == values["last"]).all()
    assert (outputs == evaluate_float64(model, X)).all()
    part = keras.Model(model.input, model.get_layer("hidden").output)
    assert (values["hidden"] == evaluate_float64(part, X)).all()
    single, _ = graph.trace(X[0])
    assert (single == outputs[0]).all()


def test_only_what_was_asked_for_is_traced(model: keras.Model) -> None:
    assert accel.convert(model, hls_config=traced(model)).trace(X)[1] == {}
    graph = accel.convert(model, hls_config=traced(model, "tanh"))
    with pytest.raises(ChronogateError, match="layer 'tanh' is computed together with the next"):
        graph.trace(X)


def test_hls4mls_own_functions_take_the_model(model: keras.Model) -> None:
    graph = hls4ml.converters.convert_from_keras_model(
        model, backend="Amaranth", hls_config=traced(model), project_name="accelerator"
    )
    assert fingerprint(graph.network) == fingerprint(
        accel.convert(model, hls_config=traced(model)).network
    )


def test_every_granularity_converts_and_overrides(model: keras.Model) -> None:
    by_name = accel.config_from_keras_model(model, "name")
    by_name["LayerName"]["hidden"]["ReuseFactor"] = 5
    by_name["LayerName"]["gru"].update(ReuseFactor=3, RecurrentReuseFactor=2)
    by_type = accel.config_from_keras_model(model, "type")
    by_type["LayerType"]["QDense"]["ReuseFactor"] = 5
    for config, last in ((by_name, 1), (by_type, 5)):
        specs = {n.name: n.spec for n in accel.convert(model, hls_config=config).network.nodes}
        hidden, end, gru = specs["hidden"], specs["last"], specs["gru"]
        assert isinstance(hidden, Dense)
        assert isinstance(end, Dense)
        assert isinstance(gru, GRU)
        assert (hidden.reuse, end.reuse) == (5, last)
        if config is by_name:
            assert (gru.input_reuse, gru.recurrent_reuse) == (3, 2)


@pytest.mark.parametrize("result", ["ap_fixed<12,4>", "fixed<30,2>", "ap_ufixed<40,20>"])
def test_a_precision_that_would_lose_bits_is_refused(model: keras.Model, result: str) -> None:
    config = {"LayerName": {"hidden": {"Precision": {"result": result}}}}
    with pytest.raises(ChronogateError, match=r"layer 'hidden': Precision .* put a QActivation"):
        accel.convert(model, hls_config=config)


def test_a_precision_that_holds_everything_is_taken(model: keras.Model) -> None:
    config = {"LayerName": {"hidden": {"Precision": "ap_fixed<50,20>"}}}
    wide = accel.convert(model, hls_config=config).network
    assert fingerprint(wide) == fingerprint(accel.convert(model).network)


def test_automatic_precisions_are_in_hls4mls_graph(model: keras.Model) -> None:
    graph = accel.convert(model)
    formats = {node.name: node.spec.outputs[0].format for node in graph.network.nodes}
    for layer in graph.get_layers():
        if layer.name in formats:
            precision = layer.get_output_variable().type.precision
            found = precision.width, precision.integer, precision.signed
            wanted = formats[layer.name]
            assert found == (wanted.width, wanted.integer, wanted.signed)
    weights = {layer.name: layer.get_weights() for layer in graph.get_layers()}
    assert [weight.data.size for weight in weights["gru"]] == [2 * 6 + 2 * 6, 6 + 6]


def test_both_io_types_are_the_same_design(
    model: keras.Model, small: keras.Model, tmp_path: Path
) -> None:
    prints = {
        fingerprint(accel.convert(model, io_type=io_type).network)
        for io_type in ("io_parallel", "io_stream")
    }
    assert len(prints) == 1
    verilog = set()
    for io_type in ("io_parallel", "io_stream"):
        graph = accel.convert(small, tmp_path / io_type, io_type=io_type)
        graph.write()
        verilog.add((tmp_path / io_type / "rtl" / "accelerator.v").read_text())
        assert fingerprint(load_network(tmp_path / io_type)) == fingerprint(graph.network)
    assert verilog == {accelerator_verilog(graph.network)}


@pytest.mark.filterwarnings("ignore:vert. bool was deprecated")  # hls4ml 1.3, matplotlib 3.11
def test_profiling_draws_weights_and_activations(
    model: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiling = pytest.importorskip("hls4ml.model.profiling")
    monkeypatch.chdir(tmp_path)
    graph = accel.convert(model, tmp_path, hls_config=traced(model, "gru", "hidden", "last"))
    before, after, _, activations = profiling.numerical(model=model, hls_model=graph, X=X)
    assert before is not None
    labels = [label.get_text() for label in after.axes[0].get_yticklabels()]
    assert {"gru/w", "gru/b", "hidden/w", "last/b"} <= set(labels)
    labels = [label.get_text() for label in activations.axes[0].get_yticklabels()]
    assert set(labels) == {"gru", "hidden", "last"}
    profiling.plt.close("all")


@pytest.mark.filterwarnings("ignore:invalid value")  # hls4ml divides by the norm of no difference
def test_profiling_compares_every_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of hls4ml's two plots, which show that nothing differs."""
    profiling = pytest.importorskip("hls4ml.model.profiling")
    monkeypatch.chdir(tmp_path)
    activation = qkeras.quantized_relu(5, 1)
    model = chain([
        named("grid", qkeras.QActivation(bits(6, 1))),
        named("lstm", recurrent(qkeras.QLSTM, 2)), named("hidden", dense(3, activation=activation)),
        named("last", dense(2)),
    ])  # fmt: skip
    names = ["grid", "lstm", "hidden", "hidden_quantized_relu", "last", "last_linear"]
    graph = accel.convert(model, hls_config=traced(model, *names))
    bars = profiling.compare(model, graph, X, plot_type="norm_diff").axes[0]
    assert [label.get_text() for label in bars.get_xticklabels()] == names
    assert [bar.get_height() for bar in bars.patches] == [0.0] * len(names)
    wrong = {**profiling.get_ymodel_keras(model, X)}
    assert len(np.unique(wrong["hidden"])) > len(np.unique(wrong["hidden_quantized_relu"])) > 1
    boxes = profiling.compare(model, graph, X).axes[0]
    assert [label.get_text() for label in boxes.get_xticklabels()] == names
    profiling.plt.close("all")


def test_build_returns_the_report(
    small: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accel import bitstream
    from accel.bitstream.implementation import Implementation

    file = tmp_path / "bitstream" / "ulx3s-85f" / "board_top.bit"
    routed = Implementation("ulx3s-85f", "LFE5U-85F", 50.0, 61.5, 900.0, 10, 20, 3, 4, file, 1, 1e4)
    monkeypatch.setattr(bitstream, "implement", lambda *_: routed)
    graph = accel.convert(small, tmp_path)
    graph.write()
    report = graph.build()
    assert report["implementations"][0]["fmax_mhz"] == 61.5
    assert report["implementations"][0]["bitstream"] == "bitstream/ulx3s-85f/board_top.bit"
    timing = graph.network.timing
    assert report["latency"]["predicted"]["latency_cycles"] == timing.latency_cycles
    assert report["verification"]["mismatches"] is None
    assert report["artifacts"]["verilog"] == ("rtl/accelerator.v",)
    assert backend.network_of(graph) is graph.network
