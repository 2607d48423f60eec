"""ONNX models of standard nodes: written, and run by onnxruntime on the processor."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import ModelProto, helper, numpy_helper, save_model

from accel.export.lowering import divides, exact_bits, lower
from accel.export.onnx_operations import (
    DOMAIN,
    DOUBLE_BITS,
    OPSET,
    SINGLE_BITS,
    OnnxOperations,
)
from accel.export.speed import Run, Window, one_by_one
from hw.errors import ChronogateError
from hw.network.graph import Network


def onnx_model(network: Network, quant: bool) -> ModelProto:
    """Return `network` as an ONNX model that takes one window.

    Parameters
    ----------
    network
        What to export.
    quant
        Whether with QONNX's `Quant` nodes or of standard ones alone (`OnnxOperations`).

    Raises
    ------
    ChronogateError
        When a part has no counterpart, or numbers are wider than float64 holds.
    """
    bits = exact_bits(network)
    if bits > DOUBLE_BITS:
        raise ChronogateError(
            f"{network.name} computes with numbers of {bits} bits, and ONNX's float64 holds "
            f"{DOUBLE_BITS}: quantize to fewer bits to export it"
        )
    dtype = np.dtype(np.float64 if bits > SINGLE_BITS or divides(network) else np.float32)
    graph = OnnxOperations(dtype, 1, quant)
    inputs = [graph.begin(port) for port in network.inputs]
    outputs = [
        graph.end(tensor, name)
        for tensor, name in zip(lower(network, graph, inputs), network.outputs, strict=True)
    ]
    made = helper.make_graph(
        graph.nodes,
        network.name,
        [graph.info(tensor) for tensor in inputs],
        [graph.info(tensor) for tensor in outputs],
        [numpy_helper.from_array(array, name) for name, array in graph.constants.items()],
        value_info=graph.infos,
    )
    opsets = [helper.make_opsetid("", OPSET)]
    if quant:
        opsets.append(helper.make_opsetid(DOMAIN, 1))
    return helper.make_model(made, producer_name="chronogate", opset_imports=opsets, ir_version=8)


def write_file(network: Network, inputs: Mapping[str, np.ndarray], file: Path) -> None:
    """Write a model that takes one window."""
    file.parent.mkdir(parents=True, exist_ok=True)
    save_model(onnx_model(network, quant=False), file)


def run_file(network: Network, inputs: Mapping[str, np.ndarray], file: Path) -> Run:
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
    return Run(f"onnxruntime {onnxruntime.__version__}", results, speed)
