"""The plugin as hls4ml drives it: compile, predict, write, build."""

from pathlib import Path

import hls4ml
import numpy as np
import pytest

import accel
from accel.conversion.backend import close
from accel.conversion.lowering import KERAS_2
from accel.conversion.passes import RECIPE
from accel.keras_models.float64 import evaluate_float64
from accel.qkeras_compat import keras, qkeras
from hw.errors import ChronogateError
from hw.network.serialization import fingerprint, load_network
from tests.accel.conversion.models import bits, chain, dense, recurrent

L = keras.layers


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return chain([qkeras.QActivation(bits(6, 1)), recurrent(qkeras.QGRU, 2), dense(3)])


def test_compile_and_predict(model: keras.Model, tmp_path: Path) -> None:
    graph = accel.convert(model, output_dir=tmp_path)
    x = np.random.default_rng(0).normal(size=(30, 4, 2))
    with pytest.raises(ChronogateError, match=r"call model_graph\.compile\(\) first"):
        graph.predict(x)
    graph.compile()
    network = graph.network
    expected = network.output_format.to_float(network.reference(network.input_format.quantize(x)))
    # QKeras quantizes the same floats itself.
    assert (expected == evaluate_float64(model, x)).all()
    for inputs in (x, x.astype(np.float32).astype(np.float64), x.reshape(30, 8)):
        assert (graph.predict(inputs) == evaluate_float64(model, inputs.reshape(x.shape))).all()
    single = graph.predict(x[0])
    assert single.shape == (3,)
    assert (single == expected[0]).all()
    with pytest.raises(ChronogateError, match=r"windows of shape \(4, 2\)"):
        graph.predict(x[:, :3, :1])
    # hls4ml's own in-process call of the library gives the same.
    assert (graph._predict(x) == expected).all()
    graph.compile()
    assert (graph.predict(x) == expected).all()
    close(graph)
    assert (tmp_path / "rtl" / "accelerator.v").read_text().count("module accelerator(") == 1
    assert fingerprint(load_network(tmp_path)) == fingerprint(network)


def test_write_needs_no_simulator(model: keras.Model, tmp_path: Path) -> None:
    accel.convert(model, output_dir=tmp_path / "out").write()
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "network.json", "rtl", "weights.npz"
    ]  # fmt: skip


def test_build_names_an_unknown_board(model: keras.Model, tmp_path: Path) -> None:
    with pytest.raises(ChronogateError, match="nowhere-1"):
        accel.convert(model, output_dir=tmp_path).build(board="nowhere-1")


def test_our_flow_is_visible_in_hls4ml(model: keras.Model) -> None:
    accel.convert(model)
    backend = hls4ml.backends.get_backend("Amaranth")
    assert backend.get_default_flow() in backend.get_available_flows()
    flow = hls4ml.model.flow.get_flow(backend.get_default_flow())
    assert flow.optimizers[0] == "amaranth:read_graph"
    assert tuple(RECIPE) == KERAS_2, "the flow names other passes than there are"
    assert flow.optimizers[-2:] == ["amaranth:make_network", "amaranth:lower_graph"]
