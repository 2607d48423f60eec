"""Structured pruning: units that nothing reads leave the network, hardware and all.

A channel is read where a kernel has a weight for it, or where a channel that is read hangs on it.
Units without weights become constants of the layer behind (`hw.network.constants`) and are then
read by nothing. What is left computes the same codes: no binary point moves, formats of sums only
get narrower, and outputs of the network keep all their channels.
"""

from dataclasses import dataclass, replace

import numpy as np

from hw.network.channels import bound_channels, read_channels, with_channels
from hw.network.constants import fold_constants
from hw.network.graph import Network


@dataclass(frozen=True, eq=False)
class Shrunk:
    """A network without dead units.

    Parameters
    ----------
    network
        What is left.
    kept
        For each node that lost channels, those that it kept, ascending.
    """

    network: Network
    kept: dict[str, np.ndarray]


def without_dead_units(network: Network) -> Shrunk:
    """Return the network without channels, units and cells that no result hangs on.

    Layers that a host reaches (reloadable weights, states), layers that begin in states of an
    input, and inputs of the network keep all that they have.
    """
    folded = fold_constants(network)
    kept = _kept(folded)
    formats = {port.name: port.format for port in folded.inputs}
    nodes = []
    for node in folded.nodes:
        spec = with_channels(
            node.spec,
            [formats[name] for name in node.inputs],
            [kept[name] for name in node.inputs],
            kept[node.name],
        )
        formats[node.name] = spec.outputs[0].format
        nodes.append(replace(node, spec=spec))
    lost = {
        node.name: np.flatnonzero(kept[node.name])
        for node in folded.nodes
        if not kept[node.name].all()
    }
    return Shrunk(replace(folded, nodes=tuple(nodes)), lost)


def _kept(network: Network) -> dict[str, np.ndarray]:
    """Return which channels of every input and node stay: the least that hang together."""
    kept = {port.name: np.ones(port.channels, dtype=bool) for port in network.inputs}
    for node in network.nodes:
        kept[node.name] = np.zeros(node.spec.outputs[0].channels, dtype=bool)
    for output in network.outputs:
        kept[output] = np.ones_like(kept[output])
    _settle(network, kept)
    # A beat holds one value at least; the last node first, as what it keeps hangs on others.
    for node in reversed(network.nodes):
        if not kept[node.name].any():
            kept[node.name][0] = True
            _settle(network, kept)
    return kept


def _settle(network: Network, kept: dict[str, np.ndarray]) -> None:
    """Add the channels that those hang on that are kept already."""
    settled = False
    while not settled:
        settled = True
        for node in reversed(network.nodes):
            given = [kept[name] for name in node.inputs]
            stays = bound_channels(node.spec, given, kept[node.name])
            read = read_channels(node.spec, stays)
            for name, mask in zip((node.name, *node.inputs), (stays, *read), strict=True):
                if (mask & ~kept[name]).any():
                    kept[name] = kept[name] | mask
                    settled = False
