"""What the lowering tells hls4ml's graph, for its reports and profiling plots."""

from collections.abc import Mapping

import numpy as np
from hls4ml.model.graph import ModelGraph
from hls4ml.model.layers import Layer

from accel.conversion.frontend import KerasLayer
from accel.conversion.settings import precision_type
from hw.block import Spec
from hw.network.graph import Network
from hw.network.weight_arrays import Codes, arrays_in
from hw.number.fixed_point import FixedPoint


def annotate(graph: ModelGraph, network: Network, places: Mapping[str, str]) -> None:
    """Write the network's formats into every layer, and weights into those of ours.

    These are the precisions that ``auto`` stands for: as wide as nothing overflows.
    """
    formats = {port.name: port.format for port in network.inputs}
    formats |= {node.name: node.spec.outputs[0].format for node in network.nodes}
    specs = {node.name: node.spec for node in network.nodes}
    known = {name: formats[place] for name, place in places.items()}
    for layer in reversed(list(graph.get_layers())):
        # One that is computed together with the next has the format that both give.
        behind = (known[other.name] for other in graph.get_layers() if layer.name in other.inputs)
        format = known[layer.name] if layer.name in known else next(behind)
        known[layer.name] = format
        layer.get_output_variable().type.precision = precision_type(format)
        if isinstance(layer, KerasLayer) and layer.name in specs:
            _add_weights(layer, specs[layer.name])


def _add_weights(layer: Layer, spec: Spec) -> None:
    """Add all kernels as one weight and all biases as another, which hls4ml's plots expect."""
    for name, short, is_bias in (("weight", "w", False), ("bias", "b", True)):
        found = [array for array in arrays_in(spec) if array.name.endswith("bias") == is_bias]
        if not found:
            continue
        values = [array.format.to_float(array.codes).ravel() for array in found]
        layer.add_weights_variable(
            name,
            var_name=f"{short}{{index}}",
            precision=precision_type(_covering(found)),
            data=np.concatenate(values),
        )


def _covering(arrays: list[Codes]) -> FixedPoint:
    formats = [array.format for array in arrays]
    signed = any(format.signed for format in formats)
    integer = max(format.integer + (signed and not format.signed) for format in formats)
    return FixedPoint(integer + max(format.fraction for format in formats), integer, signed)
