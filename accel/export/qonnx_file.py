"""QONNX models and their files: written, and run by qonnx's own executor."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
from onnx import ModelProto, helper, load_model, numpy_helper, save_model
from onnx.checker import check_model

from accel.export.lowering import divides, exact_bits, lower
from accel.export.qonnx import (
    CONSTANT,
    DOMAIN,
    DOUBLE_BITS,
    OPSET,
    SINGLE_BITS,
    OnnxOperations,
)
from hw.errors import ChronogateError
from hw.network.graph import Network


def qonnx_model(network: Network, batch: int = 1) -> ModelProto:
    """Return `network` as a QONNX model.

    Parameters
    ----------
    network
        What to export.
    batch
        Windows at once; QONNX has fixed shapes.

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
    graph = OnnxOperations(dtype, batch)
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
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, 1)]
    return helper.make_model(made, producer_name="chronogate", opset_imports=opsets, ir_version=8)


def write_file(network: Network, inputs: Mapping[str, np.ndarray], file: Path) -> None:
    """Write a model that takes one window."""
    file.parent.mkdir(parents=True, exist_ok=True)
    save_model(qonnx_model(network), file)


def run_file(
    network: Network, inputs: Mapping[str, np.ndarray], file: Path
) -> tuple[str, list[np.ndarray]]:
    """Return the name of qonnx's executor, and what it makes of a file and float64 inputs.

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
    return f"qonnx {version('qonnx')}", [results[info.name] for info in model.graph.output]
