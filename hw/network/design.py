"""What simulation, control and files take as a design."""

from hw.network.gated import GatedNetwork
from hw.network.graph import Network

Design = Network | GatedNetwork
"""A network, or two behind a gate: one input, one output, and the cycles between them."""
