"""The ``model`` part of the report: sizes, counted on the network itself."""

import numpy as np

from accel.report.schema import Model, ModelLayer
from hw.network.graph import Network, Node
from hw.network.weight_arrays import Codes, arrays_in


def weights_of(node: Node) -> tuple[Codes, ...]:
    """Return every array of weights that a node holds."""
    return arrays_in(node.spec)


def describe_model(network: Network) -> Model:
    """Count parameters, bits and products."""
    weights = [weight for node in network.nodes for weight in weights_of(node)]
    layers = tuple(_describe_layer(node) for node in network.nodes)
    return Model(
        layers=layers,
        parameters=sum(weight.codes.size for weight in weights),
        nonzero_parameters=sum(int(np.count_nonzero(weight.codes)) for weight in weights),
        weight_bits=sum(weight.codes.size * weight.format.width for weight in weights),
        products_per_window=sum(layer.products_per_window for layer in layers),
        look_back=network.metadata.look_back or network.look_back,
        horizon=network.metadata.horizon or None,
    )


def _describe_layer(node: Node) -> ModelLayer:
    output = node.spec.outputs[0]
    beats = node.spec.inputs[0].steps or 1
    return ModelLayer(
        name=node.name,
        kind=type(node.spec).__name__,
        output=str(output.format),
        channels=output.channels,
        parameters=sum(weight.codes.size for weight in weights_of(node)),
        products_per_window=round(beats * node.spec.timing.products),
    )
