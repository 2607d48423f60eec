"""Networks as ONNX models, of standard nodes or QONNX's."""

import numpy as np
from onnx import ModelProto, helper, numpy_helper

from accel.export.lowering import divides, exact_bits, lower
from accel.export.onnx_operations import DOUBLE_BITS, OPSET, SINGLE_BITS, OnnxOperations
from hw.errors import ChronogateError
from hw.network.graph import Network


def onnx_model(
    network: Network,
    operations: type[OnnxOperations],
    domains: tuple[str, ...] = (),
) -> ModelProto:
    """Return `network` as an ONNX model that takes one window.

    Parameters
    ----------
    network
        What to export.
    operations
        What the graph is made of.
    domains
        Of its nodes that are not ONNX's own.

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
    graph = operations(dtype, 1)
    inputs = [graph.begin(port) for port in network.inputs]
    quantized = [
        graph.quantized_input(tensor, port)
        for tensor, port in zip(inputs, network.inputs, strict=True)
    ]
    outputs = [
        graph.end(tensor, name)
        for tensor, name in zip(lower(network, graph, quantized), network.outputs, strict=True)
    ]
    made = helper.make_graph(
        graph.nodes,
        network.name,
        [graph.info(tensor) for tensor in inputs],
        [graph.info(tensor) for tensor in outputs],
        [numpy_helper.from_array(array, name) for name, array in graph.constants.items()],
        value_info=graph.infos,
    )
    own = [helper.make_opsetid(domain, 1) for domain in domains]
    opsets = [helper.make_opsetid("", OPSET), *own]
    return helper.make_model(made, producer_name="chronogate", opset_imports=opsets, ir_version=8)
