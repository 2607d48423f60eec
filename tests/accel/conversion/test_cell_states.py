"""Cell states of LSTMs, and other results that hls4ml does not know, in every realization."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import accel
from accel.conversion.hls_layers.blocks import inexact_reason
from accel.keras_models.float64 import evaluate_all_float64
from accel.qkeras_compat import keras, qkeras
from hw.errors import ChronogateError
from hw.layer.recurrent.lstm import LSTM
from sim.rtl_model import RtlModel
from tests.accel.conversion.compare import (
    assert_all_equal_to_qkeras,
    compare_codes,
    draw_all_codes,
)
from tests.accel.conversion.hls_library import build_library
from tests.accel.conversion.models import bits, dense, draw_weights, recurrent
from tests.accel.conversion.test_streams import CHANNELS, STEPS, act, window

L = keras.layers


def lstm(units: int = 3, **options: object) -> keras.layers.RNN:
    """Return a `QLSTM` that gives its states."""
    return recurrent(qkeras.QLSTM, units, return_state=True, **options)


def _cell_state(**options: object) -> keras.Model:
    past = window()
    outputs = lstm(**options)(act()(past))
    return keras.Model(past, [dense(2)(act(8, 3)(outputs[0])), outputs[2]])


def _cell_state_alone() -> keras.Model:
    past = window()
    memory = lstm()(act()(past))[2]
    return keras.Model(past, dense(2)(act(7, 2)(memory)))


def _encoder_and_decoder_with_cells() -> keras.Model:
    past, future = window(), window("future", 3)
    _, *states = lstm()(act()(past))
    decoder = lstm(return_sequences=True)
    sequence, _, memory = decoder(act(5, 1)(future), initial_state=states)
    return keras.Model([past, future], [dense(1)(act()(sequence)), memory])


MODELS: dict[str, Callable[[], keras.Model]] = {
    "as an output": _cell_state,
    "behind a sequence": lambda: _cell_state(return_sequences=True, go_backwards=True),
    "of another format": lambda: _cell_state(
        activation=bits(7, 2), state_quantizer=bits(9, 4), use_bias=False
    ),
    "alone": _cell_state_alone,
    "encoder and decoder": _encoder_and_decoder_with_cells,
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
    assert inexact_reason(network) == ""


def test_all_realizations(tmp_path: Path) -> None:
    """Of a quantizer that is an output, functions of two levels, and cell states."""
    past = window()
    grid = act(4, 1)(past)
    signs = [qkeras.QActivation("binary_tanh")(grid), L.Activation("binary_sigmoid")(grid)]
    _, *states = lstm(2)(grid)
    decoder = lstm(2, return_sequences=True)
    sequence, _, memory = decoder(signs[0], initial_state=states)
    model = keras.Model(past, [grid, *signs, sequence, memory])
    draw_weights(model, 5)
    network = accel.convert(model).network
    codes = draw_all_codes(network, 40, 1)
    expected = assert_all_equal_to_qkeras(model, network, codes)
    (simulate,) = build_library([network], "io_stream", tmp_path)
    with RtlModel(network, tmp_path / "rtl", "-O0") as rtl:
        results = rtl.run(codes).results
    for name, wanted, hls, found in zip(
        network.outputs, expected, simulate(codes), results, strict=True
    ):
        assert len(np.unique(wanted)) > 1
        compare_codes(f"{name}, C simulation", wanted, hls)
        compare_codes(f"{name}, RTL", wanted, found)


@pytest.mark.parametrize("strategy", ["Latency", "Shared"])
def test_an_lstm_that_gives_its_cell_state_is_folded(strategy: str) -> None:
    model = drawn("as an output")
    network = accel.convert(model, hls_config={"Model": {"Strategy": strategy}}).network
    assert isinstance(network.nodes[0].spec, LSTM)
    assert_all_equal_to_qkeras(model, network, draw_all_codes(network, 20, 1))
    with pytest.raises(ChronogateError, match="delta updates keep the cell state to themselves"):
        accel.convert(model, hls_config={"Model": {"InputThreshold": 0.1}})


def test_trace_of_layers_beside_a_cell_state() -> None:
    model = drawn("as an output")
    cell = next(layer.name for layer in model.layers if isinstance(layer, qkeras.QLSTM))
    config = {"LayerName": {cell: {"Trace": True}}}
    x = np.random.default_rng(0).normal(size=(5, STEPS, CHANNELS))
    _, values = accel.convert(model, hls_config=config).trace(x)
    hidden = keras.Model(model.input, model.get_layer(cell).output[0])
    assert np.array_equal(values[cell], evaluate_all_float64(hidden, x)[0])
