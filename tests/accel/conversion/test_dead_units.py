"""Structured pruning of Keras models: units that nothing reads are not built."""

from collections.abc import Callable

import numpy as np
import pytest

import accel
from accel.conversion.hls import exact_settings
from accel.qkeras_compat import keras, qkeras
from tests.accel.conversion.compare import assert_equal_to_qkeras, draw_codes
from tests.accel.conversion.models import bits, chain, dense, recurrent

L = keras.layers
WINDOWS = 100


def cut(model: keras.Model, layer: str, alive: int) -> keras.Model:
    """Let nothing read the units of `layer` from `alive` on, its own recurrent kernel included."""
    inner = model.get_layer(layer)
    weights = inner.get_weights()
    if isinstance(inner, keras.layers.RNN):
        weights[1][alive:] = 0
    else:
        weights[0][:, alive:] = 0  # units without weights: constants
    inner.set_weights(weights)
    last = model.layers[-1]
    kernel, *rest = last.get_weights()
    if isinstance(inner, keras.layers.RNN):
        kernel[alive:] = 0
    last.set_weights([kernel, *rest])
    return model


RECURRENT: dict[str, Callable[[], keras.layers.RNN]] = {
    "lstm": lambda: recurrent(qkeras.QLSTM, 6),
    "gru": lambda: recurrent(qkeras.QGRU, 6),
    "rnn": lambda: recurrent(qkeras.QSimpleRNN, 6),
}


@pytest.mark.parametrize("kind", RECURRENT)
def test_recurrent_units(kind: str) -> None:
    layers = [qkeras.QActivation(bits(8, 2)), RECURRENT[kind](), qkeras.QActivation(bits(8, 1))]
    model = chain([*layers, dense(2)])
    cut(model, model.layers[1].name, 4)
    graph = accel.convert(model)
    name = model.layers[1].name
    assert graph.kept_channels[name].tolist() == [0, 1, 2, 3]
    codes = draw_codes(graph.network, WINDOWS, 1)
    assert_equal_to_qkeras(model, graph.network, codes, graph.kept_channels)
    whole = accel.convert(model, hls_config={"Model": {"RemoveDeadUnits": False}})
    assert not whole.kept_channels
    assert (whole.network.reference(codes) == graph.network.reference(codes)).all()
    needed, all_of_them = (
        sum(layer.multipliers for layer in network.timing.layers)
        for network in (graph.network, whole.network)
    )
    assert needed < all_of_them


def test_dense_units() -> None:
    """Also on a shared engine, and in the settings of hls4ml's own graph, which has all units."""
    layers = [L.Flatten(), qkeras.QActivation(bits(6, 1)),
              dense(6, activation=qkeras.quantized_relu(6, 2)), dense(3)]  # fmt: skip
    model = chain(layers)
    name = model.layers[2].name
    cut(model, name, 4)
    graph = accel.convert(model)
    assert graph.kept_channels[name].tolist() == [0, 1, 2, 3]
    codes = draw_codes(graph.network, WINDOWS, 1)
    outputs = assert_equal_to_qkeras(model, graph.network, codes, graph.kept_channels)
    shared = accel.convert(model, hls_config={"Model": {"Strategy": "Shared"}}).network
    assert shared.nodes[-1].spec.layers[0].kernel.shape[1] == 4
    assert (shared.reference(codes) == outputs).all()
    assert exact_settings(graph)
    traced = accel.convert(model, hls_config={"LayerName": {name: {"Trace": True}}})
    _, values = traced.trace(graph.network.input_format.to_float(codes[:5]))
    assert values[name].shape == (5, 6), "a trace has dead units, too"
    assert len(np.unique(outputs)) > 10
