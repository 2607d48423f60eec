"""Chronogate: a trained, quantized forecaster becomes a verified FPGA accelerator.

    import accel
    model_graph = accel.convert(keras_model, output_dir="out")
    model_graph.compile()
    forecast = model_graph.predict(x)

What needs TensorFlow is imported at its first use, so that everything after the conversion runs
without it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accel.conversion.entry import config_from_keras_model, convert
    from accel.conversion.imported.entry import (
        convert_from_keras_model,
        convert_from_onnx_model,
        convert_from_pytorch_model,
    )

__all__ = [
    "config_from_keras_model",
    "convert",
    "convert_from_keras_model",
    "convert_from_onnx_model",
    "convert_from_pytorch_model",
]

_HOME = {
    "config_from_keras_model": "accel.conversion.entry",
    "convert": "accel.conversion.entry",
    "convert_from_keras_model": "accel.conversion.imported.entry",
    "convert_from_onnx_model": "accel.conversion.imported.entry",
    "convert_from_pytorch_model": "accel.conversion.imported.entry",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'accel' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
