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
    from accel.bitstream import count_cells
    from accel.boards import find_board
    from accel.configuration.config import load_config, parse_config
    from accel.conversion.entry import config_from_keras_model, convert
    from accel.conversion.imported.entry import (
        convert_from_keras_model,
        convert_from_onnx_model,
        convert_from_pytorch_model,
    )
    from accel.keras_models.float64 import evaluate_float64
    from accel.training.train import train
    from hw.errors import ChronogateError
    from hw.network.serialization import load_network
    from sim.measure import measure_cycles
    from sim.recording import RecordingModel
    from sim.rtl_model import RtlModel

__all__ = [
    "ChronogateError",
    "RecordingModel",
    "RtlModel",
    "config_from_keras_model",
    "convert",
    "convert_from_keras_model",
    "convert_from_onnx_model",
    "convert_from_pytorch_model",
    "count_cells",
    "evaluate_float64",
    "find_board",
    "load_config",
    "load_network",
    "measure_cycles",
    "parse_config",
    "train",
]

_HOME = {
    "ChronogateError": "hw.errors",
    "RecordingModel": "sim.recording",
    "RtlModel": "sim.rtl_model",
    "config_from_keras_model": "accel.conversion.entry",
    "convert": "accel.conversion.entry",
    "convert_from_keras_model": "accel.conversion.imported.entry",
    "convert_from_onnx_model": "accel.conversion.imported.entry",
    "convert_from_pytorch_model": "accel.conversion.imported.entry",
    "count_cells": "accel.bitstream",
    "evaluate_float64": "accel.keras_models.float64",
    "find_board": "accel.boards",
    "load_config": "accel.configuration.config",
    "load_network": "hw.network.serialization",
    "measure_cycles": "sim.measure",
    "parse_config": "accel.configuration.config",
    "train": "accel.training.train",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'accel' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
