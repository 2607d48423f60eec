"""ONNX models of standard nodes: written, and run by onnxruntime on the processor."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import save_model

from accel.export.onnx_model import onnx_model
from accel.export.onnx_operations import OnnxOperations
from accel.export.speed import Execution, Window, one_by_one
from hw.network.graph import Network


def write_file(network: Network, inputs: Mapping[str, np.ndarray], file: Path) -> None:
    """Write a model that takes one window."""
    save_model(onnx_model(network, OnnxOperations), file)


def run_file(network: Network, inputs: Mapping[str, np.ndarray], file: Path) -> Execution:
    """Run a file by onnxruntime on float64 inputs, one window after the other."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1

    def load() -> Callable[[Window], list[np.ndarray]]:
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        element = np.float64 if "double" in session.get_inputs()[0].type else np.float32

        def forecast(window: Window) -> list[np.ndarray]:
            given = {
                name: values[np.newaxis].astype(element)
                for name, values in zip(inputs, window, strict=True)
            }
            return [np.asarray(result)[0] for result in session.run(None, given)]

        return forecast

    results, speed = one_by_one(load, inputs, file)
    return Execution(f"onnxruntime {onnxruntime.__version__}", results, speed)
