"""Models of several inputs, outputs and calls of a layer: exact, with QKeras and in the RTL."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import accel
from accel.conversion.hls_layers.blocks import inexact_reason
from accel.keras_models.files import save_model
from accel.keras_models.float64 import evaluate_all_float64
from accel.qkeras_compat import keras, qkeras
from hw.errors import ChronogateError
from tests.accel.conversion.compare import (
    assert_all_equal_to_qkeras,
    draw_all_codes,
    keras_inputs,
)
from tests.accel.conversion.models import bits, dense, draw_weights, named, recurrent

L = keras.layers
STEPS, CHANNELS, UNITS = 5, 2, 3


def act(width: int = 6, integer: int = 1) -> keras.layers.Layer:
    return qkeras.QActivation(bits(width, integer))


def rnn(kind: type, units: int = UNITS, **options: object) -> keras.layers.RNN:
    return recurrent(kind, units, **options)


def window(name: str = "past", steps: int = STEPS) -> object:
    return keras.Input((steps, CHANNELS), name=name)


def static(name: str, size: int = UNITS) -> object:
    return keras.Input((size,), name=name)


def _two_windows() -> keras.Model:
    first, second = window("first"), window("second")
    joined = L.Concatenate()([act(6, 1)(first), act(5, 0)(second)])
    return keras.Model([first, second], dense(2)(rnn(qkeras.QGRU)(joined)))


def _features_known_once() -> keras.Model:
    store, past = static("store"), window()
    state = rnn(qkeras.QLSTM)(act()(past))
    return keras.Model([store, past], dense(2)(L.Concatenate()([act()(state), act(4, 0)(store)])))


def _features_at_every_step() -> keras.Model:
    past, store = window(), static("store", CHANNELS)
    return keras.Model([past, store], L.Add()([act()(past), act(5, 1)(store)]))


def _initial_states(kind: type, count: int, **options: object) -> keras.Model:
    past = window()
    states = [static(f"state{n}") for n in range(count)]
    layer = rnn(kind, **options)
    return keras.Model([past, *states], dense(2)(layer(act()(past), initial_state=states)))


def _quantized_states(width: int, integer: int) -> keras.Model:
    past, state = window(), static("state")
    cell = rnn(qkeras.QGRU, state_quantizer=bits(6, 0, symmetric=1))
    return keras.Model([past, state], cell(act()(past), initial_state=act(width, integer)(state)))


def _two_heads() -> keras.Model:
    past = window()
    state = rnn(qkeras.QGRU)(act()(past))
    near = dense(2, activation=bits(8, 2))(state)
    return keras.Model(past, [near, dense(3)(state)])


def _steps_and_forecast() -> keras.Model:
    past = window()
    sequence = rnn(qkeras.QSimpleRNN, return_sequences=True)(act()(past))
    return keras.Model(past, [sequence, dense(2)(rnn(qkeras.QGRU)(act()(sequence)))])


def _sequence_and_state(kind: type) -> keras.Model:
    past = window()
    sequence, state, *_ = rnn(kind, return_sequences=True, return_state=True)(act()(past))
    return keras.Model(past, [dense(2)(act()(sequence)), state])


def _encoder_and_decoder() -> keras.Model:
    past, future = window(), window("future", 3)
    _, state = rnn(qkeras.QGRU, return_state=True)(act()(past))
    decoder = rnn(qkeras.QGRU, return_sequences=True, reset_after=True)
    return keras.Model(
        [past, future], dense(1)(act()(decoder(act(5, 1)(future), initial_state=state)))
    )


def _decoder_without_inputs() -> keras.Model:
    past, store = window(), static("store")
    encoder = rnn(qkeras.QGRU, return_state=True)
    _, state = encoder(act()(past))
    again = L.RepeatVector(4)(act()(store))
    decoder = rnn(qkeras.QSimpleRNN, return_sequences=True)
    return keras.Model([past, store], act()(decoder(again, initial_state=state)))


def _shared() -> keras.Model:
    past = act()(inputs := window())
    layer, cell = dense(CHANNELS, activation=bits(6, 1)), rnn(qkeras.QGRU)
    once = layer(past)
    return keras.Model(inputs, L.Add()([cell(layer(once)), cell(past)]))


MODELS: dict[str, Callable[[], keras.Model]] = {
    "two windows": _two_windows,
    "features known once": _features_known_once,
    "features at every step": _features_at_every_step,
    "initial state, simple": lambda: _initial_states(qkeras.QSimpleRNN, 1),
    "initial state, lstm": lambda: _initial_states(qkeras.QLSTM, 2, return_sequences=True),
    "initial state, gru": lambda: _initial_states(qkeras.QGRU, 1, go_backwards=True),
    "initial state, quantized": lambda: _quantized_states(7, 2),
    "initial state, of the same grid with a code more": lambda: _quantized_states(6, 0),
    "two heads": _two_heads,
    "steps and forecast": _steps_and_forecast,
    "sequence and state, lstm": lambda: _sequence_and_state(qkeras.QLSTM),
    "sequence and state, gru": lambda: _sequence_and_state(qkeras.QGRU),
    "encoder and decoder": _encoder_and_decoder,
    "decoder over what is known once": _decoder_without_inputs,
    "shared layers": _shared,
}


def drawn(name: str) -> keras.Model:
    model = MODELS[name]()
    draw_weights(model, 3)
    return model


@pytest.mark.parametrize("name", MODELS)
def test_every_layer_is_that_of_qkeras(name: str) -> None:
    model = drawn(name)
    network = accel.convert(model).network
    outputs = assert_all_equal_to_qkeras(model, network, draw_all_codes(network, 60, 1))
    assert all(len(np.unique(output)) > 3 for output in outputs)
    assert len(network.inputs) == len(model.inputs)
    assert network.timing.latency_cycles > 0
    assert inexact_reason(network) == ""


def test_the_rtl_takes_and_gives_lists(tmp_path: Path) -> None:
    past, future, state = window(), window("future", 3), static("state")
    layer = dense(2, activation=bits(6, 1))
    known, hidden = rnn(qkeras.QGRU, return_state=True)(layer(act()(past)), initial_state=state)
    sequence = rnn(qkeras.QSimpleRNN, 3, return_sequences=True)(
        layer(act(5, 1)(future)), initial_state=hidden
    )
    model = keras.Model([past, future, state], [dense(2)(act(7, 2)(known)), dense(1)(sequence)])
    draw_weights(model, 1)
    save_model(model, tmp_path / "model.h5")
    graph = accel.convert(tmp_path / "model.h5", tmp_path)
    codes = draw_all_codes(graph.network, 40, 2)
    assert_all_equal_to_qkeras(model, graph.network, codes)
    graph.compile()
    # Off the grid, so that the host has to quantize as the model does.
    noise = np.random.default_rng(3)
    inputs = [
        values + noise.normal(0, 0.01, values.shape)
        for values in keras_inputs(model, graph.network, codes)
    ]
    for found, expected in zip(
        graph.predict(inputs), evaluate_all_float64(model, inputs), strict=True
    ):
        assert np.array_equal(found, expected)
    one = graph.predict([array[0] for array in inputs])
    assert [values.shape for values in one] == [(2,), (3, 1)]
    with pytest.raises(ChronogateError, match="takes 3 inputs, past, future, state: give one"):
        graph.predict(inputs[:2])


def test_a_shared_layer_has_one_configuration() -> None:
    model = drawn("shared layers")
    name = next(layer.name for layer in model.layers if isinstance(layer, qkeras.QDense))
    network = accel.convert(model, hls_config={"LayerName": {name: {"ReuseFactor": 2}}}).network
    reuse = {node.name: node.spec.reuse for node in network.nodes if node.name.startswith(name)
             and hasattr(node.spec, "reuse")}  # fmt: skip
    assert reuse == {name: 2, f"{name}_call2": 2}


def _state_twice() -> keras.Model:
    past = window()
    return keras.Model(past, named("cell", rnn(qkeras.QGRU, return_state=True))(act()(past)))


def _both_with_states() -> keras.Model:
    both = L.Bidirectional(rnn(qkeras.QGRU, return_state=True), name="both")
    past = window()
    return keras.Model(past, both(act()(past))[0])


def _raw_input() -> keras.Model:
    past, store = window(), static("store", CHANNELS)
    return keras.Model([past, store], L.Add()([act()(past), store]))


@pytest.mark.parametrize(("build", "message"), [
    (_state_twice, "layer 'cell': two outputs of the model are its last .*: let the model give"),
    (_both_with_states, "layer 'both': return_state=True is not supported in .*: let the layer"),
    (_raw_input, "input 'store' has no number format: begin the model with"),
])  # fmt: skip
def test_refusals(build: Callable[[], keras.Model], message: str) -> None:
    with pytest.raises(ChronogateError, match=message):
        accel.convert(build())


def test_plain_hls4ml_reads_the_first_call_only() -> None:
    from hls4ml.converters import keras_v2_to_hls
    from hls4ml.utils.config import create_config

    config = create_config("unused", "shared", "Amaranth")
    values, layer = act()(inputs := window()), dense(CHANNELS, activation=bits(6, 1))
    model = keras.Model(inputs, layer(layer(values)))
    config |= {"KerasModel": model, "HLSConfig": {"Model": {"Precision": "fixed<16,6>"}}}
    with pytest.raises(ChronogateError, match=r"calls a layer more than once .*: convert"):
        keras_v2_to_hls({**config, "InputData": None, "OutputPredictions": None})
