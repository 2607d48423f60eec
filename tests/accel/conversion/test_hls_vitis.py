"""Recurrent models through `accel.convert(model, backend='Vitis')`, and what a Vitis user finds."""

import re
from pathlib import Path

import numpy as np
import pytest

import accel
from accel.conversion.hls import csim, write_hls
from accel.qkeras_compat import keras, qkeras
from hw.errors import ChronogateError
from tests.accel.conversion.compare import compare_codes, draw_codes
from tests.accel.conversion.models import bits, chain, dense, named, recurrent


def model_of(cell: type, shape: tuple[int, int] = (4, 2), **options: object) -> keras.Model:
    """Return input quantizer, recurrent layer, dense layer, output quantizer."""
    return chain([
        qkeras.QActivation(bits(8, 2)), named("cell", recurrent(cell, **options)),
        named("head", dense(3)), qkeras.QActivation(bits(7, 1)),
    ], shape)  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "io_type", "options"),
    [
        (qkeras.QLSTM, "io_parallel", {"use_bias": False}),
        (qkeras.QGRU, "io_stream", {"activation": qkeras.hard_tanh}),
    ],
)
def test_vitis_predicts_what_the_golden_model_does(
    cell: type, io_type: str, options: dict[str, object], tmp_path: Path
) -> None:
    graph = accel.convert(
        model_of(cell, **options), output_dir=tmp_path, backend="Vitis", io_type=io_type
    )
    graph.compile()
    network = graph.network
    codes = draw_codes(network, 300, 0)
    outputs = graph.predict(np.ascontiguousarray(network.input_format.to_float(codes)))
    expected = network.reference(codes)
    assert len(np.unique(expected)) > 20
    compare_codes("Vitis", expected, np.ldexp(outputs, network.output_format.fraction))


def test_gru_of_the_demos_size(tmp_path: Path) -> None:
    """As in ``accel demo``: 48 steps of 8 features, 16 units, 24 forecasts."""
    eight = {"kernel_quantizer": bits(8), "recurrent_quantizer": bits(8)}
    model = chain([
        qkeras.QActivation(bits(8, 2)), recurrent(qkeras.QGRU, 16, reset_after=True, **eight),
        dense(24, kernel_quantizer=bits(8, 1)), qkeras.QActivation(bits(10, 2)),
    ], (48, 8))  # fmt: skip
    model.set_weights([weight * 0.4 for weight in model.get_weights()])
    graph = accel.convert(model)
    folder = write_hls(graph, tmp_path).folder
    assert folder is not None
    codes = draw_codes(graph.network, 2000, 0)
    expected = graph.network.reference(codes)
    assert len(np.unique(expected)) > 300
    compare_codes("C simulation", expected, csim(folder, codes))


def test_reuse_factors_of_the_configuration_reach_the_pragmas(tmp_path: Path) -> None:
    model = model_of(qkeras.QGRU, shape=(4, 5))
    config = accel.config_from_keras_model(model, "name", "Vitis")
    config["LayerName"]["cell"] |= {"ReuseFactor": 7, "RecurrentReuseFactor": 4}
    graph = accel.convert(model, tmp_path, backend="Vitis", hls_config=config)
    graph.write()
    firmware = tmp_path / "firmware"
    parameters = (firmware / "parameters.h").read_text()
    found = re.findall(
        r"reuse_factor = (\d+);\n.* n_zeros = (\d+);\n.*\n.* multiplier_limit = (\d+)", parameters
    )
    # 45 input products, 18 of the gates and 9 of the candidate; zeros need no multiplier.
    for numbers, products, reuse in zip(found, (45, 18, 9), (7, 4, 4), strict=True):
        given, zeros, limit = map(int, numbers)
        assert given == reuse
        assert limit == max(-(-products // reuse) - zeros // reuse, 1)
    # The top function streams from layer to layer instead of unrolling the window.
    assert "#pragma HLS DATAFLOW" in (firmware / "accelerator.cpp").read_text()


def test_backends_without_our_templates_refuse_recurrent_layers() -> None:
    with pytest.raises(ChronogateError, match=r"Quartus .* GRU \(layer 'cell'\): use backend="):
        accel.convert(model_of(qkeras.QGRU), backend="Quartus")


def test_the_configuration_is_checked() -> None:
    config = {"LayerName": {"cell": {"ReuseFactor": 0}}}
    with pytest.raises(ChronogateError, match="layer 'cell': ReuseFactor is 0"):
        accel.convert(model_of(qkeras.QGRU), backend="Vitis", hls_config=config)
