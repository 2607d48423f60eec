"""A dense layer too large for hls4ml's C simulation gets no HLS project, and says why."""

from pathlib import Path

import accel
from accel.conversion.hls import write_hls
from accel.qkeras_compat import keras, qkeras


def test_large_dense_layer_gets_no_hls_project(tmp_path: Path) -> None:
    weights = qkeras.quantized_bits(4, 0, alpha=1)
    model = keras.Sequential([
        keras.layers.Input((65,)),
        qkeras.QActivation(qkeras.quantized_bits(4, 1, alpha=1)),
        qkeras.QDense(64, kernel_quantizer=weights, bias_quantizer=weights, name="wide"),
    ])  # fmt: skip
    project = write_hls(accel.convert(model, output_dir=tmp_path / "rtl"), tmp_path / "hls")
    assert project.folder is None
    assert "'wide' has 4,160 products" in project.reason
    assert not (tmp_path / "hls").exists()
