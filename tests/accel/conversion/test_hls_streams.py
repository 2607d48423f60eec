"""HLS of the mode streaming: layers keep their states from call to call of the top function."""

from pathlib import Path

import numpy as np

import accel
from accel.conversion.csim import csim
from accel.conversion.hls import write_hls
from accel.conversion.hls_layers.blocks import inexact_reason
from accel.keras_models.float64 import stream_float64
from accel.qkeras_compat import keras, qkeras
from hw.network.graph import Network
from tests.accel.conversion.compare import compare_codes
from tests.accel.conversion.hls_library import build_library
from tests.accel.conversion.layered import conv
from tests.accel.conversion.models import bits, chain, dense, draw_weights, recurrent

L = keras.layers
SERIES, SAMPLES = 3, 15
STREAMING = {"Mode": "streaming"}


def causal() -> keras.Model:
    """Return convolutions that look back, without a layer that Keras calls stateful."""
    return chain([
        qkeras.QActivation(bits(6, 1)), conv(padding="causal", dilation_rate=2),
        qkeras.QActivation(bits(6, 2)), conv(2, 2, padding="causal"),
    ], (1, 2))  # fmt: skip


def stateful(*layers: keras.layers.Layer) -> keras.Model:
    """Return a stateful model that takes a sample of every series at once."""
    model = keras.Sequential([
        L.Input(batch_shape=(SERIES, 1, 2)), qkeras.QActivation(bits(6, 1)), *layers, dense(2)
    ])  # fmt: skip
    draw_weights(model, 2)
    return model


def lstm() -> keras.Model:
    return stateful(recurrent(qkeras.QLSTM, 2, stateful=True))


def networks() -> list[Network]:
    """Return one of every other kind of memory, the last with delta updates."""
    deltas = {**STREAMING, "InputThreshold": 0.1, "StateThreshold": 0.05}
    before, after = (
        stateful(recurrent(qkeras.QGRU, 2, reset_after=late, stateful=True))
        for late in (False, True)
    )
    settings = ((causal(), STREAMING), (before, {}), (after, deltas))
    return [accel.convert(m, hls_config={"Model": wish}).network for m, wish in settings]


def draw_series(network: Network) -> np.ndarray:
    format = network.input_format
    rng = np.random.default_rng(4)
    shape = (SERIES, SAMPLES, network.features)
    return rng.integers(format.minimum, format.maximum, shape, endpoint=True)


def test_states_last_from_sample_to_sample(tmp_path: Path) -> None:
    made = networks()
    for network, run in zip(made, build_library(made, "io_parallel", tmp_path), strict=True):
        codes = draw_series(network)
        expected = network.reference(codes)
        assert len(np.unique(expected)) > 10
        alone = network.reference(codes.reshape(-1, 1, network.features)).reshape(expected.shape)
        assert (alone != expected).any(), "nothing is kept"
        for _ in range(2):  # a series begins anew, whatever came before it
            compare_codes(f"{network.nodes[0].name} in C", expected, *run(codes))


def test_a_written_project_equals_the_stateful_model(tmp_path: Path) -> None:
    model = lstm()
    graph = accel.convert(model, io_type="io_stream")
    codes = draw_series(graph.network)
    folder = write_hls(graph, tmp_path).folder
    assert folder is not None
    format = graph.network.output_format
    expected = stream_float64(model, graph.network.input_format.to_float(codes))
    compare_codes("C simulation", np.ldexp(expected, format.fraction), csim(folder, codes))


def test_what_has_no_template_for_streams_is_named() -> None:
    layer = conv(padding="causal", strides=2)
    model = chain([qkeras.QActivation(bits(6, 1)), layer], (1, 2))
    network = accel.convert(model, hls_config={"Model": STREAMING}).network
    assert "Conv1D with a stride of a stream" in inexact_reason(network)
