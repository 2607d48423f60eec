"""Why recurrent layers have templates of our own: what plain hls4ml 1.3 does with them.

When one of these tests fails, hls4ml has mended a defect and something here may go.
"""

from pathlib import Path

import numpy as np
import pytest
from hls4ml.converters import keras_v2_to_hls
from hls4ml.model.graph import ModelGraph
from hls4ml.utils import config_from_keras_model
from hls4ml.utils.config import create_config

import accel
from accel.conversion.frontend import ModelDictionary
from accel.qkeras_compat import keras, qkeras
from tests.accel.conversion.compare import draw_codes
from tests.accel.conversion.models import bits, chain, dense, named, recurrent

REAL = {
    "activation": qkeras.quantized_tanh(8, use_real_tanh=True),
    "recurrent_activation": qkeras.quantized_sigmoid(8, use_real_sigmoid=True),
}
FLOAT = {"activation": "tanh", "recurrent_activation": "sigmoid"}


def convert_plainly(model: keras.Model, folder: Path) -> ModelGraph:
    """Convert as `hls4ml.converters.convert_from_keras_model` does."""
    config = create_config(str(folder), "accelerator", "Vitis", io_type="io_parallel")
    config |= {
        "KerasModel": model,
        "InputData": None,
        "OutputPredictions": None,
        "HLSConfig": config_from_keras_model(ModelDictionary(model), "name", "Vitis"),
    }
    return keras_v2_to_hls(config)


def with_cell(cell: type, **options: object) -> keras.Model:
    """Return input quantizer, recurrent layer, output quantizer."""
    layers = [qkeras.QActivation(bits(8, 2)), recurrent(cell, **options)]
    return chain([*layers, qkeras.QActivation(bits(8, 1))])


FRACTION = 8 - 1 - 1
"""Fraction bits of the output of `with_cell`: all but the sign and the integer bit."""


@pytest.mark.parametrize("cell", [qkeras.QLSTM, qkeras.QGRU])
def test_hard_activations_are_refused(cell: type, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="Hard activation not supported"):
        convert_plainly(with_cell(cell), tmp_path)


@pytest.mark.parametrize("cell", [qkeras.QLSTM, qkeras.QGRU])
def test_a_layer_without_bias_crashes(cell: type, tmp_path: Path) -> None:
    with pytest.raises(AttributeError, match="'NoneType' object has no attribute 'shape'"):
        convert_plainly(with_cell(cell, use_bias=False, **FLOAT), tmp_path)


def test_a_quantized_lstm_does_not_compile(tmp_path: Path) -> None:
    graph = convert_plainly(with_cell(qkeras.QLSTM, **REAL), tmp_path)
    with pytest.raises(Exception, match="Failed to compile project"):
        graph.compile()


def test_a_quantized_gru_differs_in_nearly_every_value(tmp_path: Path) -> None:
    """The reset comes after instead of before, and the state is not quantized.

    hls4ml drops the final quantizer, too: its values are rounded here, so that only the layer's own
    differences count.
    """
    model = with_cell(qkeras.QGRU, **REAL)
    graph = convert_plainly(model, tmp_path)
    graph.compile()
    inputs = np.random.default_rng(0).integers(-128, 128, (100, 4, 2)) / 32
    expected, found = (
        np.rint(np.asarray(values).ravel() * 2**FRACTION).astype(np.int64)
        for values in (model(inputs), graph.predict(inputs))
    )
    share = (found == expected).mean()
    assert share < 0.1, f"{share:.1%} of the codes are equal"


def test_going_backwards_is_ignored(tmp_path: Path) -> None:
    calls = []
    for back in (False, True):
        keras.backend.clear_session()  # the same names in both
        model = with_cell(qkeras.QGRU, go_backwards=back, **FLOAT)
        convert_plainly(model, tmp_path / str(back)).write()
        firmware = tmp_path / str(back) / "firmware"
        calls.append(
            (firmware / "accelerator.cpp").read_text() + (firmware / "parameters.h").read_text()
        )
    assert calls[0] == calls[1]


def test_the_final_quantizer_is_dropped(tmp_path: Path) -> None:
    """`MergeLinearActivation` takes it for nothing; with our formats it stays."""
    last = named("last", qkeras.QActivation(bits(6, 1)))
    model = chain([qkeras.QActivation(bits(8, 2)), keras.layers.Flatten(), dense(2), last])
    assert "last" not in convert_plainly(model, tmp_path).graph
    graph = accel.convert(model, tmp_path, backend="Vitis")
    assert "last" in graph.graph
    assert len(draw_codes(graph.network, 2, 0)) == 2
