"""Designs that end in a quantizer."""

from dataclasses import replace

from hw import Activation, Network, Node
from sim.mutation.catalogue import NARROW


def narrowed(network: Network) -> Network:
    """Return the network with its last layer's results brought into a narrow format."""
    (port,) = network.output_ports
    narrow = Node("narrow", Activation(port.channels, port.format, NARROW), network.outputs)
    return replace(network, nodes=(*network.nodes, narrow), outputs=("narrow",))
