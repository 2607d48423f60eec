"""Why recurrent layers have templates of our own: what plain hls4ml 1.3 does with them.

When one of these tests fails, hls4ml has mended a defect and something here may go.
"""

import re
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


def written(folder: Path, **options: object) -> list[str]:
    """Return the lines of the top function and its parameters for a GRU."""
    keras.backend.clear_session()  # the same names in every project
    convert_plainly(with_cell(qkeras.QGRU, **options, **FLOAT), folder).write()
    files = (folder / "firmware" / name for name in ("accelerator.cpp", "parameters.h"))
    return [line for path in files for line in path.read_text().splitlines()]


@pytest.mark.parametrize("options", [{"go_backwards": True}, {"state_quantizer": bits(3)}])
def test_options_that_are_ignored(options: dict[str, object], tmp_path: Path) -> None:
    """The state is never quantized, nor is the window turned round."""
    assert written(tmp_path / "0") == written(tmp_path / "1", **options)


def test_the_reset_gate_always_comes_after_the_product(tmp_path: Path) -> None:
    """Whichever is asked for; without ``reset_after`` only one number of the biases is left."""
    after, before = (written(tmp_path / str(x), reset_after=x) for x in (True, False))
    differ = [pair for pair in zip(after, before, strict=True) if pair[0] != pair[1]]
    assert len(differ) == 2
    for with_reset_after, without in differ:
        assert re.search(r"load_weights_from_txt<\w+bias_t, 9>", with_reset_after)
        assert re.search(r"load_weights_from_txt<\w+bias_t, 1>", without)


def test_a_dilated_convolution_is_computed_without_its_dilation(tmp_path: Path) -> None:
    kernel = {"kernel_quantizer": bits(5, 1), "bias_quantizer": bits(5, 1)}
    conv = named("conv", qkeras.QConv1D(2, 3, dilation_rate=2, **kernel))
    model = chain([qkeras.QActivation(bits(8, 2)), conv], (6, 2))
    graph = convert_plainly(model, tmp_path)
    assert model.output_shape[1] == 2
    assert graph.graph["conv"].get_output_variable().shape[0] == 4
    assert accel.convert(model, backend="Vitis").graph["conv"].get_output_variable().shape[0] == 2


def test_the_final_quantizer_is_dropped(tmp_path: Path) -> None:
    """`MergeLinearActivation` takes it for nothing; with our formats it stays."""
    last = named("last", qkeras.QActivation(bits(6, 1)))
    model = chain([qkeras.QActivation(bits(8, 2)), keras.layers.Flatten(), dense(2), last])
    assert "last" not in convert_plainly(model, tmp_path).graph
    graph = accel.convert(model, tmp_path, backend="Vitis")
    assert "last" in graph.graph
    assert len(draw_codes(graph.network, 2, 0)) == 2
