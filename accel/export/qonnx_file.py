"""QONNX files, an ONNX graph with ``Quant`` nodes: written, and run by qonnx's own executor."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
from onnx import helper, load_model, save_model
from onnx.checker import check_model

from accel.export.onnx_model import onnx_model
from accel.export.onnx_operations import CONSTANT
from accel.export.qonnx_operations import DOMAIN, QonnxOperations
from accel.export.speed import Execution
from hw.network.graph import Network


def write_file(network: Network, inputs: Mapping[str, np.ndarray], file: Path) -> None:
    """Write a model that takes one window."""
    save_model(onnx_model(network, QonnxOperations, (DOMAIN,)), file)


def run_file(network: Network, inputs: Mapping[str, np.ndarray], file: Path) -> Execution:
    """Run a file by qonnx's executor on float64 inputs; its speed says nothing of the file's.

    The file's batch of one becomes that of the inputs: every node works on any.
    """
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx

    model = load_model(file)
    check_model(model)
    batch = len(next(iter(inputs.values())))
    for info in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        if not info.name.startswith(CONSTANT):
            info.type.tensor_type.shape.dim[0].dim_value = batch
    element = model.graph.input[0].type.tensor_type.elem_type
    dtype = helper.tensor_dtype_to_np_dtype(element)
    results = execute_onnx(
        ModelWrapper(model), {name: values.astype(dtype) for name, values in inputs.items()}
    )
    return Execution(
        f"qonnx {version('qonnx')}", [results[info.name] for info in model.graph.output]
    )
