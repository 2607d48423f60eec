"""Blocks that differ from others in their hardware only, as those others: their codes are the same.

Shared engines and unrolled steps are ways of folding that Vitis has under other names.
"""

from dataclasses import replace

from hw.layer.dense.dense import Dense
from hw.layer.dense.shared_dense import SharedDense
from hw.layer.elementwise.activation import Activation
from hw.layer.recurrent.refolded_lstm import RefoldedLSTM
from hw.layer.shared_lstm.shared_lstm import SharedLSTM
from hw.network.graph import Network, Node


def unfolded(network: Network) -> Network:
    """Return a network of plain blocks that computes the same."""
    nodes = tuple(part for node in network.nodes for part in _parts(node))
    return network if nodes == network.nodes else replace(network, nodes=nodes)


def _parts(node: Node) -> tuple[Node, ...]:
    spec = node.spec
    if isinstance(spec, SharedDense):
        return _dense_layers(node, spec)
    if isinstance(spec, SharedLSTM):
        return (replace(node, spec=replace(spec.layer, multipliers=spec.multipliers)),)
    if isinstance(spec, RefoldedLSTM):
        at_once = replace(spec.layer, multipliers=None, input_reuse=1, recurrent_reuse=1)
        return (replace(node, spec=at_once),)
    return (node,)


def _dense_layers(node: Node, spec: SharedDense) -> tuple[Node, ...]:
    parts: list[Node] = []
    inputs = node.inputs
    for index, layer in enumerate(spec.layers):
        source = spec.formats[index]
        reuse = max(-(-layer.kernel.size // spec.multipliers), 1)
        dense = Dense(
            layer.kernel,
            layer.bias,
            source,
            layer.kernel_format,
            layer.bias_format,
            reuse,
            spec.steps,
            spec.series,
            reloadable=spec.reloadable,
        )
        parts.append(Node(f"{node.name}_{index}", dense, inputs))
        inputs = (parts[-1].name,)
        if layer.function is not None:
            channels = layer.kernel.shape[1]
            behind = Activation(channels, dense.output, layer.function, spec.steps, spec.series)
            parts.append(Node(f"{node.name}_{index}_function", behind, inputs))
            inputs = (parts[-1].name,)
    parts[-1] = replace(parts[-1], name=node.name)
    return tuple(parts)
